"""Lengths of time as people write them: an integer and one unit, ``24h``; microseconds inside."""

from __future__ import annotations

import re

from coterie.limits import DAY_US, HOUR_US, MINUTE_US, SECOND_US, WEEK_US

UNITS = {"s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": DAY_US, "w": WEEK_US}
NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
LONGEST_US = 36_525 * DAY_US
"""A hundred years: longer is a slip of the finger, and its microseconds stay far inside int64."""
PATTERN = r"^[1-9][0-9]{0,9}[smhdw]$"
_WRITTEN = re.compile(r"([1-9][0-9]{0,9})([smhdw])")


def us_of(text: str) -> int:
    """Return the microseconds of a written duration; ValueError when it is none.

    >>> us_of("24h") == us_of("1d")
    True
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration")
    return int(found[1]) * UNITS[found[2]]


def text_of(us: int) -> str:
    """Return ``us`` as it would be written, with the largest unit that divides it; ValueError when none does.

    >>> text_of(36 * HOUR_US), text_of(7 * DAY_US)
    ('36h', '1w')
    """
    for unit in ("w", "d", "h", "m", "s"):
        if us > 0 and us % UNITS[unit] == 0:
            return f"{us // UNITS[unit]}{unit}"
    raise ValueError(f"{us} µs is no positive whole number of seconds")


def says(text: str) -> str:
    """Return a written duration in words.

    >>> says("24h"), says("1d")
    ('24 hours', '1 day')
    """
    return f"{text[:-1]} {NAMES[text[-1]]}{'' if text[:-1] == '1' else 's'}"


def says_last(text: str) -> str:
    """Return the words of "the last …", without the number when it is one.

    >>> says_last("1d"), says_last("24h")
    ('day', '24 hours')
    """
    return NAMES[text[-1]] if text[:-1] == "1" else says(text)


def says_us(us: int) -> str:
    """Return a length in words, in up to two units; what is shorter than a second stays a fraction of one.

    >>> says_us(14 * DAY_US), says_us(51 * HOUR_US), says_us(1_500_000)
    ('14 days', '2 days 3 hours', '1.5 seconds')
    """
    if us < MINUTE_US:
        seconds = us / SECOND_US
        return f"{seconds:g} second{'' if seconds == 1 else 's'}"
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, us = divmod(us, UNITS[unit])
        if count:
            parts.append(says(f"{count}{unit}"))
        elif parts:
            break
    return " ".join(parts[:2])
