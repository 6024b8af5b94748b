"""Every story, through every reader."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from coterie.errors import InvalidDefinition, Problem
from coterie.limits import DEFAULT
from coterie.model import Event
from coterie.segments.instants import rfc3339
from coterie.storage.events import EventStore
from tests.stories.readers import READERS, Live, Shelf, catalogs, table_of
from tests.stories.script import Expected, Step, Story, stories

STORIES = stories()
EACH = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
TOLD = [story for story in STORIES if story.steps]
ACCEPTANCE = {
    *(f"T{n}" for n in range(1, 12)), *(f"C{n}" for n in range(1, 12)), *(f"S{n}" for n in range(1, 6)),
    *(f"L{n}" for n in range(1, 6)), "E1", "E2", "I1", "I2", "I4",
}  # fmt: skip


def said(segment: str, step: Step) -> str:
    return f"{segment} at {rfc3339(step.at)}"


def test_every_acceptance_scenario_is_told() -> None:
    assert {story.scenario for story in STORIES} >= ACCEPTANCE


@pytest.mark.parametrize("reader", READERS)
@EACH
def test_members_at_every_step(story: Story, reader: str) -> None:
    asked = READERS[reader](story.log)
    for step, catalog in zip(story.steps, catalogs(story)[1:], strict=True):
        for key, members in step.expect.items():
            assert asked.members(catalog, key, step.at) == members, said(key, step)
        for key, members in step.known_later.items():
            assert asked.members(catalog, key, step.at, "now") == members, said(key, step)
        assert not set(step.gone) & set(catalog.keys)


@pytest.mark.parametrize("reader", READERS)
@EACH
def test_every_told_change_lies_at_its_exact_microsecond(story: Story, reader: str) -> None:
    asked = READERS[reader](story.log)
    steps, known = story.steps, catalogs(story)
    for change, last in last_of_each_instant(story):
        before = known[sum(step.at < change.at for step in steps)]
        after = known[sum(step.at <= change.at for step in steps)]
        if change.segment in after:
            found = change.who in asked.members(after, change.segment, change.at)
            assert found is (last.direction == "entered"), (change, rfc3339(change.at))
        if change.segment in before:
            found = change.who in asked.members(before, change.segment, change.at - 1)
            assert found is (change.direction == "exited"), (change, rfc3339(change.at - 1))


def last_of_each_instant(story: Story) -> list[tuple[Expected, Expected]]:
    """Return (first, last) change of every (instant, person, segment) that a story tells."""
    found: dict[tuple[int, str, str], tuple[Expected, Expected]] = {}
    for change in (change for step in story.steps for change in step.changes or ()):
        place = change.at, change.who, change.segment
        found[place] = (found[place][0] if place in found else change, change)
    return list(found.values())


@EACH
def test_live(story: Story) -> None:
    live, seen = Live(story), 0
    for step in story.steps:
        live.walk(step)
        for key, members in step.expect.items():
            assert live.members(key) == members, said(key, step)
        if step.changes is not None:
            assert in_place(live.changes[seen:]) == in_place(step.changes)
            seen = len(live.changes)
        assert not set(step.gone) & live.live.counts().keys()


def in_place(changes: list[Expected] | tuple[Expected, ...]) -> list[Expected]:
    """Return changes by instant, person and segment, those of one place in the order in which they were told."""
    return sorted(changes, key=lambda change: (change.at, change.who, change.segment))


@EACH
def test_live_in_one_batch(story: Story) -> None:
    """The changes do not depend on how arrivals were divided: steps without edits or restarts join in one batch."""
    apart, joined = Live(story), Live(story)
    for step in story.steps:
        apart.walk(step)
    pending: list[Step] = []
    for step, following in pairwise([*story.steps, None]):
        pending.append(step)
        if step.edits or following is None or following.restart:
            joined.steps += len(pending) - 1
            joined.walk(together(pending))
            pending = []
    assert joined.changes == apart.changes


def together(steps: list[Step]) -> Step:
    """Return several steps, of which only the first restarts and only the last edits, as one."""
    first, last = steps[0], steps[-1]
    return Step(
        begins_at=first.begins_at,
        at=last.at,
        restart=first.restart,
        arrivals=tuple(event for step in steps for event in step.arrivals),
        define=last.define,
        remove=last.remove,
        thresholds=last.thresholds,
    )


@pytest.mark.parametrize("story", [story for story in STORIES if story.refuses], ids=lambda story: story.name)
def test_what_cannot_be_saved_is_refused(story: Story) -> None:
    for refusal in story.refuses:
        with pytest.raises(InvalidDefinition) as raised:
            Shelf(refusal.segments).catalog()
        for word in refusal.says:
            assert word in str(raised.value), refusal.because


@EACH
def test_events_too_far_in_the_future_are_quarantined(story: Story) -> None:
    assert [step.quarantined for step in story.steps] == [step.quarantined_expected for step in story.steps]


def test_the_store_takes_and_refuses_the_future_as_stories_do(tmp_path: Path) -> None:
    store, skew = EventStore(tmp_path / "events"), DEFAULT.clock_skew_us
    near, far = (
        Event(id=id, profile="u", name="a", occurred_at=skew + ahead, received_at=0)
        for id, ahead in (("near", 0), ("far", 1))
    )
    with pytest.raises(Problem, match="future"):
        store.append(table_of([(0, far)]))
    assert store.append(table_of([(0, near)])).added == 1
    assert store.scan()["occurred_at"].to_pylist() == [0]
