"""The hour and the weekday of an event by a local clock, in SQL."""

from __future__ import annotations

from bisect import bisect_right

from coterie.limits import DAY_US, HOUR_US, WEEK_US
from coterie.segments.batch.dates import stepwise
from coterie.segments.batch.sql import Sql, floor_divided, integer, minus, plus, times
from coterie.segments.moments import HOUR, clock_changes, split


def moment(instant: Sql, key: str, earliest: int | None, latest: int) -> Sql:
    """Return ``moments.moment_of`` of an instant from ``earliest`` (None: any) to ``latest``.

    The instant should be a column: it is repeated for every clock change between them.
    """
    word, time_zone = split(key)
    since, offsets = clock_changes(time_zone)
    first = 0 if earliest is None else max(0, bisect_right(since, earliest) - 1)
    steps = list(zip(since, offsets, strict=True))[first : max(first + 1, bisect_right(since, latest))]
    local = plus(instant.copy(), stepwise(instant, steps))
    if word == HOUR:
        return minus(floor_divided(local, HOUR_US), times(integer(24), floor_divided(local.copy(), DAY_US)))
    shifted = plus(local, integer(3 * DAY_US))
    return plus(
        minus(floor_divided(shifted, DAY_US), times(integer(7), floor_divided(shifted.copy(), WEEK_US))), integer(1)
    )
