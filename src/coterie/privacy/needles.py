"""What tells that a text is about a person: identifiers, looked for as values and, where they are telling enough, as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import re2

from coterie.privacy.numbers import begun_by, digits_of, is_number, spelled, spelled_bare

LENGTH_MIN, DIGITS_MIN = 6, 8
_MEMORY = 1 << 28
"""Bytes that a pattern of some thousand texts may use."""
_ESCAPES = frozenset(b"\\" + one for one in (b"b", b"f", b"n", b"r", b"t"))
_HEX = frozenset(b"0123456789abcdefABCDEF")
Fields = Sequence[tuple[str, str]]
"""Names of fields in which nothing but identifiers stands, each with what is put before its value to make an identifier."""
Numbers = Sequence[tuple[str, str]]
"""Names of fields in which phone numbers stand, each with the digits of a number as it may stand there without a plus."""
LISTED = ("externalIds", "id")
"""The field of a list of identifiers, and that of the value in each."""
TYPED = ("kind", "value")
"""Fields of a record: the kind of an identifier, and right after it its value."""
_OPEN, _GIVEN = rb"\s*:\s*", rb'(?:\\*")?'


def is_telling(text: str) -> bool:
    """Return whether a text found inside another one says whom that is about: words and short numbers do not.

    >>> [is_telling(one) for one in ("ada@example.com", "u-20931", "12345678", "12345", "checkout", "ada")]
    [True, True, True, False, False, False]
    """
    if text.isdigit():
        return len(text) >= DIGITS_MIN
    return len(text) >= LENGTH_MIN and any(one.isdigit() or one == "@" for one in text)


class Needles:
    """The texts that a person is called by, ready to be looked for. Upper and lower case of ASCII are one.

    A text counts where it stands by itself: ``user-1`` is not in ``user-17``, nor ``ada@example.com`` in ``jada@example.com``. Texts that are not telling count as the whole value of one of ``fields`` in JSON.
    A phone number with its country code counts however it is spelled; those of ``numbers`` are spelled without one.
    """

    def __init__(self, texts: Iterable[str], fields: Fields = (), numbers: Numbers = ()) -> None:
        self.texts = tuple(sorted({text for text in texts if text.strip()}))
        self.telling = tuple(text for text in self.texts if is_telling(text))
        self.values = frozenset(text.lower() for text in self.texts)
        """Whole values that are about the person, in small letters."""
        forms = {form: text for text in self.telling for form in (*_spellings(text), *_spellings(text.upper()))}
        self._forms = {form.encode().lower(): text for form, text in forms.items()}
        self._phones = {text[1:].encode(): text for text in self.telling if is_number(text)}
        self._pattern = _compiled(self._forms)
        self._fielded, self._listed = _fielded(self.texts, fields)
        self._fields = frozenset(name for name, prefix in fields if not prefix)
        self._numbers = frozenset(digits_of(digits.encode()) for _, digits in numbers)
        self._numbers_in = frozenset(name for name, _ in numbers)
        self._numbered = _numbered(self._numbers_in, self._numbers)
        self._any_phone = _pattern(spelled(self._phones)) if self._phones else None

    def __bool__(self) -> bool:
        return bool(self.texts)

    def are_value(self, value: str) -> bool:
        """Return whether a value that can only be somebody's name or identifier is one of the texts."""
        return value.lower() in self.values

    def are_in(self, value: str | bytes) -> bool:
        """Return whether a text of any kind names them: by a telling text, or in a field of identifiers."""
        return bool(self.found_in(value.encode() if isinstance(value, str) else value))

    def found_in(self, data: bytes) -> set[str]:
        """Return the texts that name them in a value or in a text file, as UTF-8 or as JSON or a URL writes them.

        Cost: two passes, about 1 ns a byte each.
        """
        found = {text for _, _, text in self._places(data)}
        if self._fielded is not None:
            found.update(_values(self._fielded, data))
        if self._numbered is not None:
            found.update(self._bare(_values(self._numbered[0], data)))
        if self._listed is not None or self._numbered is not None:
            for held in _LISTS.finditer(data):
                found.update(_values(self._listed, held.group()) if self._listed is not None else ())
                found.update(self._bare(_values(self._numbered[1], held.group())) if self._numbered is not None else ())
        return found

    def may_be_in(self, data: bytes) -> set[str]:
        """Return the texts that occur in bytes in which values stand without anything between them: a part of another's name, too."""
        if self._pattern is None:
            return self.found_in(data)
        spans = (one.span() for one in self._pattern.finditer(data))
        told = {text for begin, end in spans if (text := self._text_of(data[begin:end])) is not None}
        return told | self.found_in(data)

    def blotted(self, value: str, blot: str, field: str = "") -> str:
        """Return a value, that of ``field``, with every text that names them replaced.

        >>> Needles(["ada@example.com"]).blotted("from Ada@example.com to you", "[erased]")
        'from [erased] to you'
        """
        if (field in self._fields and self.are_value(value)) or self._is_bare(value, field):
            return blot
        data, last, pieces = value.encode(), 0, []
        for begin, end, _ in self._places(data):
            pieces += [data[last:begin], blot.encode()]
            last = end
        return b"".join((*pieces, data[last:])).decode() if pieces else value

    def holds(self, field: str) -> bool:
        """Return whether nothing but identifiers stands in a field."""
        return field in self._fields

    def _text_of(self, found: bytes) -> str | None:
        """Return the text of which a spelling was found, ``None`` for one that was folded beyond ASCII."""
        return self._forms.get(found.lower())

    def _is_bare(self, value: str, field: str) -> bool:
        """Return whether the value of a field of numbers is one of theirs."""
        return field in self._numbers_in and digits_of(value.encode()) in self._numbers

    def _bare(self, values: Iterable[str]) -> set[str]:
        return {one for one in values if digits_of(one.encode()) in self._numbers}

    def _places(self, data: bytes) -> list[tuple[int, int, str]]:
        """Return where telling texts stand by themselves, none of them in another one."""
        found: list[tuple[int, int, str]] = []
        for one in sorted([*self._written(data), *self._spelled(data)], key=lambda one: (one[0], -one[1])):
            if not found or one[0] >= found[-1][1]:
                found.append(one)
        return found

    def _written(self, data: bytes) -> Iterator[tuple[int, int, str]]:
        for found in self._pattern.finditer(data) if self._pattern is not None else ():
            begin, end = found.span()
            text = self._text_of(data[begin:end])
            if text is not None and not _goes_on(data, begin, end, is_address="@" in text):
                yield begin, end, text

    def _spelled(self, data: bytes) -> Iterator[tuple[int, int, str]]:
        for found in self._any_phone.finditer(data) if self._any_phone is not None else ():
            told = begun_by(found.group(), self._phones)
            if told is not None:
                begin, end = found.start(), found.start() + told[1]
                if not _goes_on(data, begin, end, is_address=False):
                    yield begin, end, self._phones[told[0]]


