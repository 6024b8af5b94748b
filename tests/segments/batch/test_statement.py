"""Members by the batch reader, computed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any as Anything

import pytest

from coterie.limits import DAY_US, HOUR_US
from coterie.model import Event
from coterie.segments import core
from coterie.segments.batch import Relation, overlap_statement, statement, values_statement
from coterie.segments.catalog import Catalog
from coterie.segments.core import (
    Absent,
    Aggregate,
    All,
    Calendar,
    Compare,
    Elapsed,
    Equals,
    Exists,
    Field,
    Hash,
    Holds,
    InSegment,
    Node,
    Not,
    Order,
    Rolling,
    Selector,
    Sequence,
    Step,
    Trait,
    TraitSince,
    Until,
)
from coterie.segments.instants import instant_of
from coterie.storage.duck import Duck
from tests.segments.batch.worlds import table

NOW = instant_of("2026-03-10T12:00:00Z") or 0
ALWAYS, BUYS = core.ALWAYS, Selector(names=("buy",))


def event(profile: str, name: str, ago: int, late: int = 0, **properties: Anything) -> Event:
    at = NOW - ago
    return Event(
        id=f"{profile}/{name}/{ago}/{sorted(properties.items())}",
        profile=profile,
        name=name,
        occurred_at=at - late,
        received_at=at,
        properties=properties,
    )


@pytest.fixture
def duck() -> Iterator[Duck]:
    with Duck(threads=1) as opened:
        yield opened


def members(duck: Duck, node: Node, events: list[Event], at: int = NOW, **others: Node) -> set[str]:
    ordered = sorted(events, key=lambda one: one.received_at)
    relation = duck.add_log(table(ordered))
    sql = statement(Catalog.of({"x": node, **others}), "x", [at], relation=relation)
    return set(duck.members(sql).get(at, set()))


def count(selector: Selector, window: core.Window = core.EVER) -> Aggregate:
    return Aggregate("count", selector, window=window)


def test_a_rolling_window_is_open_at_its_old_end_and_closed_at_its_new_one(duck: Duck) -> None:
    events = [event("edge", "buy", DAY_US), event("inside", "buy", DAY_US - 1), event("now", "buy", 0)]
    assert members(duck, Compare(count(BUYS, Rolling(DAY_US)), ">=", 1), events) == {"inside", "now"}
    assert members(duck, Compare(count(BUYS, Rolling(2 * DAY_US, DAY_US)), ">=", 1), events) == {"edge"}


def test_a_negative_segment_holds_everyone_known_and_only_them(duck: Duck) -> None:
    events = [event("buyer", "buy", 5), event("seer", "see", 5), event("named", "$identify", 5, plan="pro")]
    assert members(duck, Compare(count(BUYS), "=", 0), events) == {"seer", "named"}
    assert members(duck, Not(Holds(Trait("plan"), Equals("pro"))), events) == {"buyer", "seer"}
    assert members(duck, ALWAYS, events) == {"buyer", "seer", "named"}
    assert members(duck, core.NEVER, events) == set()
    assert members(duck, core.AtLeast(0, ()), events, at=NOW - DAY_US) == set()


def test_our_own_events_are_no_activity(duck: Duck) -> None:
    events = [event("named", "$identify", 5), event("seer", "see", 5)]
    assert members(duck, Compare(count(Selector()), ">=", 1), events) == {"seer"}
    assert members(duck, Compare(count(Selector(pattern="*")), ">=", 1), events) == {"seer"}
    assert members(duck, core.KNOWN_BY_IDENTIFY, events) == {"named"}


def test_sums_of_cents_are_exact(duck: Duck) -> None:
    events = [event("ten", "buy", n, total=0.1) for n in range(10)] + [event("ten", "buy", 99, total="0.5")]
    total = Aggregate("sum", BUYS, "total")
    assert members(duck, Compare(total, "=", 1), events) == {"ten"}
    assert members(duck, Compare(Aggregate("mean", BUYS, "total"), "=", 0.1), events) == {"ten"}


def test_all_field_tests_are_of_the_same_event(duck: Duck) -> None:
    where = (Field("a", Equals(1)), Field("b", Equals(2)))
    events = [event("both", "buy", 1, a=1, b=2), event("apart", "buy", 1, a=1), event("apart", "buy", 2, b=2)]
    assert members(duck, Compare(count(Selector(names=("buy",), where=where)), ">=", 1), events) == {"both"}
    lacking = Selector(names=("buy",), where=(Field("b", Equals(2), negate=True),))
    assert members(duck, Compare(count(lacking), ">=", 1), events) == {"apart"}


def test_the_last_write_of_a_trait_wins_whenever_it_arrives(duck: Duck) -> None:
    events = [
        event("u", "$set", 10, plan="pro"),
        event("u", "$set", 5, late=60, plan="free"),
        event("gone", "$set", 10, plan="pro"),
        event("gone", "$set", 5, plan=None),
    ]
    assert members(duck, Holds(Trait("plan"), Equals("pro")), events) == {"u"}
    assert members(duck, Holds(Trait("plan"), Exists()), events) == {"u"}


def test_a_repeated_write_does_not_restart_the_clock(duck: Duck) -> None:
    week = Compare(Elapsed(TraitSince("status")), ">=", 7 * DAY_US)
    events = [
        event("same", "$set", 7 * DAY_US, status="on"),
        event("same", "$set", 2 * DAY_US, status="on"),
        event("back", "$set", 9 * DAY_US, status="on"),
        event("back", "$set", 8 * DAY_US, status="off"),
        event("back", "$set", 6 * DAY_US, status="on"),
    ]
    assert members(duck, week, events) == {"same"}


def test_repeats_and_the_most_frequent_value(duck: Duck) -> None:
    three = [event("same", "see", n, product=1) for n in range(3)]
    three += [event("other", "see", n, product=n) for n in range(3)]
    seen = Selector(names=("see",))
    assert members(duck, Compare(Aggregate("repeats", seen, "product"), ">=", 3), three) == {"same"}
    assert members(duck, Compare(Aggregate("repeats", seen, "product"), "=", 1), three) == {"other"}
    assert members(duck, Compare(Aggregate("distinct", seen, "product"), "=", 3), three) == {"other"}
    favourite = Holds(Aggregate("most_frequent", seen, "product"), Equals(0))
    assert members(duck, favourite, three) == {"other"}, "of equals, the one seen latest"


def test_a_step_must_come_later_and_soon_enough(duck: Duck) -> None:
    steps = (Step(Selector(names=("a",))), Step(Selector(names=("b",)), HOUR_US))
    events = [
        event("in", "a", HOUR_US),
        event("in", "b", 0),
        event("late", "a", HOUR_US + 1),
        event("late", "b", 0),
        event("tie", "a", 5),
        event("tie", "b", 5),
        event("wrong", "b", 9),
        event("wrong", "a", 5),
    ]
    assert members(duck, Sequence(steps), events) == {"in"}


def test_another_cart_does_not_rescue_this_one(duck: Duck) -> None:
    carts = Sequence((Step(Selector(names=("add",))),), same="cart", absent=Absent(Selector(names=("pay",)), DAY_US))
    events = [
        event("lost", "add", DAY_US, cart="x"),
        event("lost", "pay", HOUR_US, cart="y"),
        event("paid", "add", DAY_US, cart="x"),
        event("paid", "pay", HOUR_US, cart="x"),
        event("fresh", "add", DAY_US - 1, cart="x"),
        event("cartless", "add", DAY_US),
    ]
    assert members(duck, carts, events) == {"lost"}


def test_calendar_days_and_anniversaries_are_local(duck: Duck) -> None:
    kolkata = Calendar("day", "Asia/Kolkata")
    events = [event("eve", "buy", 18 * HOUR_US), event("day", "buy", 17 * HOUR_US)]  # local midnight: 18:30 UTC
    assert members(duck, Compare(count(BUYS, kolkata), ">=", 1), events) == {"day"}
    born = [event("leap", "$set", 9, born="2024-02-29"), event("march", "$set", 9, born="2001-03-11T03:30:00Z")]
    birthday = Compare(Until(Trait("born"), "anniversary"), "=", 1)
    assert members(duck, birthday, born) == {"march"}
    here = Compare(Until(Trait("born"), "anniversary", "America/New_York"), "=", 0)
    assert members(duck, here, born) == {"march"}, "in New York it is still the tenth"
    leap = instant_of("2026-02-28T01:00:00Z") or 0
    written = [event("leap", "$set", NOW - leap + 5, born="2024-02-29")]
    assert members(duck, Compare(Until(Trait("born"), "anniversary"), "=", 0), written, at=leap) == {"leap"}


def test_days_with_an_event_are_counted_by_local_dates(duck: Duck) -> None:
    events = [event("u", "buy", 13 * HOUR_US), event("u", "buy", 11 * HOUR_US)]  # 23:00 and 01:00 UTC
    assert members(duck, Compare(Aggregate("days", BUYS), "=", 2), events) == {"u"}
    york = Aggregate("days", BUYS, time_zone="America/New_York")
    assert members(duck, Compare(york, "=", 1), events) == {"u"}


def test_a_bucket_is_the_start_of_an_md5(duck: Duck) -> None:
    events = [event(f"u{n}", "see", 5) for n in range(50)]
    half = members(duck, Compare(Hash("x7f3"), "<", 2**31), events)
    more = members(duck, Compare(Hash("x7f3"), "<", 2**31 + 2**29), events)
    assert 15 < len(half) < 35
    assert half < more
    assert members(duck, Compare(Hash("x7f3"), "<", 2**32), events) == {f"u{n}" for n in range(50)}


def test_another_segment_is_part_of_the_one_statement(duck: Duck) -> None:
    events = [event("u", "buy", 5), event("v", "see", 5), event("w", "buy", 5), event("w", "leave", 1)]
    buyers = Compare(count(BUYS), ">=", 1)
    stays = All((InSegment("buyers"), Not(InSegment("gone"))))
    gone = Compare(count(Selector(names=("leave",))), ">=", 1)
    assert members(duck, stays, events, buyers=buyers, gone=gone) == {"u"}
    assert members(duck, Not(InSegment("buyers")), events, buyers=buyers) == {"v"}


def test_values_of_everyone_and_overlaps(duck: Duck) -> None:
    events = [event("u", "buy", 5, total=3), event("u", "buy", 4, total=2.5), event("v", "see", 5)]
    relation = duck.add_log(table(events))
    total = Aggregate("sum", BUYS, "total")
    rows = duck.run(values_statement(total, [NOW], relation=relation)).to_pylist()
    assert sorted((row["profile"], row["value"]) for row in rows) == [("u", 5.5), ("v", 0.0)]
    catalog = Catalog.of({"all": ALWAYS, "buyers": Compare(total, ">", 0), "none": core.NEVER})
    for asked in ([NOW], [NOW, NOW + 1]):
        sql = overlap_statement(catalog, ["none", "buyers", "all"], asked, relation=relation)
        found = {(row["at"], row["one"], row["other"]): row["size"] for row in duck.run(sql).to_pylist()}
        assert {key[1:]: size for key, size in found.items() if key[0] == NOW} == {
            ("all", "all"): 2,
            ("all", "buyers"): 1,
            ("buyers", "buyers"): 1,
        }


def test_as_known_now_counts_what_arrived_later(duck: Duck) -> None:
    events = [event("u", "buy", 0, late=DAY_US)]
    relation = duck.add_log(table(events))
    catalog = Catalog.of({"x": Compare(count(BUYS), ">=", 1)})
    hour_ago = NOW - HOUR_US
    assert duck.members(statement(catalog, "x", [hour_ago], relation=relation)) == {}
    known = statement(catalog, "x", [hour_ago], relation=relation, knowledge="now")
    assert duck.members(known) == {hour_ago: {"u"}}


def test_quotes_in_names_keys_and_values_stay_inside_them(duck: Duck) -> None:
    name, key, value = "it's; DROP TABLE events --", "a\"b'c/d~e", "x' OR '1'='1"
    events = [event("u", name, 5, **{key: value}), event("v", name, 5, **{key: "x"})]
    node = Compare(count(Selector(names=(name,), where=(Field(key, Equals(value)),))), ">=", 1)
    assert members(duck, node, events) == {"u"}


def test_one_scan_answers_all_simple_aggregates_of_a_segment() -> None:
    node = All(
        (
            Compare(count(BUYS, Rolling(DAY_US)), ">=", 2),
            Compare(Aggregate("sum", BUYS, "total", Rolling(7 * DAY_US)), "<", 100),
            Holds(Trait("plan"), Equals("pro")),
            Holds(Aggregate("latest", BUYS, "colour"), Order(">", 1)),
        )
    )
    sql = statement(Catalog.of({"x": node}), "x", [NOW], relation=Relation())
    assert sql.count("FROM events") == 1
    assert "'$identify', '$set', 'buy'" in sql, "only the names that are needed are read"
