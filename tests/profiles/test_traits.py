"""How records fold into traits."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coterie.model import IDENTIFY, SET, Event, Value
from coterie.profiles.traits import fold_traits, in_order, present


def write(id: str, at: int, name: str = SET, /, **properties: Any) -> Event:
    return Event(id=id, profile="u", name=name, occurred_at=at, received_at=at, properties=properties)


def test_identify_and_set_write_and_other_events_do_not() -> None:
    held = fold_traits([write("1", 1, IDENTIFY, a=1), write("2", 2, SET, b=2), write("3", 3, "click", a=9)])
    assert {name: one.value for name, one in held.items()} == {"a": 1, "b": 2}


def test_a_trait_is_held_since_the_first_of_its_last_equal_writes() -> None:
    held = fold_traits([write("1", 1, a=1), write("2", 2, a=2), write("3", 5, a=2.0), write("4", 9, b=0)])["a"]
    assert (held.value, held.since, held.since_event_id, held.event_id) == (2, 2, "2", "3")


def test_a_detour_restarts_the_clock() -> None:
    assert fold_traits([write("1", 1, a=1), write("2", 2, a=None), write("3", 5, a=1)])["a"].since == 5


def test_true_is_not_one() -> None:
    assert fold_traits([write("1", 1, a=1), write("2", 2, a=True)])["a"].since == 2


def test_removed_and_empty_traits_are_not_present() -> None:
    held = fold_traits([write("1", 1, a=1, b="", c=[]), write("2", 2, a=None)])
    assert held["a"].since == 2
    assert present(held) == {"c": []}


WRITES = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([None, 1, 2, "1"])), max_size=8)


@given(WRITES, st.randoms())
def test_order_of_arrival_does_not_matter(writes: list[tuple[int, Value]], random: Any) -> None:
    events = [write(str(n), at, a=value) for n, (at, value) in enumerate(writes)]
    ordered = in_order(events)
    random.shuffle(events)
    assert fold_traits(in_order(events)) == fold_traits(ordered)