def _goes_on(data: bytes, begin: int, end: int, *, is_address: bool) -> bool:
    """Return whether what stands there is part of a longer name: a letter or digit beside it, in an address also ``x.`` before it."""
    before, after = data[max(0, begin - 6) : begin], data[end : end + 2]
    if before[-1:].isalnum() and not _is_escape(before):
        return True
    if after[:1].isalnum():
        return True
    if not is_address:
        return False
    return (before[-1:] in (b".", b"+", b"-", b"_") and before[-2:-1].isalnum()) or (
        after[:1] in (b".", b"-") and after[1:].isalnum()
    )


def _is_escape(before: bytes) -> bool:
    r"""Return whether bytes end as JSON or a URL writes another character: ``\n``, ``\u003c``, ``%3D``."""
    if before[-2:] in _ESCAPES:
        return True
    if before[-3:-2] == b"%":
        return _HEX.issuperset(before[-2:])
    return before[-6:-4] == b"\\u" and _HEX.issuperset(before[-4:])


def _compiled(forms: Iterable[bytes]) -> Any:
    """Return one pattern for all texts, ``None`` for none. RE2 walks the bytes once, however many there are."""
    return _pattern(b"|".join(re2.escape(form) for form in sorted(forms))) if forms else None


def _fielded(texts: Sequence[str], fields: Fields) -> tuple[Any, Any]:
    """Return the pattern of whole values of fields, and that of values in lists of identifiers; ``None`` for nothing.

    That is: texts that are not telling, and those that lack what a mapping puts before them.
    """
    named: dict[str, set[str]] = {}
    for name, prefix in fields:
        named.setdefault(prefix, set()).add(name)
    parts, listed = [], []
    for prefix, names in sorted(named.items()):
        bare = (text[len(prefix) :] for text in texts if text.startswith(prefix) and (prefix or not is_telling(text)))
        values = sorted({form.encode() for text in bare if text.strip() for form in _spellings(text)})
        if values:
            told = b"|".join(map(re2.escape, values))
            parts.append(_held(names, told))
            listed += [] if prefix else [told]
    return _pattern(b"|".join(parts)) if parts else None, _pattern(_inside(b"|".join(listed))) if listed else None


