"""Who bought on how many days, since when, until when and for how much: what models of lifetime value are fitted on."""

from __future__ import annotations

from msgspec import Struct
from sqlglot import exp

from coterie.aggregates.sum import SUMMABLE_MAX
from coterie.segments.batch.dates import local_day
from coterie.segments.batch.dialects import dialect_of
from coterie.segments.batch.instants import Instants
from coterie.segments.batch.relation import Relation
from coterie.segments.batch.selectors import picked
from coterie.segments.batch.source import Knowledge, Source
from coterie.segments.batch.sql import Sql, column, compare, double, integer, number, over, plus, times, when
from coterie.segments.core import Selector
from coterie.segments.instants import unit_at
from coterie.values import MICRO

DAYS, STAYS = "days", "stays"


class Purchases(Struct, frozen=True, kw_only=True):
    """Which events are purchases. Events with the same value of ``order`` are one, at the instant of the first of them; ``amount``
    holds the money; purchases of one local day are one purchase."""

    selector: Selector
    order: str = ""
    amount: str = ""
    time_zone: str = "UTC"


def purchases_statement(
    what: Purchases,
    at: int,
    *,
    after: int | None = None,
    relation: Relation,
    dialect: str = "duckdb",
    knowledge: Knowledge = "then",
) -> str:
    """Return SQL with one row per person who had bought by ``at``, as known then, by profile.

    Columns: profile; ``purchases``: days with a purchase; ``first_day`` and ``last_day``: local days since 1970; ``paid``: days after
    the first whose amount is known, ``spent`` their sum (NULL for none); ``total``: the sum of all (NULL when no amount is known);
    ``later`` and ``later_total``: the same of the days after the one that holds ``after``, 0 without it.
    """
    source = Source(relation, dialect_of(dialect), Instants([at]), knowledge)
    days = _days(source, what, at)
    split = unit_at(at if after is None else after, "day", what.time_zone)
    day, micros, first = (column(name, STAYS) for name in ("day", "micros", "first_day"))
    repeated, late = compare(day.copy(), ">", first), compare(day.copy(), ">", integer(split))
    chosen: list[tuple[str, Sql]] = [
        ("profile", column("profile", STAYS)),
        ("purchases", exp.Count(this=exp.Star())),
        ("first_day", exp.Min(this=day.copy())),
        ("last_day", exp.Max(this=day.copy())),
        ("paid", exp.Count(this=when(repeated, micros.copy()))),
        ("spent", _money(source, when(repeated.copy(), micros.copy()))),
        ("total", _money(source, micros.copy())),
        ("later", exp.Count(this=when(late, integer(1)))),
        ("later_total", exp.Coalesce(this=_money(source, when(late.copy(), micros.copy())), expressions=[double(0.0)])),
    ]
    people = exp.select(*(value.as_(name, quoted=True) for name, value in chosen))
    people = people.from_(_with_first(days).subquery(STAYS)).group_by(column("profile", STAYS))
    return source.dialect.render(people.order_by(column("profile", STAYS)))


def _days(source: Source, what: Purchases, at: int) -> exp.Select:
    """Return (profile, day, micros): the amount of each local day with a purchase, in millionths, NULL when unknown."""
    money: Sql = exp.cast(exp.null(), "bigint")
    if what.amount:
        value = source.value(what.amount).number()
        small = compare(exp.Abs(this=value), "<=", double(SUMMABLE_MAX))
        scaled = plus(times(value.copy(), integer(MICRO)), double(0.5))
        money = when(small, exp.cast(exp.Floor(this=scaled), "bigint"))
    rows = picked(source, what.selector)
    happened, place = column("occurred_at", "e"), column("profile", "o")
    if what.order:
        key = source.value(what.order).key()
        alone = when(exp.Is(this=key.copy(), expression=exp.null()), column("event_key", "e"))
        chosen = [exp.Min(this=happened).as_("at", quoted=True), source.dialect.total(money).as_("micros", quoted=True)]
        orders = source.scan(chosen, rows.conditions, grouped=[key, alone])
    else:
        orders = source.scan([happened.as_("at", quoted=True), money.as_("micros", quoted=True)], rows.conditions)
    day = local_day(column("at", "o"), what.time_zone, until=at)
    total = exp.Sum(this=column("micros", "o"))
    days = exp.select(place, day.as_("day", quoted=True), total.as_("micros", quoted=True))
    return days.from_(orders.subquery("o")).group_by(place.copy(), day.copy())


def _with_first(days: exp.Select) -> exp.Select:
    profile, day, micros = (column(name, DAYS) for name in ("profile", "day", "micros"))
    first = exp.Window(this=exp.Min(this=day.copy()), partition_by=[profile.copy()])
    return exp.select(profile, day, micros, first.as_("first_day", quoted=True)).from_(days.subquery(DAYS))


def _money(source: Source, micros: Sql) -> Sql:
    return over(number(exp.Sum(this=micros)), number(integer(MICRO)))
