"""Every story, through every reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from coterie.errors import InvalidDefinition, Problem
from coterie.limits import DEFAULT
from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.instants import rfc3339
from coterie.storage.events import EventStore
from tests.stories.readers import READERS, Live, Shelf, catalogs, table_of
from tests.stories.script import Expected, Step, Story, stories

STORIES = stories()
EACH = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
ACCEPTANCE = {
    *(f"T{n}" for n in range(1, 12)), *(f"C{n}" for n in range(1, 12)), *(f"S{n}" for n in range(1, 6)),
    *(f"L{n}" for n in range(1, 6)), "E1", "E2", "I1", "I2", "I4",
}  # fmt: skip


def said(segment: str, step: Step) -> str:
    return f"{segment} at {rfc3339(step.at)}"


def test_every_acceptance_scenario_is_told() -> None:
    assert {story.scenario for story in STORIES} >= ACCEPTANCE


class Check(NamedTuple):
    """A segment (of the catalog after so many steps) at an instant: exactly these members, or this person in or out."""

    catalog: int
    key: str
    at: int
    knowledge: str
    members: frozenset[str] | None
    who: str = ""
    inside: bool = False


def expectations(story: Story) -> Iterator[Check]:
    """Yield what every step expects of members."""
    for number, step in enumerate(story.steps, 1):
        for key, members in step.expect.items():
            yield Check(number, key, step.at, "then", members)
        for key, members in step.known_later.items():
            yield Check(number, key, step.at, "now", members)


def told_changes(story: Story, known: list[Catalog]) -> Iterator[Check]:
    """Yield that every told change is there at its microsecond, and not at the one before."""
    for first, last in last_of_each_instant(story):
        before = sum(step.at < first.at for step in story.steps)
        after = sum(step.at <= first.at for step in story.steps)
        if first.segment in known[after]:
            yield Check(after, last.segment, last.at, "then", None, last.who, last.direction == "entered")
        if first.segment in known[before]:
            yield Check(before, first.segment, first.at - 1, "then", None, first.who, first.direction == "exited")


@pytest.mark.parametrize("reader", READERS)
@EACH
def test_members_at_every_step_and_at_every_change(story: Story, reader: str) -> None:
    known = catalogs(story)
    checks = [*expectations(story), *told_changes(story, known)]
    questions: dict[tuple[int, str, str], set[int]] = defaultdict(set)
    for check in checks:
        questions[check.catalog, check.key, check.knowledge].add(check.at)
    asked = READERS[reader](story.log)
    answers = {
        (catalog, key, knowledge): asked.members(known[catalog], key, sorted(instants), knowledge)
        for (catalog, key, knowledge), instants in questions.items()
    }
    for check in checks:
        found = answers[check.catalog, check.key, check.knowledge][check.at]
        where = f"{check.key} at {rfc3339(check.at)}, as known {check.knowledge}"
        if check.members is None:
            assert (check.who in found) is check.inside, f"{check.who} in {where}"
        else:
            assert found == check.members, where


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
        assert not set(step.gone) & {*live.live.counts(), *live.catalogs[live.steps].keys}


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
    for number, step in enumerate(story.steps, 1):
        pending.append(step)
        if step.edits or number == len(story.steps) or story.steps[number].restart or step.saved:
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
        saved=last.saved,
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
