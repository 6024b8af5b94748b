"""A story through each of the three readers, every time by the reader's public door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from coterie.identity.merges import Merges, decision_of
from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.conditions.thresholds import Thresholds
from coterie.segments.definition import Context, lower_all
from coterie.segments.oracle import Oracle
from coterie.segments.parse import parse
from coterie.values import canonical, event_key
from tests.stories.script import Expected, Step, Story


class Shelf:
    """The definitions as a story edits them: what is on the shelf is the catalog."""

    def __init__(self, segments: dict[str, Any]) -> None:
        self.written: dict[str, dict[str, Any]] = {}
        self.thresholds: dict[tuple[str, int], Thresholds] = {}
        self.put(segments)

    def put(self, segments: dict[str, Any]) -> None:
        """Add or replace definitions; one that replaces another is its next version."""
        for key, written in self.written_of(segments).items():
            version = self.written[key]["version"] + 1 if key in self.written else 1
            self.written[key] = {**written, "version": version} if "version" not in segments[key] else written

    @staticmethod
    def written_of(segments: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return definitions as they are written whole: with key and title."""
        wholes = {key: dict(one) if "when" in one else {"when": one} for key, one in segments.items()}
        return {key: {"key": key, "title": key, "version": 1, **whole} for key, whole in wholes.items()}

    def edit(self, step: Step) -> Catalog:
        """Return the catalog after the edits of ``step``."""
        for key in step.remove:
            del self.written[key]
        for key, cuts in step.thresholds.items():
            version = 1 + sum(known == key for known, _ in self.thresholds)
            told = {name: tuple(float(cut) for cut in numbers) for name, numbers in cuts.items()}
            self.thresholds[key, version] = Thresholds(segment=key, version=version, cuts=told, published_at=step.at)
        self.put(step.define)
        return self.catalog()

    def catalog(self) -> Catalog:
        segments = [parse(data, f"segments/{key}.yaml") for key, data in self.written.items()]
        return lower_all(segments, Context(thresholds=self.thresholds))


def catalogs(story: Story) -> list[Catalog]:
    """Return the catalog in force before the first step, and after every step."""
    shelf = Shelf(story.segments)
    return [shelf.catalog(), *(shelf.edit(step) for step in story.steps)]


Memberships = dict[int, frozenset[str]]


class Reader(Protocol):
    """Answers about a whole story: the members of a segment of ``catalog`` at instants, as known then or now."""

    def members(self, catalog: Catalog, key: str, instants: Sequence[int], knowledge: Any) -> Memberships: ...


class ByOracle:
    def __init__(self, log: Sequence[Event]) -> None:
        self.log = log

    def members(self, catalog: Catalog, key: str, instants: Sequence[int], knowledge: Any) -> Memberships:
        oracle = Oracle(catalog, self.log)
        return {at: frozenset(oracle.members(key, at, knowledge)) for at in instants}


class ByBatch:
    def __init__(self, log: Sequence[Event]) -> None:
        once: dict[str, tuple[int, Event]] = {}
        for position, event in enumerate(log):
            once.setdefault(event.id, (position, event))
        found = (decision_of(event, position) for position, event in once.values())
        self.merges = Merges(merge for merge in found if merge is not None).intervals()
        self.events = table_of(list(once.values()))

    def members(self, catalog: Catalog, key: str, instants: Sequence[int], knowledge: Any) -> Memberships:
        from coterie.segments.batch import statement
        from coterie.storage.duck import Duck

        with Duck() as duck:
            relation = duck.add_log(self.events, merges=self.merges)
            found = duck.members(statement(catalog, key, instants, relation=relation, knowledge=knowledge))
        assert found.keys() <= set(instants)
        return {at: frozenset(found.get(at, ())) for at in instants}


READERS: dict[str, Callable[[Sequence[Event]], Reader]] = {"oracle": ByOracle, "batch": ByBatch}


class Saved(NamedTuple):
    """A snapshot, the definitions it belongs to, and how many records and changes there were."""

    catalog: Catalog
    data: bytes
    records: int
    changes: int


class Live:
    """The live reader walking through a story, and every change it told."""

    def __init__(self, story: Story) -> None:
        from coterie.segments.live import Live as Reader

        self.catalogs = catalogs(story)
        self.log: list[tuple[int, Event]] = []
        self.live = Reader(self.catalogs[0], history=self.history)
        self.changes: list[Expected] = []
        self.steps = 0
        self.now = 0
        self.saved: Saved | None = None

    def walk(self, step: Step) -> None:
        """Let everything that ``step`` says happen."""
        from coterie.segments.live import Live as Reader

        self.steps += 1
        if step.crash:
            self.crash()
        if step.restart:
            self.live = Reader.restore(self.catalogs[self.steps - 1], self.live.snapshot(), history=self.history)
        arrivals = list(enumerate(step.arrivals, len(self.log)))
        self.log += arrivals
        if arrivals:
            self.note(self.live.apply(table_of(arrivals)))
        self.note(self.live.advance(step.at))
        if step.edits:
            self.note(self.live.edit(self.catalogs[self.steps], [table_of(self.log)], step.at))
        self.now = step.at
        if step.saved:
            catalog = self.catalogs[self.steps]
            self.saved = Saved(catalog, self.live.snapshot(), len(self.log), len(self.changes))

    def history(self, profiles: Sequence[str]) -> list[pa.Table]:
        """Return the records so far of some profiles, and of everybody else, which the reader must pass over."""
        return [table_of(self.log)]

    def crash(self) -> None:
        """Go back to the snapshot and read on from its place in the log: the same changes must come again."""
        from coterie.segments.live import Live as Reader

        assert self.saved is not None
        lost = self.changes[self.saved.changes :]
        self.changes = self.changes[: self.saved.changes]
        self.live = Reader.restore(self.saved.catalog, self.saved.data, history=self.history)
        rows = self.log[self.saved.records :]
        if rows:
            self.note(self.live.apply(table_of(rows)))
        self.note(self.live.advance(self.now))
        assert self.changes[self.saved.changes :] == lost

    def note(self, changes: Any) -> None:
        for row in changes.table().to_pylist():
            told = (row[name] for name in ("at", "profile", "segment", "direction", "cause"))
            self.changes.append(Expected(*told))

    def members(self, key: str) -> frozenset[str]:
        members = self.live.members(key)
        assert len(set(members)) == len(members) == self.live.counts()[key]
        return frozenset(members)


def table_of(rows: Sequence[tuple[int, Event]]) -> pa.Table:
    """Return (position, event) rows as a log table."""
    events = [event for _, event in rows]
    return pa.table(
        {
            "position": pa.array([position for position, _ in rows], pa.int64()),
            "event_id": pa.array([event.id for event in events], pa.string()),
            "event_key": pa.array([event_key(event.id) for event in events], pa.int64()),
            "profile": pa.array([event.profile for event in events], pa.string()),
            "name": pa.array([event.name for event in events], pa.string()),
            "occurred_at": pa.array([event.occurred_at for event in events], pa.int64()),
            "received_at": pa.array([event.received_at for event in events], pa.int64()),
            "properties": pa.array([canonical(event.properties) for event in events], pa.string()),
        }
    )
