"""Whose records an id's records are, at every instant."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from coterie.identity.merges import Alias, Decision, Merge, Merges, Unmerge, decision_of
from coterie.model import MERGE, UNMERGE, Event

IDS = st.sampled_from("abcdef")


@st.composite
def merge_lists(draw: st.DrawFn) -> list[Merge]:
    rows = draw(st.lists(st.tuples(st.integers(0, 5), IDS, IDS), max_size=10))
    return [Merge(at, position, survivor, loser) for position, (at, survivor, loser) in enumerate(sorted(rows))]


def test_a_loser_belongs_to_its_survivor_from_the_merge_on() -> None:
    merges = Merges([Merge(10, 0, "a", "b")])
    assert merges.canonical("b", 9) == "b"
    assert merges.canonical("b", 10) == merges.canonical("b") == merges.canonical("a") == "a"
    assert merges.canonical("stranger") == "stranger"


def test_chains_follow_arrival() -> None:
    merges = Merges([Merge(20, 1, "a", "b"), Merge(10, 0, "b", "c")])
    assert [merges.canonical("c", at) for at in (9, 10, 19, 20)] == ["c", "b", "b", "a"]
    assert merges.intervals() == [Alias("b", 20, None, "a"), Alias("c", 10, 20, "b"), Alias("c", 20, None, "a")]


def test_an_absorbed_survivor_absorbs_for_its_canonical() -> None:
    merges = Merges([Merge(1, 0, "a", "b"), Merge(2, 1, "b", "c")])
    assert merges.canonical("c") == "a"
    assert merges.intervals() == [Alias("b", 1, None, "a"), Alias("c", 2, None, "a")]


def test_an_absorbed_loser_brings_its_canonical() -> None:
    merges = Merges([Merge(1, 0, "a", "b"), Merge(2, 1, "c", "b")])
    assert {merges.canonical(one) for one in "abc"} == {"c"}


def test_circles_and_repeats_change_nothing() -> None:
    once = Merges([Merge(1, 0, "a", "b")])
    again = Merges([Merge(1, 0, "a", "b"), Merge(2, 1, "b", "a"), Merge(3, 2, "a", "b"), Merge(4, 3, "a", "a")])
    assert once.links() == again.links()


def test_merges_of_one_instant_take_effect_together() -> None:
    merges = Merges([Merge(5, 0, "b", "c"), Merge(5, 1, "a", "b")])
    assert merges.canonical("c", 5) == "a"
    assert merges.intervals() == [Alias("b", 5, None, "a"), Alias("c", 5, None, "a")]


def test_a_merge_is_an_event_with_a_loser() -> None:
    event = Event(id="1", profile="a", name=MERGE, occurred_at=3, received_at=4, properties={"loser": "b"})
    assert decision_of(event, 7) == Merge(4, 7, "a", "b")
    assert decision_of(Event(id="1", profile="a", name=MERGE, occurred_at=3, received_at=4), 7) is None
    assert (
        decision_of(Event(id="1", profile="a", name="x", occurred_at=3, received_at=4, properties={"loser": "b"}), 7)
        is None
    )


@st.composite
def decision_lists(draw: st.DrawFn) -> list[Decision]:
    rows = draw(st.lists(st.tuples(st.integers(0, 5), st.booleans(), IDS, IDS), max_size=12))
    ordered = sorted(rows, key=lambda row: row[0])
    return [(Merge if merged else Unmerge)(at, n, one, two) for n, (at, merged, one, two) in enumerate(ordered)]


def test_an_unmerge_cuts_one_link_and_leaves_what_hangs_on_it() -> None:
    merges = Merges([Merge(1, 0, "b", "a"), Merge(2, 1, "c", "b"), Unmerge(3, 2, "c", "b"), Merge(4, 3, "d", "b")])
    assert [merges.canonical("a", at) for at in (0, 1, 2, 3, 4)] == ["a", "b", "c", "b", "d"]
    assert [a for a in merges.intervals() if a.profile == "a"] == [
        Alias("a", 1, 2, "b"), Alias("a", 2, 3, "c"), Alias("a", 3, 4, "b"), Alias("a", 4, None, "d"),
    ]  # fmt: skip
    assert [(link.absorbed, link.into, link.until) for link in merges.links()] == [
        ("a", "b", None), ("b", "c", 3), ("b", "d", None),
    ]  # fmt: skip


def test_an_unmerge_of_what_is_not_merged_changes_nothing() -> None:
    merged = Merge(1, 0, "a", "b")
    for unmerge in (Unmerge(2, 1, "a", "a"), Unmerge(2, 1, "b", "a"), Unmerge(2, 1, "c", "b"), Unmerge(0, 1, "a", "b")):
        assert Merges([merged, unmerge]).links() == Merges([merged]).links()


def test_a_merge_undone_in_the_same_instant_never_was() -> None:
    merges = Merges([Merge(5, 0, "a", "b"), Unmerge(5, 1, "a", "b")])
    assert merges.canonical("b", 5) == "b"
    assert merges.intervals() == []
    assert merges.families() == {"a": frozenset("ab"), "b": frozenset("ab")}


def test_an_unmerge_is_an_event_with_a_loser() -> None:
    event = Event(id="1", profile="a", name=UNMERGE, occurred_at=3, received_at=4, properties={"loser": "b"})
    assert decision_of(event, 7) == Unmerge(4, 7, "a", "b")


@given(decision_lists(), st.integers(-1, 6))
def test_canonical_at_an_instant_equals_a_log_that_ends_there(merges: list[Decision], at: int) -> None:
    whole, cut = Merges(merges), Merges([merge for merge in merges if merge.at <= at])
    assert [whole.canonical(one, at) for one in "abcdef"] == [cut.canonical(one) for one in "abcdef"]


@given(decision_lists(), st.randoms())
def test_order_of_reading_and_replay_do_not_matter(merges: list[Decision], random: object) -> None:
    shuffled = merges + merges
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Merges(shuffled).links() == Merges(merges).links()


@given(decision_lists(), st.integers(-1, 6))
def test_intervals_say_the_same_as_canonical(merges: list[Decision], at: int) -> None:
    whole = Merges(merges)
    for one in "abcdef":
        rows = [
            a for a in whole.intervals() if a.profile == one and a.since <= at and (a.until is None or at < a.until)
        ]
        assert [a.canonical for a in rows] == ([] if whole.canonical(one, at) == one else [whole.canonical(one, at)])


@given(merge_lists())
def test_merged_ids_are_one_class(merges: list[Merge]) -> None:
    whole = Merges(merges)
    for merge in merges:
        assert whole.canonical(merge.survivor) == whole.canonical(merge.loser)
    for one in "abcdef":
        assert whole.canonical(whole.canonical(one)) == whole.canonical(one)


@given(decision_lists())
def test_intervals_touch_and_do_not_overlap(merges: list[Decision]) -> None:
    whole = Merges(merges)
    rows = whole.intervals()
    for one, other in itertools.pairwise(rows):
        if one.profile == other.profile:
            assert one.until is not None
            assert one.since < one.until <= other.since
            assert one.until < other.since or one.canonical != other.canonical


@given(decision_lists())
def test_a_family_holds_everybody_who_was_ever_one(merges: list[Decision]) -> None:
    whole = Merges(merges)
    for at in range(7):
        for one in "abcdef":
            assert whole.canonical(one, at) in whole.family(one)
            assert whole.family(whole.canonical(one, at)) == whole.family(one)
