"""What tells that a text is about a person: identifiers, looked for as values and, where they are telling enough, as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import re2

LENGTH_MIN, DIGITS_MIN = 6, 8
_MEMORY = 1 << 28
"""Bytes that a pattern of some thousand texts may use."""


def is_telling(text: str) -> bool:
    """Return whether a text found inside another one says whom that is about: words and short numbers do not.

    >>> [is_telling(one) for one in ("ada@example.com", "u-20931", "12345678", "12345", "checkout", "ada")]
    [True, True, True, False, False, False]
    """
    if text.isdigit():
        return len(text) >= DIGITS_MIN
    return len(text) >= LENGTH_MIN and any(one.isdigit() or one == "@" for one in text)


class Needles:
    """The texts that a person is called by, ready to be looked for. Upper and lower case of ASCII are one."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(sorted({text for text in texts if text.strip()}))
        self.telling = tuple(text for text in self.texts if is_telling(text))
        self.values = frozenset(text.lower() for text in self.texts)
        """Whole values that are about the person, in small letters."""
        forms = {form: text for text in self.telling for form in _spellings(text)}
        self._forms = {form.lower().encode(): text for form, text in forms.items()}
        self._pattern = _compiled(self._forms)

    def __bool__(self) -> bool:
        return bool(self.texts)

    def are_value(self, value: str) -> bool:
        """Return whether a value that can only be somebody's name or identifier is one of the texts."""
        return value.lower() in self.values

    def are_in(self, value: str | bytes) -> bool:
        """Return whether a text of any kind holds one that is telling."""
        return self._pattern is not None and bool(self.found_in(value.encode() if isinstance(value, str) else value))

    def found_in(self, data: bytes) -> set[str]:
        """Return the telling texts that occur in raw bytes, as UTF-8 or as JSON writes them. Cost: one pass, about 1 ns a byte."""
        if self._pattern is None or self._pattern.search(data) is None:
            return set()
        return {self._forms[data[begin:end].lower()] for begin, end in self._places(data)}

    def blotted(self, value: str, blot: str) -> str:
        """Return a value with every telling text replaced.

        >>> Needles(["ada@example.com"]).blotted("from Ada@example.com to you", "[erased]")
        'from [erased] to you'
        """
        if self._pattern is None:
            return value
        data, last, pieces = value.encode(), 0, []
        for begin, end in self._places(data):
            pieces += [data[last:begin], blot.encode()]
            last = end
        return b"".join((*pieces, data[last:])).decode() if pieces else value

    def _places(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield where telling texts stand; one of digits alone is not part of a longer number or word."""
        assert self._pattern is not None
        for found in self._pattern.finditer(data):
            begin, end = found.span()
            if data[begin:end].lower() not in self._forms:
                continue  # folded beyond ASCII
            if not data[begin:end].isdigit() or not (
                data[begin - 1 : begin].isalnum() or data[end : end + 1].isalnum()
            ):
                yield begin, end


def _compiled(forms: Iterable[bytes]) -> Any:
    """Return one pattern for all texts, ``None`` for none. RE2 walks the bytes once, however many there are."""
    if not forms:
        return None
    options = re2.Options()
    options.max_mem, options.case_sensitive, options.longest_match = _MEMORY, False, True
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(b"|".join(re2.escape(form) for form in sorted(forms)), options)


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
