"""What tells that a text is about a person: identifiers, looked for as values and, where they are telling enough, as bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable

LENGTH_MIN, DIGITS_MIN = 6, 8
"""Shorter texts are found in anything: they are compared with whole values only."""
_WORD = "[0-9A-Za-z]"


def is_telling(text: str) -> bool:
    """Return whether a text found inside another one says whom that is about.

    >>> is_telling("ada@example.com"), is_telling("12345678"), is_telling("12345"), is_telling("ada")
    (True, True, False, False)
    """
    return len(text) >= (DIGITS_MIN if text.isdigit() else LENGTH_MIN)


class Needles:
    """The texts that a person is called by, ready to be looked for. Upper and lower case of ASCII are one."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(sorted({text for text in texts if text.strip()}))
        self.telling = tuple(text for text in self.texts if is_telling(text))
        self._values = {text.lower() for text in self.texts}
        self._lowered = {text.lower(): text for text in self.telling}
        parts = [_pattern(text) for text in self._lowered]
        spelled = {form: text for text in self._lowered for form in _spellings(text)}
        self._forms = {form.encode(): self._lowered[text] for form, text in spelled.items()}
        self._text = re.compile("|".join(parts)) if parts else None
        bytes_parts = [_pattern(form).encode() for form in spelled]
        self._bytes = re.compile(b"|".join(bytes_parts)) if bytes_parts else None

    def __bool__(self) -> bool:
        return bool(self.texts)

    def are_value(self, value: str) -> bool:
        """Return whether a whole value is one of the texts, or holds one that is telling."""
        low = value.lower()
        return low in self._values or (self._text is not None and self._text.search(low) is not None)

    def found_in(self, data: bytes) -> set[str]:
        """Return the telling texts that occur in raw bytes, as UTF-8 or as JSON writes them. Cost: one pass, about 5 ns a byte."""
        if self._bytes is None:
            return set()
        return {self._forms[found] for found in set(self._bytes.findall(data.lower()))}

    def blotted(self, value: str, blot: str) -> str:
        """Return a value with every telling text replaced; ``blot`` alone for one that is a text as a whole."""
        if value.lower() in self._values:
            return blot
        if self._text is None:
            return value
        low = value.lower()
        if len(low) != len(value):  # few letters change their length in lower case: then all of the value goes
            return blot if self._text.search(low) else value
        pieces, last = [], 0
        for found in self._text.finditer(low):
            pieces += [value[last : found.start()], blot]
            last = found.end()
        return "".join((*pieces, value[last:])) if pieces else value


def _pattern(text: str) -> str:
    """Return a pattern for a text; one of digits alone must not be part of a longer number or word."""
    return f"(?<!{_WORD}){re.escape(text)}(?!{_WORD})" if text.isdigit() else re.escape(text)


def _spellings(text: str) -> set[str]:
    r"""Return how JSON may write a text: as it is, with a slash or another character escaped.

    >>> sorted(_spellings("a/é"))
    ['a/\\u00e9', 'a/é', 'a\\/é']
    """
    escaped = "".join(one if " " <= one <= "~" else _escape(one) for one in text)
    return {text, text.replace("/", "\\/"), escaped}


def _escape(one: str) -> str:
    units = one.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
