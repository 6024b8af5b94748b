"""The small values people write: names, durations, instants, zones, patterns. Each is text or a number with a rule."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from msgspec import Struct

from coterie.errors import nearest
from coterie.segments import durations
from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.patterns import flaw_of_pattern
from coterie.segments.conditions.zones import known_zones
from coterie.segments.holds import SEMVER
from coterie.segments.instants import instant_of


class Word(Struct, frozen=True, eq=False):
    """A rule for one kind of scalar: ``refuse`` tells a flaw, ``schema`` says the same in JSON Schema."""

    name: str
    refuse: Callable[[Any], Flaw | None]
    schema: dict[str, Any]


class Doc(Struct, frozen=True):
    """What a field means, for the language page and for editors."""

    text: str


class MayBeEmpty(Struct, frozen=True):
    """Marks a list that may have no items."""


class Unwritten(Struct, frozen=True):
    """Marks a field that is no part of the language."""


def _matching(name: str, pattern: str, allowed: str, hint: Callable[[str], str] = lambda text: "") -> Word:
    known = re.compile(pattern.removeprefix("^").removesuffix("$"))

    def refuse(text: str) -> Flaw | None:
        return None if known.fullmatch(text) else Flaw(f"not {name}", received=text, allowed=allowed, hint=hint(text))

    return Word(name, refuse, {"pattern": pattern})


def _duration_hint(text: str) -> str:
    short = re.fullmatch(r"\s*([0-9]+)\s*([a-zA-Z]+)\s*", text)
    if short and int(short[1]) and short[2][0].lower() in durations.UNITS:
        unit = short[2].lower()
        if unit.startswith("mo"):
            return f"a month has no fixed length: write {30 * int(short[1])}d, or use during: {{calendar: month}}"
        return f"write {int(short[1])}{unit[0]}"
    years = re.fullmatch(r"([0-9]+)\s*y.*", text)
    return f"a year has no fixed length: write {365 * int(years[1])}d" if years else ""


def _refuse_duration(text: str) -> Flaw | None:
    allowed = 'a whole number above 0 and s, m, h, d or w, such as "24h"'
    if not re.fullmatch(durations.PATTERN[1:-1], text):
        return Flaw("not a duration", received=text, allowed=allowed, hint=_duration_hint(text))
    if durations.us_of(text) > durations.LONGEST_US:
        return Flaw("longer than a hundred years", received=text, allowed="up to 36525d")
    return None


def _refuse_instant(text: str) -> Flaw | None:
    allowed = 'a date, or a date and time with Z or an offset, of year 1900 to 2199, such as "2026-01-31T08:00:00Z"'
    if instant_of(text) is None:
        return Flaw("not an instant", received=text, allowed=allowed)
    if len(text) > 10 and not re.search(r"(Z|[+-]\d{2}:\d{2})$", text):
        return Flaw("an instant without an offset", received=text, allowed=allowed, hint=f"for UTC write {text}Z")
    return None


def _refuse_zone(text: str) -> Flaw | None:
    if text in known_zones():
        return None
    hint = nearest(text, known_zones()) or "for a fixed offset use a zone such as Etc/GMT-2"
    return Flaw("not a time zone", received=text, allowed='a name such as "Europe/Oslo" or "UTC"', hint=hint)


def _is_finite(value: float) -> bool:
    """Return whether ``value`` is a number that float64 can hold."""
    return abs(value) < 1e308 if isinstance(value, int) else math.isfinite(value)


def whole(least: int, most: int | None = None) -> Word:
    """Return the rule for a whole number between ``least`` and ``most``, both allowed."""
    allowed = f"a whole number of at least {least}" if most is None else f"a whole number from {least:,} to {most:,}"

    def refuse(number: int) -> Flaw | None:
        fits = number >= least and (most is None or number <= most)
        return None if fits else Flaw("out of range", received=number, allowed=allowed)

    bound = {} if most is None else {"maximum": most}
    return Word(allowed, refuse, {"minimum": least, **bound})


def number(above: float | None, most: float | None, *, least: float | None = None) -> Word:
    """Return the rule for a finite number in a range."""
    parts = [f"above {above:,}" if above is not None else "", f"at least {least:,}" if least is not None else ""]
    parts.append(f"at most {most:,}" if most is not None else "")
    allowed = " and ".join(["a number", *(part for part in parts if part)]).replace("number and ", "number ", 1)

    def refuse(value: float) -> Flaw | None:
        fits = _is_finite(value) and (above is None or value > above)
        fits = fits and (least is None or value >= least) and (most is None or value <= most)
        return None if fits else Flaw("out of range", received=value, allowed=allowed)

    bounds = {"exclusiveMinimum": above, "minimum": least, "maximum": most}
    return Word(allowed, refuse, {key: bound for key, bound in bounds.items() if bound is not None})


def salt_hint() -> str:
    """Return a hint with a freshly drawn salt: it is drawn once, and then belongs to the definition."""
    return f"write salt: {secrets.token_hex(4)}x (drawn for you just now; never change it afterwards)"


_NAME = Word(
    "a name",
    lambda text: None if text.strip() else Flaw("empty", received=text, allowed="a name"),
    {"pattern": r"\S"},
)
_TEXT = Word(
    "text",
    lambda text: None if text else Flaw("empty", received=text, allowed="text with at least one character"),
    {"minLength": 1},
)
_VALUE = Word(
    "text",
    lambda text: (
        None
        if text
        else Flaw("empty text counts as missing", received=text, allowed="text with at least one character",
                  hint="ask for it with missing: true or exists: true")
    ),
    {"minLength": 1},
)  # fmt: skip
_GLOB = Word(
    "a name pattern",
    lambda text: (
        Flaw("system events have no patterns", received=text, allowed="a pattern that does not begin with $",
             hint=f"name it exactly, event: {text.rstrip('*?')}")
        if text.startswith("$")
        else Flaw("not a pattern", received=text, allowed="a name with * (any characters) or ? (one character)",
                  hint=f"write event: {text}" if text else "")
        if not set(text) & set("*?")
        else None
    ),
    {"pattern": r"^[^$].*[*?]|^[*?]"},
)  # fmt: skip
_KEY = _matching(
    "a segment key",
    "^[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?$",
    "lower-case letters, digits and single hyphens inside, such as high-intent",
    lambda text: (
        f"write {fixed}" if (fixed := re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")) and fixed != text else ""
    ),
)
_REGEX = Word("a regular expression", flaw_of_pattern, {"format": "regex"})
_FINITE = Word(
    "a number",
    lambda value: None if _is_finite(value) else Flaw("not a finite number", received=value, allowed="a number"),
    {},
)
_INT64 = Word(
    "a whole number",
    lambda value: None if abs(value) < 2**63 else Flaw("too large a number", received=value, allowed="64 bits"),
    {},
)

Name: TypeAlias = Annotated[str, _NAME]
Text: TypeAlias = Annotated[str, _TEXT]
Glob: TypeAlias = Annotated[str, _GLOB]
SegmentKey: TypeAlias = Annotated[str, _KEY]
ListKey: TypeAlias = Annotated[str, _matching("a list key", "^[a-zA-Z0-9_-]+$", "letters, digits, _ and -")]
Duration: TypeAlias = Annotated[str, Word("a duration", _refuse_duration, {"pattern": durations.PATTERN})]
Instant: TypeAlias = Annotated[
    str,
    Word(
        "an instant",
        _refuse_instant,
        {"pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2}))?$"},
    ),
]
TimeZone: TypeAlias = Annotated[str, Word("a time zone", _refuse_zone, {"pattern": "^[A-Za-z0-9_+/-]+$"})]
Regex: TypeAlias = Annotated[str, _REGEX]
SemVer: TypeAlias = Annotated[
    str, _matching("a semantic version", SEMVER, 'major.minor.patch, such as "2.1.0" or "2.1.0-rc.1"')
]
Salt: TypeAlias = Annotated[str, _matching("a salt", "^[A-Za-z0-9_-]{1,64}$", "up to 64 letters, digits, _ and -")]
Number: TypeAlias = Annotated[float, _FINITE]
Plain: TypeAlias = bool | Annotated[int, _INT64] | Number | Annotated[str, _VALUE]
"""A scalar that a value is compared with."""