def _numbered(names: frozenset[str], digits: frozenset[bytes]) -> tuple[Any, Any] | None:
    """Return the patterns of numbers in fields and in lists of identifiers, ``None`` for none; of many, of what may be one."""
    told = spelled_bare(digits)
    return (_pattern(_held(names, told)), _pattern(_inside(told))) if names else None


def _inside(told: bytes) -> bytes:
    """Return the pattern of values in a list of identifiers."""
    return rb'"' + LISTED[1].encode() + rb'\\*"' + _OPEN + _GIVEN + b"(?:" + told + b")"


def _held(names: Iterable[str], told: bytes) -> bytes:
    """Return the pattern of values that fields hold: as fields, as pairs of kind and value, as records with both."""
    every = sorted(names)
    kinds = rb'\\*"(?:' + b"|".join(bytes(re2.escape(name.encode())) for name in every) + rb')\\*"'
    kind, value = (rb'"' + one.encode() + rb'\\*"' + _OPEN for one in TYPED)
    ways = (
        rb"(?:" + b"|".join(map(_place, every)) + rb")" + _OPEN,
        rb"\[\s*" + kinds + rb"\s*,\s*",
        kind + kinds + rb"\s*,\s*\\*" + value,
    )
    return rb"(?:" + b"|".join(ways) + rb")" + _GIVEN + rb"(?:" + told + rb")"


def _place(name: str) -> bytes:
    """Return the pattern of a field's name; one with dots is also the last field of an object in the field before it."""
    above, dot, last = name.rpartition(".")
    whole, outer, inner = (bytes(re2.escape(one.encode())) for one in (name, above.rpartition(".")[2], last))
    told = rb'"' + whole + rb'\\*"'
    return told + rb'|"' + outer + rb'\\*"\s*:\s*\{[^{}]*"' + inner + rb'\\*"' if dot else told


def _values(pattern: Any, data: bytes) -> Iterator[str]:
    """Yield the values of fields that a pattern finds and that do not go on."""
    for found in pattern.finditer(data):
        begin, end = found.span()
        if data[end : end + 1] in _ENDS:
            told = data[begin:end]
            yield told[max(told.rfind(b":"), told.rfind(b",")) + 1 :].strip(b' \t\r\n\\"').decode("utf-8", "replace")


def _pattern(text: bytes) -> Any:
    options = re2.Options()
    options.max_mem, options.case_sensitive, options.longest_match = _MEMORY, False, True
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(text, options)


def _spellings(text: str) -> set[str]:
    r"""Return how JSON and URLs may write a text: as it is, with a slash or another character escaped.

    >>> sorted(_spellings("a/é"))
    ['a%2F%C3%A9', 'a/%C3%A9', 'a/\\u00e9', 'a/é', 'a\\/é']
    """
    escaped = "".join(one if " " <= one <= "~" else _escape(one) for one in text)
    quoted = {text.replace("\\", "\\\\").replace('"', '\\"'), text.replace("+", "\\u002b")}
    return {text, text.replace("/", "\\/"), escaped, *quoted, quote(text), quote(text, safe="")}


def _escape(one: str) -> str:
    units = one.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


_ENDS = frozenset({b'"', b"\\", b",", b"}", b"]", b" ", b"\n", b"\r", b""})
"""What stands after a value that is whole."""
_LISTS = _pattern(rb'"' + LISTED[0].encode() + rb'\\*"\s*:\s*\[[^\[\]]*')
"""Lists of identifiers: their objects hold no lists."""
