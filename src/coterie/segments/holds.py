"""What each test says of one JSON value. Every reader's meaning of a test is this one.

``None`` and ``""`` are missing, and every test of a missing value is false. A value of the wrong type passes no test and
raises nothing. Other readers repeat these rules in their own terms; the exact arithmetic is written out where it matters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from coterie.model import Value
from coterie.segments.core import (
    Element,
    Equals,
    Exists,
    Includes,
    Matches,
    Moment,
    Near,
    OneOf,
    Order,
    Scalar,
    Test,
    Text,
    Version,
)
from coterie.segments.instants import instant_of
from coterie.values import canonical, normal, number_of, text_of

EARTH_RADIUS_M = 6_371_008.8
RADIANS = 0.017453292519943295
"""Radians of one degree, as the float every reader multiplies with."""

SEMVER = (
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$"
)
"""The grammar of semver.org; groups: major, minor, patch, pre-release. Build metadata never counts."""
_SEMVER = re.compile(SEMVER.replace("$", r"\Z"))

VersionKey = tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]


def holds(test: Test, value: Value) -> bool:
    """Return whether ``value`` passes ``test``.

    >>> holds(Order(">", 45), 50), holds(Order(">", 45), "50"), holds(Equals(1.0), 1), holds(Equals("a"), None)
    (True, False, True, False)
    """
    if is_missing(value):
        return False
    return _MEANINGS[type(test)](test, value)


def is_missing(value: Value) -> bool:
    """Return whether ``value`` counts as absent: null, empty text, NaN or an infinity."""
    return value is None or value == "" or (isinstance(value, float) and not math.isfinite(value))


def half_chord(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the haversine of the angle between two points in degrees: sin²(angle / 2), no unit.

    The order of operations is part of the meaning, so that SQL can repeat it to the last bit:
    ``s = sin((other_lat·k − lat·k) / 2)``, ``t = sin((other_lon·k − lon·k) / 2)``,
    ``h = s·s + (cos(lat·k)·cos(other_lat·k))·(t·t)`` with ``k = RADIANS``. (lat, lon) is the test's point.
    """
    s = math.sin((other_lat * RADIANS - lat * RADIANS) / 2)
    t = math.sin((other_lon * RADIANS - lon * RADIANS) / 2)
    return s * s + (math.cos(lat * RADIANS) * math.cos(other_lat * RADIANS)) * (t * t)


def half_chord_limit(within_m: float) -> float:
    """Return the largest haversine within ``within_m`` metres: sin²(d / 2R), and 1 from half the Earth round on."""
    angle = within_m / (2 * EARTH_RADIUS_M)
    return math.sin(angle) ** 2 if angle < math.pi / 2 else math.inf


@lru_cache(maxsize=65_536)
def version_key(text: str) -> VersionKey | None:
    """Return a key that orders as SemVer 2.0.0 precedence, or ``None`` when ``text`` is no semantic version.

    Source: semver.org §11: numbers by value; a pre-release before its release; identifiers left to right, numeric ones
    by value and before others, others by ASCII; a longer list of identifiers after its own prefix.
    """
    found = _SEMVER.match(text)
    if found is None:
        return None
    major, minor, patch, before = found.groups()
    identifiers = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in (before.split(".") if before else ())
    )
    return int(major), int(minor), int(patch), 0 if before else 1, identifiers


@lru_cache(maxsize=4_096)
def _pattern(pattern: str) -> Any:
    return re2.compile(pattern)


@lru_cache(maxsize=65_536)
def _text_of_scalar(value: Scalar, is_bool: bool) -> str:
    return canonical(normal(value))


def _canonical_of(value: Scalar) -> str:
    return _text_of_scalar(value, isinstance(value, bool))  # the flag keeps 1 and true apart in the cache


def _exists(test: Exists, value: Value) -> bool:
    return True


def _equals(test: Equals, value: Value) -> bool:
    return canonical(normal(value)) == _canonical_of(test.value)


def _one_of(test: OneOf, value: Value) -> bool:
    text = canonical(normal(value))
    return any(text == _canonical_of(one) for one in test.values)


def compare(op: str, left: Any, right: Any) -> bool:
    """Return whether ``left op right``; ``op`` is one of ``= < <= > >=``."""
    if op == "=":
        return bool(left == right)
    if op == "<":
        return bool(left < right)
    if op == "<=":
        return bool(left <= right)
    if op == ">":
        return bool(left > right)
    return bool(left >= right)


def _order(test: Order, value: Value) -> bool:
    number = number_of(value)
    return number is not None and compare(test.op, number, float(test.number))


def _text(test: Text, value: Value) -> bool:
    text = text_of(normal(value))
    if text is None:
        return False
    if test.op == "contains":
        return test.text in text
    return text.startswith(test.text) if test.op == "starts_with" else text.endswith(test.text)


def _matches(test: Matches, value: Value) -> bool:
    text = text_of(normal(value))
    return text is not None and _pattern(test.pattern).search(text) is not None


def _includes(test: Includes, value: Value) -> bool:
    if not isinstance(value, list):
        return False
    present = {canonical(normal(item)) for item in value}
    wanted = [_canonical_of(one) in present for one in test.values]
    return all(wanted) if test.mode == "all" else any(wanted)


def _element(test: Element, value: Value) -> bool:
    return isinstance(value, list) and any(
        all(holds(field.test, item.get(field.key)) != field.negate for field in test.where)
        for item in value
        if isinstance(item, dict)
    )


def _near(test: Near, value: Value) -> bool:
    if not isinstance(value, dict):
        return False
    lat, lon = number_of(value.get("lat")), number_of(value.get("lon"))
    if lat is None or lon is None:
        return False
    return half_chord(test.lat, test.lon, lat, lon) <= half_chord_limit(test.within_m)


def _version(test: Version, value: Value) -> bool:
    if not isinstance(value, str):
        return False
    key, asked = version_key(value), version_key(test.version)
    return key is not None and asked is not None and compare(test.op, key, asked)


def _moment(test: Moment, value: Value) -> bool:
    at = instant_of(value, test.time_zone)
    return at is not None and compare(test.op, at, test.at)


_MEANINGS: dict[type, Callable[[Any, Value], bool]] = {
    Exists: _exists,
    Equals: _equals,
    OneOf: _one_of,
    Order: _order,
    Text: _text,
    Matches: _matches,
    Includes: _includes,
    Element: _element,
    Near: _near,
    Version: _version,
    Moment: _moment,
}
