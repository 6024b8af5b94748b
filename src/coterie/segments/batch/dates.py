"""Dates in SQL: reading an instant out of text exactly as ``instants.instant_of`` does, and local calendars.

No engine's own time zones are used: Python's calendar enters as bounds and as steps, so every engine agrees with it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from itertools import pairwise

from sqlglot import exp

from coterie.limits import DAY_US, SECOND_US
from coterie.segments.batch.dialects import DuckDB
from coterie.segments.batch.instants import Instants
from coterie.segments.batch.sql import (
    INT64_MAX,
    Sql,
    between,
    call,
    cases,
    compare,
    every,
    floor_divided,
    integer,
    minus,
    plus,
    some,
    substring,
    text,
    times,
    when,
)
from coterie.segments.batch.values import ValueSql
from coterie.segments.batch.windows import Edge
from coterie.segments.instants import HORIZON, ISO_DATE, ISO_INSTANT, boundaries, midnight

FIRST_DAY, LAST_DAY = (date(year, 1, 1).toordinal() for year in HORIZON)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def instant_within(value: ValueSql, low: Edge, high: Edge, time_zone: str, instants: Instants, dialect: DuckDB) -> Sql:
    """Return whether the instant that ``value`` names lies in low ≤ x < high; unknown or false when it names none.

    A date is compared as text with the first date whose local midnight is not before the bound.
    """
    string = value.string()
    first = instants.value(_first_date(low, time_zone, str(HORIZON[0])))
    last = instants.value(_first_date(high, time_zone, str(HORIZON[1])))
    dated = every([_is_date(string, dialect), between(string, first, last)])
    timed = every(
        [
            _is_instant(string, dialect),
            between(_timed_us(string, dialect), instants.value(low), instants.value(high)),
        ]
    )
    return exp.and_(value.is_string(), some([dated, timed]))


def read_instant(value: ValueSql, dialect: DuckDB) -> tuple[Sql, Sql]:
    """Return (day number of a date, microseconds of a date and time): each NULL where ``value`` names no such."""
    string = value.string()
    dated = every([value.is_string(), _is_date(string, dialect)])
    timed = every([value.is_string(), _is_instant(string, dialect)])
    return when(dated, dialect.day(string.copy())), when(timed, _timed_us(string, dialect))


def midnight_us(day: Sql, time_zone: str) -> Sql:
    """Return the instant at which a local day begins. ``day`` should be a column: it is repeated for every clock change."""
    return minus(times(day.copy(), integer(DAY_US)), stepwise(day, list(_midnight_steps(time_zone))))


def day_of_midnight(day: Sql, time_zone: str) -> Sql:
    """Return the local day in which a date's midnight lies: itself, or the next if the zone skipped the date altogether."""
    first, starts = boundaries("day", time_zone)
    skipped = [(first + i, first + i + 1) for i, (one, next_one) in enumerate(pairwise(starts)) if one == next_one]
    if not skipped:
        return day
    return cases([(compare(day.copy(), "=", integer(a)), integer(b)) for a, b in skipped], day.copy())


def local_day(instant: Sql, time_zone: str, since: int = -INT64_MAX, until: int = INT64_MAX) -> Sql:
    """Return the number of the local day that holds an instant from ``since`` to ``until``, as ``instants.unit_at`` counts.

    ``instant`` should be a column: it is repeated for every clock change.
    """
    steps = list(_day_steps(time_zone))
    first = max(bisect_right(steps, (since, INT64_MAX)) - 1, 0)
    last = bisect_right(steps, (until, INT64_MAX))
    return floor_divided(plus(instant.copy(), stepwise(instant, steps[first:last])), DAY_US)


def _is_date(string: Sql, dialect: DuckDB) -> Sql:
    year = between(substring(string, 1, 4), text(str(HORIZON[0])), text(str(HORIZON[1])))
    real = exp.not_(exp.Is(this=dialect.day(string.copy()), expression=exp.null()))
    return every([dialect.matches(string.copy(), ISO_DATE), year, real])


def _is_instant(string: Sql, dialect: DuckDB) -> Sql:
    year = between(substring(string, 1, 4), text(str(HORIZON[0])), text(str(HORIZON[1])))
    return every([dialect.matches(string.copy(), ISO_INSTANT), year])


