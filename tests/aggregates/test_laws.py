"""Laws that every kind of aggregate obeys, and that each equals its plain definition."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.aggregates import KINDS, Fact, Summary, summarise, update
from coterie.aggregates.sum import SUMMABLE_MAX
from coterie.model import Value
from coterie.segments.core import Kind
from coterie.values import canonical, micro_of, normal

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "a", "b", "ä", True, False, [], ["a"], 0, 1, 2, 0.1, 0.2, 0.3, -1.5, 1e10, 2e10, 1e300, "1"]
    ).map(normal),
    st.integers(-3, 3),
    st.floats(-1e6, 1e6).map(normal),
)
FACTS = st.lists(
    st.builds(Fact, st.integers(0, 6), st.integers(-(2**63), 2**63 - 1), VALUES),
    max_size=12,
    unique_by=lambda fact: fact.event_key,
)
EACH = pytest.mark.parametrize("kind", sorted(KINDS))


def summary(kind: str, facts: list[Fact]) -> Summary:
    return KINDS[kind].zero().update_many(facts)


def test_every_kind_of_the_core_is_here() -> None:
    assert set(KINDS) == set(get_args(Kind))


@EACH
@settings(max_examples=40)
@given(FACTS, st.integers(0, 12), st.integers(0, 12))
def test_merge_is_associative(kind: str, facts: list[Fact], i: int, j: int) -> None:
    i, j = sorted((i, j))
    a, b, c = (summary(kind, part) for part in (facts[:i], facts[i:j], facts[j:]))
    assert a.merge(b).merge(c) == a.merge(b.merge(c)) == summary(kind, facts)


@EACH
@settings(max_examples=40)
@given(FACTS, st.integers(0, 12))
def test_merge_is_commutative(kind: str, facts: list[Fact], i: int) -> None:
    a, b = summary(kind, facts[:i]), summary(kind, facts[i:])
    assert a.merge(b) == b.merge(a)


@EACH
@settings(max_examples=40)
@given(FACTS)
def test_zero_is_neutral(kind: str, facts: list[Fact]) -> None:
    some, zero = summary(kind, facts), KINDS[kind].zero()
    assert some.merge(zero) == zero.merge(some) == some


@EACH
@settings(max_examples=40)
@given(FACTS)
def test_update_is_merge_with_a_singleton(kind: str, facts: list[Fact]) -> None:
    zero = KINDS[kind].zero()
    updated: Any = zero
    merged: Any = zero
    for fact in facts:
        updated = update(updated, fact)
        merged = merged.merge(update(zero, fact))
    assert updated == merged == summary(kind, facts)


@EACH
@settings(max_examples=40)
@given(FACTS, st.randoms())
def test_order_does_not_matter(kind: str, facts: list[Fact], random: Any) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert summary(kind, shuffled) == summary(kind, facts)


def present(facts: list[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.value is not None and fact.value != ""]


def numbers(facts: list[Fact]) -> list[float]:
    return [float(f.value) for f in facts if isinstance(f.value, int | float) and not isinstance(f.value, bool)]


def in_order(facts: list[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.occurred_at, fact.event_key))


@given(FACTS)
def test_the_plain_definitions(facts: list[Fact]) -> None:
    def value(kind: str) -> Value:
        return summarise(kind, facts)

    texts = [canonical(fact.value) for fact in present(facts)]
    summable = [number for number in numbers(facts) if abs(number) <= SUMMABLE_MAX]
    ordered = in_order(facts)
    assert value("count") == len(facts)
    assert value("sum") == sum(map(micro_of, summable)) / 1e6
    assert value("mean") == (sum(map(micro_of, summable)) / 1e6 / len(summable) if summable else None)
    assert value("smallest") == min(numbers(facts), default=None)
    assert value("largest") == max(numbers(facts), default=None)
    assert value("distinct") == len(set(texts))
    assert value("repeats") == max(Counter(texts).values(), default=0)
    assert value("first") == (ordered[0].value if ordered else None)
    assert value("latest") == (ordered[-1].value if ordered else None)
    assert value("first_at") == min((fact.occurred_at for fact in facts), default=None)
    assert value("latest_at") == max((fact.occurred_at for fact in facts), default=None)


@given(FACTS)
def test_most_frequent_prefers_the_freshest_among_equals(facts: list[Fact]) -> None:
    value = summarise("most_frequent", facts)
    ordered = [canonical(fact.value) for fact in in_order(present(facts))]
    if not ordered:
        assert value is None
        return
    most = max(Counter(ordered).values())
    tied = [text for text in ordered if ordered.count(text) == most]
    assert canonical(value) == tied[-1]


@given(st.lists(st.integers(-5, 5)))
def test_days_are_local_dates(days: list[int]) -> None:
    assert summarise("days", [Fact(i, i, day) for i, day in enumerate(days)]) == len(set(days))


@given(st.lists(st.integers(-20, 20)), st.integers(0, 6))
def test_sessions_end_with_a_longer_pause(instants: list[int], gap: int) -> None:
    facts = [Fact(at, number, gap) for number, at in enumerate(instants)]
    pauses = [after - before for before, after in pairwise(sorted(instants))]
    assert summarise("sessions", facts) == (1 + sum(pause > gap for pause in pauses) if facts else 0)
    assert summarise("active_seconds", facts) == sum(pause for pause in pauses if pause <= gap) / 1e6


def test_sums_do_not_drift() -> None:
    facts = [Fact(i, i, 0.1) for i in range(1_000_000)]
    assert summarise("sum", facts) == 100_000.0
