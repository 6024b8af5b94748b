"""When an event happened by its local clock, as properties that every event has: ``$hour`` and ``$weekday``.

Written without a zone, they are lowered to the definition's: ``$hour@Europe/Oslo``. ``$hour`` is 0 to 23, ``$weekday`` 1 (Monday)
to 7. A property of an event by one of these names cannot be asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from coterie.limits import DAY_US, HOUR_US
from coterie.segments.instants import boundaries, from_us, zone

HOUR, WEEKDAY = "$hour", "$weekday"
PREFIXES = (f"{HOUR}@", f"{WEEKDAY}@")
_MICRO = timedelta(microseconds=1)


def timed(key: str, time_zone: str) -> str:
    """Return the key as readers see it: ``$hour`` and ``$weekday`` with their zone, every other as it is."""
    return f"{key}@{time_zone}" if key in (HOUR, WEEKDAY) else key


def is_timed(key: str) -> bool:
    """Return whether a lowered key asks for the event's local clock instead of a property."""
    return key.startswith(PREFIXES)


def split(key: str) -> tuple[str, str]:
    """Return (``$hour`` or ``$weekday``, time zone) of a lowered key."""
    word, _, time_zone = key.partition("@")
    return word, time_zone


def moment_of(key: str, at: int) -> int:
    """Return what a lowered key is for an event at the instant ``at``."""
    word, time_zone = split(key)
    local = from_us(at).astimezone(zone(time_zone))
    return local.hour if word == HOUR else local.isoweekday()


def local_moment(word: str, local_us: Any) -> Any:
    """Return the hour or weekday of a local clock, one or an array of them, told as microseconds since 1970-01-01 00:00 on it (a Thursday).

    >>> local_moment(HOUR, 0), local_moment(WEEKDAY, 0)
    (0, 4)
    """
    return local_us % DAY_US // HOUR_US if word == HOUR else (local_us // DAY_US + 3) % 7 + 1


@lru_cache(maxsize=64)
def clock_changes(time_zone: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return (instants, offsets): from each instant on, the local clock is so many microseconds ahead of UTC.

    The first instant stands for the beginning of time. Cost: a look at every local day of the known years, once per zone.
    """
    _, starts = boundaries("day", time_zone)
    instants, offsets = [starts[0]], [_offset(starts[0], time_zone)]
    for since, until in pairwise(starts):
        after = _offset(until, time_zone)
        if after != offsets[-1]:
            instants.append(_changed(since, until, time_zone))
            offsets.append(after)
    return tuple(instants), tuple(offsets)


def offset_at(at: int, time_zone: str) -> int:
    """Return how far the local clock is ahead of UTC at an instant, in microseconds."""
    instants, offsets = clock_changes(time_zone)
    return offsets[max(0, bisect_right(instants, at) - 1)]


def _offset(at: int, time_zone: str) -> int:
    return (from_us(at).astimezone(zone(time_zone)).utcoffset() or timedelta()) // _MICRO


def _changed(since: int, until: int, time_zone: str) -> int:
    """Return the first instant in (since, until] at which the offset is that of ``until``."""
    after = _offset(until, time_zone)
    while until - since > 1:
        middle = (since + until) // 2
        since, until = (since, middle) if _offset(middle, time_zone) == after else (middle, until)
    return until
