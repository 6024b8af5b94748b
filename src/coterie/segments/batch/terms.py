"""Numbers of a profile in SQL, and how they compare. Calendars become bounds on instants wherever the other side is known."""

from __future__ import annotations

import math
from collections.abc import Callable

from sqlglot import exp

from coterie.segments.batch.dates import civil, instant_us, instant_within, local_day
from coterie.segments.batch.dialects import DuckDB
from coterie.segments.batch.instants import Instants
from coterie.segments.batch.sql import (
    INT64_MAX,
    Sql,
    between,
    cases,
    compare,
    every,
    floor_divided,
    integer,
    minus,
    plus,
    times,
)
from coterie.segments.batch.values import Json
from coterie.segments.batch.windows import Edge
from coterie.segments.core import Until
from coterie.segments.instants import Unit, boundaries, local_date, unit_at

Span = tuple[int, int]
"""First and last integer of a range."""
FAR = 1 << 60


def integers(op: str, value: float) -> Span | None:
    """Return the integers n (up to ``FAR`` either way) with n op value, or None when there are none.

    >>> integers("<", 2.5), integers(">=", 3), integers("=", 0.5)
    ((-1152921504606846976, 2), (3, 1152921504606846976), None)
    """
    value = max(-float(FAR), min(float(FAR), value))
    low, high = -FAR, FAR
    if op == "=":
        return (int(value), int(value)) if value.is_integer() else None
    if op == "<":
        high = math.ceil(value) - 1
    elif op == "<=":
        high = math.floor(value)
    elif op == ">":
        low = math.floor(value) + 1
    else:
        low = math.ceil(value)
    return low, high


def elapsed_edges(span: Span) -> tuple[Edge, Edge]:
    """Return the bounds of instants x with first ≤ now − x ≤ last."""
    first, last = span
    return (
        (lambda now: None) if last == FAR else (lambda now: now - last),
        (lambda now: None) if first == -FAR else (lambda now: now - first + 1),
    )


def until_edges(span: Span, unit: Unit, time_zone: str) -> tuple[Edge, Edge]:
    """Return the bounds of instants whose local unit is first … last units after that of now."""
    first, last = span

    def begin(index: int) -> int:
        number, starts = boundaries(unit, time_zone)
        if index < number:
            return -INT64_MAX
        return starts[index - number] if index - number < len(starts) else INT64_MAX

    return (
        (lambda now: None) if first == -FAR else (lambda now: begin(unit_at(now, unit, time_zone) + first)),
        (lambda now: None) if last == FAR else (lambda now: begin(unit_at(now, unit, time_zone) + last + 1)),
    )


def within_edges(instant: Sql, edges: tuple[Edge, Edge], instants: Instants) -> Sql:
    """Return whether an instant lies between the edges; unknown for a missing one."""
    low, high = (instants.value(edge) for edge in edges)
    known = exp.not_(exp.Is(this=instant.copy(), expression=exp.null()))
    return between(instant, low, high) if low is not None or high is not None else known


def elapsed_trait(value: Json, op: str, number: float, time_zone: str, instants: Instants, dialect: DuckDB) -> Sql:
    """Return whether now − the trait's instant compares so with a number."""
    span = integers(op, number)
    if span is None:
        return exp.false()
    return instant_within(value, *elapsed_edges(span), time_zone, instants, dialect)


def until_trait(value: Json, term: Until, op: str, number: float, instants: Instants, dialect: DuckDB) -> Sql:
    """Return whether the calendar distance to the trait's instant compares so with a number."""
    if term.unit == "anniversary":
        return compare(until(value, term, instants, dialect), op, exp.convert(number))
    span = integers(op, number)
    if span is None:
        return exp.false()
    return instant_within(value, *until_edges(span, term.unit, term.time_zone), term.time_zone, instants, dialect)


def until(value: Json, term: Until, instants: Instants, dialect: DuckDB) -> Sql:
    """Return the calendar units from now to the trait's instant, as a number."""
    day = local_day(instant_us(value, term.time_zone, dialect), term.time_zone)
    if term.unit == "anniversary":
        return _days_to_return(day, term.time_zone, instants)
    unit = term.unit
    today = instants.value(lambda now: unit_at(now, unit, term.time_zone))
    assert today is not None, "every instant lies in a local unit"
    return minus(_unit_of(day, unit), today)


def _unit_of(day: Sql, unit: str) -> Sql:
    if unit == "day":
        return day
    if unit == "week":
        # 7 · 100,000 days keep the dividend positive
        return minus(floor_divided(plus(day, integer(3 + 700_000)), 7), integer(100_000))
    year, month, _ = civil(day)
    return year if unit == "year" else minus(plus(times(year, integer(12)), month), integer(1))


def _days_to_return(day: Sql, time_zone: str, instants: Instants) -> Sql:
    """Return the days from today to the next return of the day's month and date, from the lengths of the months."""

    def known(of: Callable[[int], int]) -> Sql:
        value = instants.value(of)
        assert value is not None, "the calendar of an instant is known"
        return value

    _, month, date = civil(day)
    today = known(lambda now: local_date(now, time_zone).timetuple().tm_yday)
    leap = known(lambda now: _is_leap(_year(now, time_zone)))
    next_leap = known(lambda now: _is_leap(_year(now, time_zone) + 1))
    length = known(lambda now: 365 + _is_leap(_year(now, time_zone)))
    before = cases([(compare(month.copy(), "=", integer(n)), integer(days)) for n, days in enumerate(_BEFORE, 1)])
    on_leap_day = every([compare(month.copy(), "=", integer(2)), compare(date.copy(), "=", integer(29))])

    def place(is_leap: Sql) -> Sql:
        late = compare(month.copy(), ">", integer(2))
        shift = cases([(late, is_leap.copy()), (on_leap_day.copy(), minus(is_leap.copy(), integer(1)))], integer(0))
        return plus(plus(before.copy(), date.copy()), shift)

    this_year = place(leap)
    following = minus(plus(place(next_leap), length), today.copy())
    return cases([(compare(this_year, ">=", today), minus(this_year.copy(), today.copy()))], following)


_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
"""Days of a common year before each month."""


def _is_leap(year: int) -> int:
    return int(year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))


def _year(now: int, time_zone: str) -> int:
    return local_date(now, time_zone).year
