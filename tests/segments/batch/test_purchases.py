"""Purchase histories by one statement and by plain Python over random logs: orders, local days, merges, late events, odd amounts."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from coterie.aggregates.sum import SUMMABLE_MAX
from coterie.identity.merges import Merge, Merges
from coterie.limits import HOUR_US
from coterie.model import Event
from coterie.segments.batch import Purchases, purchases_statement
from coterie.segments.core import Selector
from coterie.segments.instants import unit_at
from coterie.storage.duck import Duck
from coterie.values import event_key, micro_of
from tests.segments.batch.worlds import START, ZONES, instants, log, table

Row = tuple[str, int, int, int, int, float | None, float | None, int, float]


def plainly(what: Purchases, events: Iterable[Event], merges: Merges, at: int, after: int | None) -> list[Row]:
    """Return the rows as the docstring of the statement says them."""
    orders: dict[tuple[str, str], list[Event]] = {}
    for one in events:
        if one.received_at > at or one.name not in what.selector.names:
            continue
        key = one.properties.get(what.order) if what.order else None
        order = f"e{event_key(one.id)}" if key in (None, "") else f"o{key!r}"
        orders.setdefault((merges.canonical(one.profile, at), order), []).append(one)
    days: dict[str, dict[int, int | None]] = {}
    for (who, _), lines in orders.items():
        day = unit_at(min(one.occurred_at for one in lines), "day", what.time_zone)
        money = [micro for one in lines if (micro := _micro(one.properties.get(what.amount))) is not None]
        there = days.setdefault(who, {})
        before = there.get(day)
        there[day] = before if not money else (before or 0) + sum(money)
    split = unit_at(at if after is None else after, "day", what.time_zone)
    return [_row(who, there, split) for who, there in sorted(days.items())]


def _micro(value: object) -> int | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= SUMMABLE_MAX
    return micro_of(value) if number else None  # type: ignore[arg-type]


def _row(who: str, days: dict[int, int | None], split: int) -> Row:
    first, last = min(days), max(days)
    again = [one for day, one in days.items() if day > first and one is not None]
    known = [one for one in days.values() if one is not None]
    later = [one for day, one in days.items() if day > split]
    total = sum(one for one in later if one is not None) / 1e6
    return (
        who, len(days), first, last, len(again), sum(again) / 1e6 if again else None,
        sum(known) / 1e6 if known else None, len(later), total,
    )  # fmt: skip


def _merges(events: Iterable[Event]) -> Merges:
    told = [(place, one) for place, one in enumerate(events) if one.name == "$merge"]
    return Merges(Merge(one.received_at, place, one.profile, str(one.properties["loser"])) for place, one in told)


@pytest.mark.parametrize("seed", range(6))
def test_the_statement_says_what_plain_python_says(seed: int) -> None:
    rng = random.Random(seed)
    events = log(rng, 120)
    merges = _merges(events)
    with Duck() as duck:
        relation = duck.add_log(table(events), merges=merges.intervals())
        for at in instants(rng, events, 4):
            what = Purchases(
                selector=Selector(("a", "b")), order=rng.choice(("", "k")), amount=rng.choice(("", "n")),
                time_zone=rng.choice(ZONES),
            )  # fmt: skip
            after = rng.choice((None, at - rng.choice((HOUR_US, 30 * HOUR_US, 90 * HOUR_US))))
            found = duck.run(purchases_statement(what, at, after=after, relation=relation)).to_pylist()
            assert [tuple(row.values()) for row in found] == plainly(what, events, merges, at, after)


def test_an_order_of_several_lines_is_one_purchase_on_the_day_of_its_first_line() -> None:
    def line(number: int, order: str | None, hours: int, total: float) -> Event:
        at = START + hours * HOUR_US
        properties = {"order": order, "total": total}
        return Event(id=f"e{number}", profile="ada", name="buy", occurred_at=at, received_at=at, properties=properties)

    events = [line(1, "A", 23, 10.0), line(2, "A", 25, 5.0), line(3, "B", 30, 7.0), line(4, None, 31, 1.0), line(5, "C", 80, 2.5)]  # fmt: skip
    what = Purchases(selector=Selector(("buy",)), order="order", amount="total")
    with Duck() as duck:
        relation = duck.add_log(table(events))
        (row,) = duck.run(purchases_statement(what, START + 100 * HOUR_US, relation=relation)).to_pylist()
    day = unit_at(START, "day", "UTC")
    assert (row["purchases"], row["first_day"], row["last_day"]) == (3, day, day + 3)
    assert (row["paid"], row["spent"], row["total"]) == (2, 10.5, 25.5)