def _timed_us(string: Sql, dialect: DuckDB) -> Sql:
    """Return the microseconds of text that is known to match ``ISO_INSTANT``; NULL when a part is out of range."""
    day = dialect.day(substring(string, 1, 10))
    hours, minutes = _part(string, 12, 23, dialect), _part(string, 15, 59, dialect)
    has_seconds = compare(substring(string, 17, 1), "=", text(":"))
    seconds = cases([(has_seconds, _part(string, 18, 59, dialect))], integer(0))
    fraction = call(
        "RPAD",
        exp.RegexpExtract(this=string.copy(), expression=text(r"[.](\d{1,6})"), group=integer(1)),
        integer(6),
        text("0"),
    )
    has_fraction = compare(substring(string, 20, 1), "=", text("."))
    micros = cases([(has_fraction, dialect.whole(fraction))], integer(0))
    clock = plus(plus(times(hours, integer(3_600)), times(minutes, integer(60))), seconds)
    local = plus(plus(times(day, integer(DAY_US)), times(clock, integer(SECOND_US))), micros)
    return minus(local, _utc_offset(string, dialect))


def _utc_offset(string: Sql, dialect: DuckDB) -> Sql:
    """Return the microseconds east of UTC that the text ends with, 0 for none or Z; NULL when a day or more."""
    length = exp.Length(this=string.copy())

    def tail(back: int, width: int) -> Sql:
        return exp.Substring(this=string.copy(), start=minus(length.copy(), integer(back)), length=integer(width))

    sign = tail(5, 1)
    minutes = plus(times(dialect.whole(tail(4, 2)), integer(60)), dialect.whole(tail(1, 2)))
    within = cases([(compare(minutes, "<", integer(24 * 60)), times(minutes.copy(), integer(60 * SECOND_US)))])
    return cases(
        [(compare(sign, "=", text("+")), within), (compare(sign.copy(), "=", text("-")), exp.Neg(this=within.copy()))],
        integer(0),
    )


def _part(string: Sql, start: int, most: int, dialect: DuckDB) -> Sql:
    value = dialect.whole(substring(string, start, 2))
    return cases([(compare(value, "<=", integer(most)), value.copy())])


def _first_date(edge: Edge, time_zone: str, horizon: str) -> Callable[[int], str | None]:
    """Return the first date whose midnight is not before the edge, as text; ``None`` stays open."""

    def first(now: int) -> str | None:
        bound = edge(now)
        if bound is None:
            return None
        days = range(FIRST_DAY, LAST_DAY)
        found = bisect_left(days, bound, key=lambda day: midnight(date.fromordinal(day), time_zone))
        return date.fromordinal(days[found]).isoformat() if found < len(days) else str(HORIZON[1])

    return first


@lru_cache(maxsize=64)
def _day_steps(time_zone: str) -> tuple[tuple[int, int], ...]:
    """Return (since, offset): from ``since`` on, the local day of an instant x is ⌊(x + offset) / day⌋."""
    first, starts = boundaries("day", time_zone)
    steps = [(-INT64_MAX, first * DAY_US - starts[0])]
    for index, (start, following) in enumerate(pairwise(starts)):
        if following - start != DAY_US:
            offset = (first + index + 1) * DAY_US - following
            steps.append((min(start + DAY_US, following), offset))
    return tuple(steps)


@lru_cache(maxsize=64)
def _midnight_steps(time_zone: str) -> tuple[tuple[int, int], ...]:
    """Return (since day, offset): local midnight of day d is d·day − offset, for days since ``since day``."""
    steps: list[tuple[int, int]] = []
    for ordinal in range(FIRST_DAY, LAST_DAY):
        day = ordinal - EPOCH_ORDINAL
        offset = day * DAY_US - midnight(date.fromordinal(ordinal), time_zone)
        if not steps or steps[-1][1] != offset:
            steps.append((day, offset))
    return tuple(steps)


def stepwise(value: Sql, steps: list[tuple[int, int]]) -> Sql:
    """Return the offset of the last step not after ``value``, found by halving."""
    if len(steps) == 1:
        return integer(steps[0][1])
    half = len(steps) // 2
    before = compare(value.copy(), "<", integer(steps[half][0]))
    return cases([(before, stepwise(value, steps[:half]))], stepwise(value, steps[half:]))
