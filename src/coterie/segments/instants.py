"""Instants and local calendars: reading dates out of values, and counting local days, weeks, months and years."""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

Unit = Literal["day", "week", "month", "year"]

ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
ISO_INSTANT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?$"
_DATE = re.compile(ISO_DATE)
_INSTANT = re.compile(ISO_INSTANT)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
HORIZON = (1900, 2200)
"""Years in which calendar boundaries are known."""


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def to_us(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 UTC, exactly."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_us(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def rfc3339(at: int) -> str:
    """Return an instant as people and other systems read it."""
    text = from_us(at).isoformat()
    return text.replace("+00:00", "Z")


def midnight(day: date, time_zone: str) -> int:
    """Return the instant at which ``day`` begins in ``time_zone`` (the earlier one when midnight occurs twice)."""
    return to_us(datetime(day.year, day.month, day.day, tzinfo=zone(time_zone)).astimezone(UTC))


def instant_of(value: Any, time_zone: str = "UTC") -> int | None:
    """Return the instant that a value names, or ``None``.

    ISO 8601 text only, of year 1900 to 2199: a date (its midnight in ``time_zone``) or a date and time (without an offset: UTC).
    """
    if not isinstance(value, str):
        return None
    try:
        if _DATE.match(value):
            at = midnight(date.fromisoformat(value), time_zone)
        elif _INSTANT.match(value):
            moment = datetime.fromisoformat(value.replace(" ", "T"))
            at = to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return at if HORIZON[0] <= int(value[:4]) < HORIZON[1] else None


def local_date(at: int, time_zone: str) -> date:
    return from_us(at).astimezone(zone(time_zone)).date()


def unit_index(day: date, unit: Unit) -> int:
    """Return the running number of the day, Monday-week, month or year that holds ``day``."""
    if unit == "day":
        return (day - _EPOCH_DAY).days
    if unit == "week":
        return ((day - _EPOCH_DAY).days + 3) // 7
    if unit == "month":
        return day.year * 12 + day.month - 1
    return day.year


def unit_start(index: int, unit: Unit) -> date:
    """Return the first day of the numbered unit: the inverse of ``unit_index``."""
    if unit == "day":
        return _EPOCH_DAY + timedelta(days=index)
    if unit == "week":
        return _EPOCH_DAY + timedelta(days=index * 7 - 3)
    if unit == "month":
        return date(index // 12, index % 12 + 1, 1)
    return date(index, 1, 1)


@lru_cache(maxsize=64)
def boundaries(unit: Unit, time_zone: str) -> tuple[int, tuple[int, ...]]:
    """Return (number of the first unit, instants at which consecutive units begin) from before to after ``HORIZON``."""
    first = unit_index(date(HORIZON[0] - 1, 12, 1), unit)
    last = unit_index(date(HORIZON[1], 1, 1), unit)
    return first, tuple(midnight(unit_start(i, unit), time_zone) for i in range(first, last + 1))


def unit_at(at: int, unit: Unit, time_zone: str) -> int:
    """Return the number of the local unit that holds the instant ``at``."""
    first, starts = boundaries(unit, time_zone)
    return first + bisect_right(starts, at) - 1


def start_of(index: int, unit: Unit, time_zone: str) -> int:
    """Return the instant at which the numbered local unit begins."""
    first, starts = boundaries(unit, time_zone)
    return starts[index - first]
