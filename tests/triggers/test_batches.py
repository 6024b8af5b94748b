"""Where a log is cut into batches does not show in what triggers decide."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.triggers.delivery import Delivery
from coterie.triggers.step import Triggers
from tests.triggers.world import HOUR, NOON, People, changes, rows, started, trigger

TRIGGERS = [
    trigger(key="event", when={"event": "ping"}, if_={"in_segment": "a", "not_in_segment": "b"}),
    trigger(key="in", when={"entered": "a"}, frequency={"at_most": 2, "per": "3h"}),
    trigger(key="out", when={"exited": "a"}, if_={"not_in_segment": "b"}, priority=9),
    trigger(key="keyed", when={"event": "ping"}, key_by="n", holdout="30%"),
    trigger(key="both", when={"entered": "b"}, if_={"in_segment": "a"}, frequency={"at_most": 1, "per": "2h", "across": "all"}),
    trigger(key="capped", when={"like": "p*"}, cap_per_day=5, quiet_hours={"from": "14:00", "to": "16:00"}),
]  # fmt: skip
PEOPLE = ("ada", "brook")

Told = tuple[str, str, str, int]
"""(who, what happens: an event or a segment that turns, by what, steps since the last)"""


@st.composite
def stories(draw: st.DrawFn) -> list[Told]:
    one = st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(["ping", "pong", "a", "b"]),
        st.sampled_from(["timer", "event"]),
        st.integers(0, 2),
    )
    return draw(st.lists(one, min_size=1, max_size=30))


def parts(story: list[Told]) -> list[tuple[str, tuple[object, ...], set[tuple[str, str]]]]:
    """Return the log as (kind, row, memberships after it) in order; every arrival has its own place."""
    now, position, inside, found = NOON, 0, set[tuple[str, str]](), []
    for who, what, cause, wait in story:
        now += 1 + wait * HOUR // 2
        if what in ("ping", "pong"):
            found.append(("row", (position, who, what, now, {"n": position % 3}), set(inside)))
            position += 1
            continue
        direction = "exited" if (who, what) in inside else "entered"
        inside ^= {(who, what)}
        if cause == "event":
            found.append(("row", (position, who, "move", now, {}), set(inside)))
        found.append(("change", (who, direction, what, now, cause, position if cause == "event" else -1), set(inside)))
        position += cause == "event"
    return found


def decided(story: list[Told], cuts: set[int]) -> list[tuple[str, str, int]]:
    """Return (key, state, due_at) of what is decided when the log is cut before those places."""
    log, runs, reader = parts(story), started(*TRIGGERS), Triggers(TRIGGERS)
    found: list[Delivery] = []
    batch: list[tuple[str, tuple[object, ...], set[tuple[str, str]]]] = []
    for place, one in enumerate(log):
        batch.append(one)
        is_arrival_of_next = place + 1 < len(log) and log[place + 1][1][-1] == one[1][0] and one[0] == "row"
        if (place in cuts and not is_arrival_of_next) or place == len(log) - 1:
            inside = one[2]
            people = People(segments={key: {who for who, segment in inside if segment == key} for key in "ab"})
            told_rows: pa.Table = rows(*[row for kind, row, _ in batch if kind == "row"])
            told_changes = changes(*[row for kind, row, _ in batch if kind == "change"])
            found += reader.step(told_rows, told_changes, NOON, people, runs)
            batch = []
    return [(one.key, one.state, one.due_at) for one in found]


@settings(max_examples=150, deadline=None)
@given(stories(), st.sets(st.integers(0, 60)))
def test_one_batch_or_many(story: list[Told], cuts: set[int]) -> None:
    whole = decided(story, set())
    assert decided(story, cuts) == whole
    assert len({key for key, _, _ in whole}) == len(whole)
