"""Quiet hours on the person's clock: when they end, also on the days on which clocks change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from coterie.model import Value
from coterie.segments.conditions.zones import known_zones
from coterie.segments.instants import from_us, to_us, zone
from coterie.triggers.restraints import QuietHours
from coterie.triggers.words import minute_of

TIME_ZONE: Final = "time_zone"
"""Trait that names the zone in which a person lives."""


def zone_of(traits: Mapping[str, Value], otherwise: str) -> str:
    """Return the time zone a person lives in: the trait's, or ``otherwise`` when there is none or it names no zone."""
    told = traits.get(TIME_ZONE)
    return told if isinstance(told, str) and told in known_zones() else otherwise


def wall(day: date, minute: int, time_zone: str) -> int:
    """Return the instant at which the clock of ``time_zone`` shows ``minute`` of ``day``.

    A time that occurs twice means its first occurrence; a time that clocks skip means the instant of the skip.
    """
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone(time_zone))
    at = to_us(local)
    back = from_us(at).astimezone(zone(time_zone))
    if back.replace(tzinfo=None) == local.replace(tzinfo=None):
        return at
    # skipped: by the offset after the change, the same reading lies before it; the change is where readings jump
    low, high = to_us(local.replace(fold=1)) - 1, at
    low, high = min(low, high), max(low, high)
    before = from_us(low).astimezone(zone(time_zone)).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if from_us(middle).astimezone(zone(time_zone)).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def quiet_until(hours: QuietHours, at: int, time_zone: str) -> int | None:
    """Return the instant at which the quiet hours that hold ``at`` end, or ``None`` when it is not in any.

    Quiet hours hold ``from`` ≤ clock < ``to``; those that pass midnight begin on the day before.
    """
    begin, end = minute_of(hours.from_), minute_of(hours.to)
    today = from_us(at).astimezone(zone(time_zone)).date()
    for day in (today - timedelta(days=1), today):
        begins = wall(day, begin, time_zone)
        ends = wall(day + timedelta(days=1) if end < begin else day, end, time_zone)
        if begins <= at < ends:
            return ends
    return None
