"""The SQL of every aggregate kind: most are a measure of the grouped scan, two need a scan of their own."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from coterie.aggregates.sum import MICRO_MAX, SUMMABLE_MAX
from coterie.segments.batch.dates import local_day
from coterie.segments.batch.facts import Grouped
from coterie.segments.batch.selectors import Picked, picked
from coterie.segments.batch.source import Source
from coterie.segments.batch.sql import (
    INT64_MAX,
    Sql,
    cases,
    column,
    compare,
    double,
    integer,
    minus,
    number,
    over,
    plus,
    text,
    times,
    when,
)
from coterie.segments.batch.windows import lower
from coterie.segments.core import SESSION_KINDS, ZERO_KINDS, Aggregate
from coterie.values import MICRO

OWN_SCAN = frozenset({"repeats", "most_frequent"}) | SESSION_KINDS


def measure(grouped: Grouped, term: Aggregate) -> Sql:
    """Return the value of an aggregate that the grouped scan can hold: a number, an instant, or raw JSON text."""
    source = grouped.source
    rows = picked(source, term.selector, term.window)
    if term.kind == "sum":
        return _total(grouped, term, rows, zero=True)
    if term.kind == "mean":
        count = grouped.measure(rows, lambda condition: exp.Count(this=when(condition, _micros(source, term))))
        return over(_total(grouped, term, rows, zero=False), number(exp.Nullif(this=count, expression=integer(0))))
    if term.kind in ("first", "latest"):
        raw = exp.Coalesce(this=source.value(term.field).raw(), expressions=[text("null")])
        latest = term.kind == "latest"
        return grouped.measure(
            rows, lambda condition: source.dialect.extreme(raw.copy(), source.order, condition, latest=latest)
        )
    found = grouped.measure(rows, _BUILDS[term.kind](source, term))
    return zero(found) if term.kind in ZERO_KINDS else found


def repeats(source: Source, term: Aggregate, at_least: float | None = None) -> exp.Select:
    """Return (place, value): the largest count of one value; with ``at_least``, only the places that reach it, without it."""
    rows, key = _with_value(source, term)
    counts = source.scan([exp.Count(this=exp.Star()).as_("n", quoted=True)], rows.conditions, grouped=[key])
    places = [column(name, "t") for name in source.names()]
    if at_least is not None:
        counts = counts.having(compare(exp.Count(this=exp.Star()), ">=", double(at_least)))
        return exp.select(*places).from_(counts.subquery("t", copy=False), copy=False).group_by(*places)
    best = exp.Max(this=column("n", "t")).as_("value", quoted=True)
    return exp.select(*places, best).from_(counts.subquery("t", copy=False), copy=False).group_by(*places)


def most_frequent(source: Source, term: Aggregate) -> exp.Select:
    """Return (place, value): the raw JSON of the value with most records, the latest seen among equals."""
    rows, _ = _with_value(source, term)
    numbered = exp.Window(
        this=exp.RowNumber(),
        partition_by=source.place(),
        order=exp.Order(expressions=[_ascending(one) for one in source.order]),
    )
    raw = source.value(term.field).raw()
    seen = source.scan([raw.as_("value", quoted=True), numbered.as_("seen", quoted=True)], rows.conditions)
    names = source.names()
    places = [column(name, "t") for name in names]
    tally = exp.select(
        *places,
        column("value", "t"),
        exp.Count(this=exp.Star()).as_("n", quoted=True),
        exp.Max(this=column("seen", "t")).as_("last", quoted=True),
    )
    tally = tally.from_(seen.subquery("t", copy=False), copy=False).group_by(*places, column("value", "t"))
    order = [exp.Ordered(this=column(name, "u"), desc=True, nulls_first=False) for name in ("n", "last")]
    outer = [column(name, "u") for name in names]
    rank = exp.Window(this=exp.RowNumber(), partition_by=outer, order=exp.Order(expressions=order))
    ranked = exp.select(*(one.copy() for one in outer), column("value", "u"), rank.as_("rank", quoted=True))
    ranked = ranked.from_(tally.subquery("u", copy=False), copy=False)
    chosen = [column(name, "w") for name in [*names, "value"]]
    return (
        exp.select(*chosen)
        .from_(ranked.subquery("w", copy=False), copy=False)
        .where(compare(column("rank", "w"), "=", integer(1)))
    )


def sessions(source: Source, term: Aggregate) -> exp.Select:
    """Return (place, sessions, active_seconds) of every place with a selected record."""
    rows = picked(source, term.selector, term.window)
    order = exp.Order(expressions=[_ascending(column("occurred_at", "e"))])
    before: Sql = exp.Window(this=exp.Lag(this=column("occurred_at", "e")), partition_by=source.place(), order=order)
    gap = minus(column("occurred_at", "e"), before)
    gaps = source.scan([gap.as_("gap", quoted=True)], rows.conditions)
    places, inside = (
        [column(name, "t") for name in source.names()],
        compare(column("gap", "t"), "<=", integer(term.gap_us)),
    )
    runs = exp.Sum(this=cases([(inside, integer(0))], integer(1)))
    active = exp.Sum(this=cases([(inside.copy(), column("gap", "t"))], integer(0)))
    chosen = [
        runs.as_("sessions", quoted=True),
        over(number(active), number(integer(MICRO))).as_("active_seconds", quoted=True),
    ]
    return exp.select(*places, *chosen).from_(gaps.subquery("t", copy=False), copy=False).group_by(*places)


def zero(value: Sql) -> Sql:
    """Return ``value``, 0 for NULL."""
    return exp.Coalesce(this=value, expressions=[integer(0)])


def _with_value(source: Source, term: Aggregate) -> tuple[Picked, Sql]:
    key = source.value(term.field).key()
    rows = picked(source, term.selector, term.window)
    return rows.also(exp.not_(exp.Is(this=key.copy(), expression=exp.null()))), key


def _ascending(value: Sql) -> exp.Ordered:
    return exp.Ordered(this=value, desc=False, nulls_first=True)


def _micros(source: Source, term: Aggregate) -> Sql:
    """Return ``values.micro_of`` of the number in the property; NULL for no number and for one that is too large to add."""
    value = source.value(term.field).number()
    small = compare(exp.Abs(this=value), "<=", double(SUMMABLE_MAX))
    scaled = plus(times(value.copy(), integer(MICRO)), double(0.5))
    return when(small, exp.cast(exp.Floor(this=scaled), "bigint"))


def _total(grouped: Grouped, term: Aggregate, rows: Picked, *, zero: bool) -> Sql:
    total = grouped.measure(
        rows, lambda condition: grouped.source.dialect.total(when(condition, _micros(grouped.source, term)))
    )
    whole = cases(
        [
            (compare(total.copy(), bound, integer(most)), integer(most))
            for bound, most in ((">", MICRO_MAX), ("<", -MICRO_MAX))
        ],
        exp.cast(total, "bigint"),
    )
    known = exp.Coalesce(this=whole, expressions=[integer(0)]) if zero else whole
    return over(number(known), number(integer(MICRO)))


def _count(source: Source, term: Aggregate) -> Callable[[Sql], Sql]:
    return lambda condition: exp.Count(this=exp.Star() if condition == exp.true() else when(condition, integer(1)))


def _smallest(source: Source, term: Aggregate) -> Callable[[Sql], Sql]:
    return lambda condition: exp.Min(this=when(condition, source.value(term.field).number()))


def _largest(source: Source, term: Aggregate) -> Callable[[Sql], Sql]:
    return lambda condition: exp.Max(this=when(condition, source.value(term.field).number()))


def _distinct(source: Source, term: Aggregate) -> Callable[[Sql], Sql]:
    return lambda condition: _count_distinct(when(condition, source.value(term.field).key()))


def _days(source: Source, term: Aggregate) -> Callable[[Sql], Sql]:
    low, (first, *_, last) = lower(term.window), (source.instants.all[0], *source.instants.all)
    since = low(first) if low(first) is not None else source.relation.since
    day = local_day(column("occurred_at", "e"), term.time_zone, -INT64_MAX if since is None else since, last)
    return lambda condition: _count_distinct(when(condition, day.copy()))


def _first_at(source: Source, term: Aggregate) -> Callable[[Sql], Sql]:
    return lambda condition: exp.Min(this=when(condition, column("occurred_at", "e")))


def _latest_at(source: Source, term: Aggregate) -> Callable[[Sql], Sql]:
    return lambda condition: exp.Max(this=when(condition, column("occurred_at", "e")))


def _count_distinct(value: Sql) -> Sql:
    return exp.Count(this=exp.Distinct(expressions=[value]))


_BUILDS: dict[str, Callable[[Source, Aggregate], Callable[[Sql], Sql]]] = {
    "count": _count,
    "smallest": _smallest,
    "largest": _largest,
    "distinct": _distinct,
    "days": _days,
    "first_at": _first_at,
    "latest_at": _latest_at,
}
