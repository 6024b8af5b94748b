"""The oracle against definitions worked out by hand, and against brute force over every microsecond of a tiny world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any as AnyType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coterie.limits import DAY_US, HOUR_US
from coterie.model import MERGE, SET, Event, Value
from coterie.segments.catalog import Catalog
from coterie.segments.core import (
    EVER,
    Absent,
    Absolute,
    Aggregate,
    All,
    Any,
    AtLeast,
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
from coterie.segments.instants import to_us
from coterie.segments.oracle import Facts, Oracle, Record, evaluate, next_change

A, B, ANY = Selector(names=("a",)), Selector(names=("b",)), Selector()


def event(
    id: str, at: int, name: str = "a", /, profile: str = "u", received: int | None = None, **properties: AnyType
) -> Event:
    received_at = at if received is None else received
    return Event(id=id, profile=profile, name=name, occurred_at=at, received_at=received_at, properties=properties)


def asked(node: Node, events: Iterable[Event]) -> Oracle:
    return Oracle(Catalog.of({"s": node}), events)


def instants_in(node: Node, events: Iterable[Event], until: int = 40) -> list[int]:
    oracle = asked(node, events)
    return [at for at in range(until) if oracle.member("s", "u", at)]


def at(text: str) -> int:
    return to_us(dt.datetime.fromisoformat(text))


def at_least(count: int, window: AnyType = EVER, selector: Selector = A) -> Node:
    return Compare(Aggregate("count", selector, "", window), ">=", count)


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rolling_window_excludes_its_old_edge_and_includes_its_new_one() -> None:
    assert instants_in(at_least(1, Rolling(5)), [event("1", 10)]) == [10, 11, 12, 13, 14]
    assert instants_in(at_least(1, Rolling(8, 3)), [event("1", 10)]) == [13, 14, 15, 16, 17]
    assert instants_in(at_least(1, Rolling(None, 3)), [event("1", 10)]) == list(range(13, 40))


def test_an_absolute_window_includes_after_and_excludes_before() -> None:
    for when, inside in ((9, False), (10, True), (19, True), (20, False)):
        assert asked(at_least(1, Absolute(10, 20)), [event("1", when)]).member("s", "u", 30) is inside


def test_a_calendar_window_ends_at_local_midnight_through_a_clock_change() -> None:
    node = at_least(1, Calendar("day", "America/New_York"))
    oracle = asked(node, [event("1", at("2026-03-08T05:30:00+00:00"))])  # half past midnight of a 23-hour day
    midnight = at("2026-03-09T04:00:00+00:00")
    assert oracle.member("s", "u", midnight - 1)
    assert not oracle.member("s", "u", midnight)
    assert oracle.next_change("s", "u", midnight - 1) == midnight


def test_the_calendar_unit_before_is_entered_and_left() -> None:
    node = at_least(1, Calendar("month", "UTC", count=2, offset=1))
    oracle = asked(node, [event("1", at("2026-01-31T23:00:00+00:00"))])
    enters, leaves = at("2026-02-01T00:00:00+00:00"), at("2026-04-01T00:00:00+00:00")
    assert oracle.next_change("s", "u", enters - 1) == enters
    assert oracle.next_change("s", "u", enters) == leaves
    assert oracle.next_change("s", "u", leaves) is None


# ── terms ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_last_write_wins_and_equal_writes_do_not_restart_the_clock() -> None:
    writes = [event("1", 5, SET, x=1), event("2", 8, SET, x=1.0), event("3", 9, SET, y=2), event("4", 12, SET, x=2)]
    held = Compare(Elapsed(TraitSince("x")), ">=", 4)
    assert instants_in(held, writes) == [9, 10, 11, *range(16, 40)]
    assert instants_in(Holds(Trait("x"), Equals(1)), writes) == list(range(5, 12))


def test_a_late_write_does_not_overwrite_a_newer_one() -> None:
    writes = [event("1", 5, SET, x="new"), event("2", 3, SET, received=9, x="old")]
    assert instants_in(Holds(Trait("x"), Equals("new")), writes) == list(range(5, 40))


def test_null_removes_a_trait_and_starts_a_run() -> None:
    writes = [event("1", 5, SET, x=1), event("2", 8, SET, x=None)]
    assert instants_in(Holds(Trait("x"), Exists()), writes) == [5, 6, 7]
    assert instants_in(Compare(Elapsed(TraitSince("x")), ">=", 3), writes) == list(range(11, 40))


def test_a_comparison_with_a_missing_side_is_false_and_not_is_its_complement() -> None:
    less = Compare(Aggregate("count", A), "<=", Trait("limit"))
    events = [event("1", 5, SET, other=1), event("2", 9, SET, limit=3), event("3", 12, SET, limit="3")]
    assert instants_in(less, events) == [9, 10, 11]
    assert instants_in(Not(less), events) == [5, 6, 7, 8, *range(12, 40)]


def test_elapsed_counts_from_a_trait_in_its_zone() -> None:
    node = Compare(Elapsed(Trait("born"), "America/New_York"), ">=", 0)
    oracle = asked(node, [event("1", at("2026-02-28T00:00:00+00:00"), SET, born="2026-03-01")])
    assert oracle.next_change("s", "u", at("2026-02-28T00:00:00+00:00")) == at("2026-03-01T05:00:00+00:00")


@pytest.mark.parametrize(
    ("unit", "value", "enters", "leaves"),
    [
        ("day", 1, "2026-05-14", "2026-05-15"),
        ("day", -3, "2026-05-18", "2026-05-19"),
        ("week", 0, "2026-05-11", "2026-05-18"),
        ("month", -1, "2026-06-01", "2026-07-01"),
        ("year", 1, "2025-01-01", "2026-01-01"),
        ("anniversary", 0, "2025-05-15", "2025-05-16"),
        ("anniversary", 7, "2025-05-08", "2025-05-09"),
    ],
)
def test_until_counts_local_units(unit: AnyType, value: float, enters: str, leaves: str) -> None:
    zone = "America/New_York"
    node = Compare(Until(Trait("date"), unit, zone), "=", value)
    start = at("2025-01-01T00:00:00-05:00") - DAY_US
    oracle = asked(node, [event("1", start, SET, date="2026-05-15")])
    first = oracle.next_change("s", "u", start)
    summer = "-05:00" if "-01-" in enters else "-04:00"
    assert first == at(f"{enters}T00:00:00{summer}")
    summer = "-05:00" if "-01-" in leaves else "-04:00"
    assert oracle.next_change("s", "u", first) == at(f"{leaves}T00:00:00{summer}")


def test_a_leap_day_returns_on_the_28th_and_every_year() -> None:
    node = Compare(Until(Trait("born"), "anniversary"), "=", 0)
    oracle = asked(node, [event("1", at("2026-03-01T00:00:00+00:00"), SET, born="2024-02-29")])
    changes, now = [], at("2026-03-01T00:00:00+00:00")
    for _ in range(4):
        now = oracle.next_change("s", "u", now) or 0
        changes.append(dt.datetime.fromtimestamp(now / 1e6, dt.UTC).date().isoformat())
    assert changes == ["2027-02-28", "2027-03-01", "2028-02-29", "2028-03-01"]


def test_a_bucket_is_a_property_of_salt_and_profile_alone() -> None:
    oracle = asked(Compare(Hash("x7f3"), "<", 2**31), [event(str(i), 1, profile=f"p{i}") for i in range(400)])
    inside = oracle.members("s", 1)
    assert 150 < len(inside) < 250
    assert oracle.members("s", 10**15) == inside
    assert not oracle.member("s", "stranger", 1)


def test_equal_looking_filters_of_different_types_are_not_confused() -> None:
    one, true = (Selector(names=("a",), where=(Field("x", Equals(value)),)) for value in (1, True))
    node = All((at_least(1, EVER, one), Not(at_least(1, EVER, true))))
    assert instants_in(node, [event("1", 5, x=1)], 7) == [5, 6]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (Selector(), {"a", "T_1", "t_2", "[x]"}),
        (Selector(names=("a", "$set")), {"a", "$set"}),
        (Selector(pattern="T_*"), {"T_1"}),
        (Selector(pattern="?_?"), {"T_1", "t_2"}),
        (Selector(pattern="*"), {"a", "T_1", "t_2", "[x]"}),
        (Selector(pattern="[x]"), {"[x]"}),
        (Selector(pattern="$*"), set()),
    ],
)
def test_selectors_name_events(selector: Selector, expected: set[str]) -> None:
    names = ["a", "T_1", "t_2", "[x]", "$set", "$merge"]
    facts = Facts("u", [Record(1, i, event(str(i), 1, name)) for i, name in enumerate(names)])
    assert {record.event.name for record in facts.selected(selector).records} == expected


# ── sequences ────────────────────────────────────────────────────────────────────────────────────────────────


def test_steps_follow_strictly_and_within_their_gap() -> None:
    then = Sequence((Step(A), Step(B, 3)))
    for gap, expected in ((0, False), (1, True), (3, True), (4, False)):
        assert asked(then, [event("1", 10), event("2", 10 + gap, "b")]).member("s", "u", 30) is expected


def test_a_sequence_lies_inside_its_window() -> None:
    assert instants_in(Sequence((Step(A), Step(B)), 6), [event("1", 10), event("2", 12, "b")]) == [12, 13, 14, 15]


def test_a_detour_does_not_hide_a_chain() -> None:
    then = Sequence((Step(A), Step(B, 2), Step(A, 10)))
    events = [event("1", 1), event("2", 3, "b"), event("3", 8, "b"), event("4", 13)]
    assert asked(then, events).member("s", "u", 20)
    assert asked(then, events).verdict("s", "u", 20).leaves[0].evidence == ("1", "2", "4")


def test_an_absent_event_enters_by_time_and_leaves_by_the_event() -> None:
    cart = Sequence((Step(A),), None, "", Absent(B, 5))
    assert instants_in(cart, [event("1", 10), event("2", 20, "b")]) == list(range(15, 20))
    assert instants_in(cart, [event("1", 10), event("2", 12, "b")]) == []
    assert instants_in(cart, [event("1", 10), event("2", 10, "b")]) == list(range(15, 40))


def test_the_shared_property_ties_steps_and_absence() -> None:
    cart = Sequence((Step(A),), None, "cart", Absent(B, 5))
    two = [event("1", 10, cart=1), event("2", 11, cart=2), event("3", 13, "b", cart=1), event("4", 30, "b", cart=2)]
    assert instants_in(cart, two) == list(range(16, 30))
    assert instants_in(cart, [event("1", 10), event("2", 11, "b")]) == []  # without the property it is no step
    then = Sequence((Step(A), Step(B)), None, "cart")
    assert not asked(then, [event("1", 1, cart=1), event("2", 2, "b", cart="1")]).member("s", "u", 9)


def test_a_late_absent_event_cancels() -> None:
    cart = Sequence((Step(A),), None, "", Absent(B, 5))
    assert instants_in(cart, [event("1", 10), event("2", 12, "b", received=18)]) == [15, 16, 17]


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────


def merge(id: str, when: int, survivor: str, loser: str) -> Event:
    return event(id, when, MERGE, profile=survivor, loser=loser)


def test_everyone_means_known_profiles() -> None:
    oracle = asked(All(()), [event("1", 5, profile="u"), event("2", 9, profile="v")])
    assert [oracle.members("s", when) for when in (4, 5, 9)] == [set(), {"u"}, {"u", "v"}]


def test_a_merge_unites_histories_from_its_arrival_on() -> None:
    log = [event("1", 5, profile="u"), event("2", 6, profile="v"), merge("3", 9, "u", "v"), event("4", 12, profile="v")]
    twice, thrice = asked(at_least(2), log), asked(at_least(3), log)
    assert [twice.members("s", when) for when in (8, 9)] == [set(), {"u"}]
    assert twice.profiles(8) == {"u", "v"}
    assert twice.profiles(9) == {"u"}
    assert [thrice.members("s", when) for when in (11, 12)] == [set(), {"u"}]
    assert twice.verdict("s", "v", 9).leaves == ()


def test_as_known_now_sees_late_events_and_later_merges() -> None:
    log = [event("1", 5, received=20), event("2", 6, profile="v"), merge("3", 30, "u", "v")]
    oracle = asked(at_least(2), log)
    assert oracle.members("s", 10) == set()
    assert oracle.members("s", 10, "now") == {"u"}
    assert oracle.members("s", 5, "now") == set()


def test_an_id_counts_once_as_it_first_arrived() -> None:
    log = [event("1", 5, received=7), event("1", 3, received=9), event("1", 5, received=7)]
    assert instants_in(at_least(1), log, 8) == [7]
    assert instants_in(at_least(2), log) == []


def test_a_reference_follows_the_segment_at_the_same_instant() -> None:
    catalog = Catalog.of({"s": Not(InSegment("hot")), "hot": at_least(1, Rolling(5))})
    oracle = Oracle(catalog, [event("1", 10)])
    assert oracle.next_change("s", "u", 10) == 15
    assert oracle.verdict("s", "u", 12).leaves[0].evidence == ("1",)


def test_a_verdict_shows_value_evidence_and_next_change() -> None:
    log = [event("1", 1), event("2", 4), event("3", 6), event("4", 6, SET, x=3)]
    verdict = asked(All((at_least(2, Rolling(10)), Holds(Trait("x"), Order(">", 2)))), log).verdict("s", "u", 12)
    count, trait = verdict.leaves
    assert (count.holds, count.evidence, count.value, count.next_change) == (True, ("2", "3"), 2, 14)
    assert (trait.holds, trait.evidence, trait.value, trait.next_change) == (True, ("4",), 3, None)
    assert (verdict.member, verdict.next_change) == (True, 14)


# ── brute force over every microsecond of a tiny world ───────────────────────────────────────────────────────

SMALL = st.integers(0, 8)
FIELDS = st.sampled_from(["x", "y"])
SELECTORS = st.sampled_from([A, B, ANY, Selector(names=("a",), where=(Field("x", Equals(1)),)), Selector(pattern="?")])
WINDOWS = st.one_of(
    st.builds(Rolling, st.one_of(st.none(), SMALL), st.integers(0, 4)),
    st.builds(Absolute, st.one_of(st.none(), SMALL), st.one_of(st.none(), SMALL)),
)
OPS = st.sampled_from(["=", "<", "<=", ">", ">="])
NUMBERS = st.one_of(st.integers(-2, 9), st.sampled_from([0.5, 2.5]), st.builds(Trait, FIELDS))
AGGREGATES = st.builds(
    Aggregate,
    st.sampled_from(
        ["count", "sum", "mean", "smallest", "largest", "distinct", "repeats", "days", "first_at", "latest_at"]
    ),
    SELECTORS,
    FIELDS,
    WINDOWS,
)
VALUES_OF = st.builds(Aggregate, st.sampled_from(["first", "latest", "most_frequent"]), SELECTORS, FIELDS, WINDOWS)
ELAPSED = st.builds(
    Elapsed,
    st.one_of(
        st.builds(TraitSince, FIELDS),
        st.builds(Aggregate, st.sampled_from(["first_at", "latest_at"]), SELECTORS, FIELDS, WINDOWS),
    ),
)
LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.builds(Compare, st.one_of(AGGREGATES, ELAPSED), OPS, NUMBERS),
    st.builds(
        Holds, st.one_of(VALUES_OF, st.builds(Trait, FIELDS)), st.sampled_from([Exists(), Equals(1), Order("<", 2)])
    ),
    st.builds(
        Sequence,
        st.lists(st.builds(Step, SELECTORS, st.one_of(st.none(), SMALL)), min_size=1, max_size=3).map(tuple),
        st.one_of(st.none(), st.integers(1, 12)),
        st.sampled_from(["", "x"]),
        st.one_of(st.none(), st.builds(Absent, SELECTORS, SMALL)),
    ),
)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AtLeast, st.integers(1, 2), st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=4,
)


@st.composite
def logs(draw: st.DrawFn, profiles: str = "u") -> list[Event]:
    values: st.SearchStrategy[Value] = st.sampled_from([None, "", 0, 1, 2, 2.5, True, "1"])
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 12), st.integers(0, 3), st.sampled_from(["a", "b", SET]), st.sampled_from(profiles),
                      st.dictionaries(FIELDS, values)),
            max_size=7,
        )
    )  # fmt: skip
    return [
        Event(id=str(n), profile=who, name=name, occurred_at=when, received_at=when + late, properties=properties)
        for n, (when, late, name, who, properties) in enumerate(rows)
    ]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(NODES, logs(), st.integers(0, 14))
@example(Compare(Elapsed(TraitSince("x")), "=", 2.5), [], 3)
def test_next_change_is_the_first_microsecond_that_differs(node: Node, log: list[Event], now: int) -> None:
    facts = asked(node, log).facts("u", now)
    if facts is None:
        return
    truth = evaluate(node, facts, now)
    differs = next((later for later in range(now + 1, now + 40) if evaluate(node, facts, later) is not truth), None)
    assert next_change(node, facts, now) == differs


@settings(max_examples=100, deadline=None)
@given(NODES, logs("uv"), st.randoms(), st.integers(0, 16))
def test_order_and_repetition_of_the_log_do_not_matter(node: Node, log: list[Event], random: AnyType, now: int) -> None:
    shuffled = log + log
    random.shuffle(shuffled)
    assert asked(node, shuffled).members("s", now) == asked(node, log).members("s", now)


@settings(max_examples=100, deadline=None)
@given(NODES, logs("uv"), st.integers(0, 16))
def test_a_merged_profile_equals_one_that_received_both(node: Node, log: list[Event], now: int) -> None:
    joined = merge("m", 0, "u", "v")
    both = [Event(**{**{f: getattr(e, f) for f in e.__struct_fields__}, "profile": "u"}) for e in log]
    assert asked(node, [joined, *log]).members("s", now) == asked(node, [joined, *both]).members("s", now)


@settings(max_examples=60, deadline=None)
@given(NODES, logs("uv"))
def test_a_late_merge_equals_an_early_one_from_its_arrival_on(node: Node, log: list[Event]) -> None:
    early, late = asked(node, [merge("m", 0, "u", "v"), *log]), asked(node, [*log, merge("m", 16, "u", "v")])
    for now in (16, 20, 30):
        assert early.member("s", "u", now) == late.member("s", "u", now)


# ── brute force over every hour of two months, where calendars turn ──────────────────────────────────────────

ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"])
UNITS = st.sampled_from(["day", "week", "month", "year"])
SPRING = at("2026-03-01T00:00:00+00:00")
DATES = st.sampled_from(
    ["2026-03-08", "2026-03-09T04:00:00Z", "2026-02-28", "2024-02-29", "2026-04-01", "1999-03-20", "x"]
)
CALENDAR_LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.builds(
        Compare,
        st.builds(
            Aggregate,
            st.sampled_from(["count", "days"]),
            st.just(A),
            st.just(""),
            st.builds(Calendar, UNITS, ZONES, st.integers(1, 3), st.integers(0, 2)),
            ZONES,
        ),
        OPS,
        st.integers(0, 3),
    ),
    st.builds(
        Compare,
        st.builds(Until, st.just(Trait("x")), st.one_of(UNITS, st.just("anniversary")), ZONES),
        OPS,
        st.one_of(st.integers(-3, 9), st.sampled_from([0.5, 28, 29, 364, 365])),
    ),
    st.builds(
        Compare,
        st.builds(Elapsed, st.just(Trait("x")), ZONES),
        st.sampled_from(["<", ">="]),
        st.integers(-9, 9).map(lambda d: d * DAY_US),
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.one_of(CALENDAR_LEAVES, st.tuples(CALENDAR_LEAVES, CALENDAR_LEAVES).map(All)),
    st.lists(st.integers(-60 * 24, 0), max_size=4),
    DATES,
    st.integers(0, 14 * 24),
)
def test_next_change_is_the_first_hour_that_differs(node: Node, hours: list[int], date: str, hour: int) -> None:
    log = [event(str(n), SPRING + ago * HOUR_US) for n, ago in enumerate(hours)]
    facts = asked(node, [*log, event("x", SPRING, SET, x=date)]).facts("u", SPRING)
    assert facts is not None
    now = SPRING + hour * HOUR_US
    truth = evaluate(node, facts, now)
    later = (now + n * HOUR_US for n in range(1, 45 * 24))
    differs = next((when for when in later if evaluate(node, facts, when) is not truth), None)
    found = next_change(node, facts, now)
    if differs is None:
        assert found is None or found >= now + 45 * DAY_US
    else:
        assert found == differs
        assert evaluate(node, facts, differs - 1) is truth


def test_hours_are_exact() -> None:
    oracle = asked(at_least(1, Rolling(24 * HOUR_US)), [event("1", at("2026-03-07T12:00:00+00:00"))])
    leaves = at("2026-03-08T12:00:00+00:00")
    assert oracle.next_change("s", "u", leaves - 1) == leaves
