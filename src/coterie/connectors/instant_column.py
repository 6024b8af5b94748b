"""Instants read out of a column, each distinct spelling once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from coterie.connectors.column import Column, Refused
from coterie.connectors.mapping import TimeRule
from coterie.segments.instants import HORIZON, to_us

_UNITS = {"unix_s": 1_000_000, "unix_ms": 1_000, "unix_us": 1}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
_MOMENT_OR_DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d.*)?")
_COUNT = re.compile(r"-?\d{1,16}(\.\d{1,9})?")
_ISO_ALIKE = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H:%M")


def instants(column: Column, rule: TimeRule) -> Column:
    """Return the column's values as int64 µs UTC; text without an offset is local to the rule's time zone.

    A value that is no instant of the years 1900 to 2199 is ``Refused``. Cost: about 2 µs per distinct value.
    """
    return column.map(reader(rule.format, rule.time_zone))


def reader(form: str, time_zone: str) -> Callable[[Any], int | Refused]:
    """Return what reads one value of that format. ``any``: ISO 8601, or a number since 1970 in seconds, milliseconds or
    microseconds, told apart by its size. Every format also reads what a typed column of a database or Parquet file gives."""
    if form == "any":
        return _any(time_zone)
    read = _unix(_UNITS[form]) if form in _UNITS else _text(form, time_zone)
    typed = _typed(form)
    if typed is None:
        return read
    iso = _text("iso", time_zone)

    def either(value: Any) -> int | Refused:
        found = read(value)
        return iso(value) if isinstance(found, Refused) and typed.fullmatch(str(value)) else found

    return either


def _typed(form: str) -> re.Pattern[str] | None:
    """Return how an instant of a typed column is spelled, where the format could not mean the same text otherwise."""
    if form == "iso" or form in _ISO_ALIKE:
        return None
    return _MOMENT if form.startswith("%Y") else _MOMENT_OR_DAY


def _any(time_zone: str) -> Callable[[Any], int | Refused]:
    iso = _text("iso", time_zone)

    def read(value: Any) -> int | Refused:
        if isinstance(value, bool) or not (isinstance(value, int | float) or _COUNT.fullmatch(str(value))):
            return iso(value)
        size = abs(float(value))
        return _unix(1_000_000 if size < 1e11 else 1_000 if size < 1e14 else 1)(value)

    return read


def _unix(scale: int) -> Callable[[Any], int | Refused]:
    def read(value: Any) -> int | Refused:
        try:
            at = round(float(value) * scale) if isinstance(value, float) or "." in str(value) else int(value) * scale
        except (ValueError, OverflowError, TypeError):
            return Refused(f"{value!r} is not a number")
        return (
            at if -2_208_988_800_000_000 <= at < 7_258_118_400_000_000 else Refused(f"{value!r} is outside {HORIZON}")
        )

    return read


def _text(form: str, time_zone: str) -> Callable[[Any], int | Refused]:
    zone = UTC if time_zone == "UTC" else ZoneInfo(time_zone)
    iso = form == "iso" or form in _ISO_ALIKE

    def read(value: Any) -> int | Refused:
        try:
            text = str(value)
            moment = _iso(text) if iso else datetime.strptime(text, form)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone)
            at = to_us(moment.astimezone(UTC))
        except (ValueError, OverflowError):
            return Refused(f"{value!r} does not read as {form}")
        return at if HORIZON[0] <= moment.year < HORIZON[1] else Refused(f"{value!r} is outside {HORIZON}")

    return read


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(text[:-4] + "+00:00" if text.endswith(" UTC") else text)
