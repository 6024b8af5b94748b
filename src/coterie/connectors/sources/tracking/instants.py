"""Instants as clients write them: every spelling of RFC 3339, and milliseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from coterie.connectors.sources.tracking.tracked import Refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
FIRST_AT = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
LAST_AT = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_MILLISECONDS_MIN, _MILLISECONDS_MAX = 10**11, LAST_AT // 1_000
ALLOWED = "RFC 3339 such as 2026-06-01T09:30:00.000Z, or milliseconds since 1970"
_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s?([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII
)
TAILS: Final = {"Z": 0} | {f".{n:03d}Z": n * 1_000 for n in range(1_000)}
_UTC = ("Z", "z", "+00:00")
_SECONDS_MAX = 50_000
SECONDS: Final[dict[str, int]] = {}
"""Text up to the second → µs; a burst of events shares few seconds."""


def instant_of(value: str | int | float) -> int:
    """Return the instant in µs since 1970 UTC; a text without an offset is UTC, digits beyond µs are cut.

    Cost: 0.15 µs for what JavaScript and Python write in UTC, 3 µs for other spellings. Raises: Refusal.
    """
    if isinstance(value, str):
        tail = TAILS.get(value[19:])
        if tail is not None:
            second = SECONDS.get(value[:19])
            if second is not None:
                return second + tail
        elif value[26:] == "+00:00":
            second, digits = SECONDS.get(value[:19]), value[20:26]
            if second is not None and value[19] == "." and digits.isascii() and digits.isdigit():
                return second + int(digits)
        return _read(value)
    return _milliseconds(value)


def _read(text: str) -> int:
    text = text.strip()
    match = _RFC_3339.fullmatch(text)
    if match is None:
        if text.isascii() and text.isdigit() and len(text) < 20:
            return _milliseconds(int(text))
        raise Refusal("not an instant", "timestamp", text, ALLOWED)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    leap = second == "60"
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            59 if leap else int(second or 0),
            tzinfo=UTC,
        )
    except ValueError as error:
        raise Refusal("not an instant", "timestamp", text, ALLOWED, str(error)) from error
    whole = (moment - _EPOCH) // _MICROSECOND + leap * 1_000_000 - _offset(text, offset)
    if text[10:11] == "T" and second is not None and not leap and offset in _UTC:
        if len(SECONDS) >= _SECONDS_MAX:
            SECONDS.clear()
        SECONDS[text[:19]] = whole
    return whole + (int(fraction[:6].ljust(6, "0")) if fraction else 0)


def _offset(text: str, offset: str | None) -> int:
    """Return µs east of UTC."""
    if offset is None or offset in "Zz":
        return 0
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 23 or minutes > 59:
        raise Refusal("not an instant", "timestamp", text, ALLOWED)
    east = (hours * 60 + minutes) * 60_000_000
    return -east if offset[0] == "-" else east


def _milliseconds(value: int | float) -> int:
    if not _MILLISECONDS_MIN <= value <= _MILLISECONDS_MAX:
        raise Refusal(
            "not an instant",
            "timestamp",
            value,
            ALLOWED,
            "a number is in milliseconds; seconds have three digits fewer",
        )
    return int(value * 1_000)
