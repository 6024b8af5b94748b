"""Traits as instants and calendar distances, for when the other side of a comparison is no constant: one step per layer.

Every layer is a selection over the one before, so that no expression is written out more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from coterie.segments.batch.dates import day_of_midnight, local_day, midnight_us, read_instant
from coterie.segments.batch.instants import AT
from coterie.segments.batch.selectors import writes
from coterie.segments.batch.source import INSTANTS, Source
from coterie.segments.batch.sql import (
    Sql,
    cases,
    column,
    compare,
    every,
    floor_divided,
    integer,
    minus,
    plus,
    text,
    times,
)
from coterie.segments.batch.values import Json
from coterie.segments.core import Until
from coterie.segments.instants import local_date, unit_at

BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
"""Days of a common year before each month."""


def trait_instant(source: Source, name: str, time_zone: str) -> exp.Select:
    """Return (place, value): the instant that the trait names, in microseconds; NULL when it names none."""
    layer = _read(source, name)
    midnight = midnight_us(column("day", "t"), time_zone)
    return _over(source, layer, {"value": exp.Coalesce(this=column("moment", "t"), expressions=[midnight])})


def trait_until(source: Source, term: Until) -> exp.Select:
    """Return (place, value): the calendar units from now to the trait's instant."""
    dated = day_of_midnight(column("day", "t"), term.time_zone)
    held = exp.Coalesce(this=dated, expressions=[local_day(column("moment", "t"), term.time_zone)])
    layer = _over(source, _read(source, term.of.name), {"day": held})
    if term.unit in ("day", "week"):
        week = floor_divided(plus(column("day", "t"), integer(3)), 7)
        layer = _over(source, layer, {"unit": column("day", "t") if term.unit == "day" else week})
    else:
        epoch, day = exp.cast(text("1970-01-01"), "date"), exp.cast(column("day", "t"), "int")
        layer = _over(source, layer, {"date": exp.DateAdd(this=epoch, expression=day, unit=exp.var("DAY"))})
        parts = {name: _part(name) for name in ("year", "month", "day")}
        layer = _over(source, layer, parts)
        if term.unit == "anniversary":
            return _days_to_return(source, layer, term.time_zone)
        months = minus(plus(times(column("year", "t"), integer(12)), column("month", "t")), integer(1))
        layer = _over(source, layer, {"unit": column("year", "t") if term.unit == "year" else months})
    unit, zone = term.unit, term.time_zone
    today = _known(source, lambda now: unit_at(now, unit, zone))
    return _over(source, layer, {"value": minus(column("unit", "t"), today)})


def _read(source: Source, name: str) -> exp.Select:
    """Return (place, day, moment): the date, or the date and time, that the last write of the trait names."""
    rows = writes(source, name)
    last = source.dialect.extreme(source.trait(name).raw(), source.order, exp.true(), latest=True)
    layer = source.scan([last.as_("raw", quoted=True)], rows.conditions, grouped=[])
    day, moment = read_instant(Json(column("raw", "t"), source.dialect), source.dialect)
    return _over(source, layer, {"day": day, "moment": moment})


def _part(name: str) -> Sql:
    return exp.cast(exp.Extract(this=exp.var(name.upper()), expression=column("date", "t")), "bigint")


def _over(source: Source, layer: exp.Select, columns: Mapping[str, Sql]) -> exp.Select:
    """Return (place, columns…) computed from ``layer``, whose name is ``t``; the instants are at hand as ``i``."""
    chosen = [one.as_(name, quoted=True) for name, one in columns.items()]
    places = [column(name, "t") for name in source.names()]
    select = exp.select(*places, *chosen).from_(layer.subquery("t", copy=False), copy=False)
    if any(one.table == "i" for expression in columns.values() for one in expression.find_all(exp.Column)):
        on = exp.EQ(this=column(AT, "i"), expression=column(AT, "t"))
        select = select.join(exp.to_table(INSTANTS).as_("i"), on=on, copy=False)
    return select


def _known(source: Source, of: Callable[[int], int]) -> Sql:
    value = source.instants.value(of)
    assert value is not None, "the calendar of an instant is known"
    return value


def _days_to_return(source: Source, layer: exp.Select, time_zone: str) -> exp.Select:
    """Return the days from today to the next return of (month, day), from the lengths of the months.

    29 February returns on the 28th in common years.
    """
    today = _known(source, lambda now: local_date(now, time_zone).timetuple().tm_yday)
    leap = _known(source, lambda now: is_leap(local_date(now, time_zone).year))
    next_leap = _known(source, lambda now: is_leap(local_date(now, time_zone).year + 1))
    length = _known(source, lambda now: 365 + is_leap(local_date(now, time_zone).year))
    month, day = column("month", "t"), column("day", "t")
    before = cases([(compare(month.copy(), "=", integer(n)), integer(days)) for n, days in enumerate(BEFORE_MONTH, 1)])
    late = compare(month.copy(), ">", integer(2))
    leap_day = every([compare(month.copy(), "=", integer(2)), compare(day.copy(), "=", integer(29))])

    def place(leaps: Sql) -> Sql:
        shift = cases([(late.copy(), leaps), (leap_day.copy(), minus(leaps.copy(), integer(1)))], integer(0))
        return plus(plus(before.copy(), day.copy()), shift)

    layer = _over(source, layer, {"this": place(leap), "next": plus(place(next_leap), length)})
    ahead = compare(column("this", "t"), ">=", today)
    chosen = cases([(ahead, column("this", "t"))], column("next", "t"))
    return _over(source, layer, {"value": minus(exp.paren(chosen), today.copy())})


def is_leap(year: int) -> int:
    return int(year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
