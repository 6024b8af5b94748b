"""Definitions changed while the runner runs: a copy is filled from history beside it, catches up, and takes its place at once.

What a crash leaves is the old definitions or the new ones: the switch, its changes and the definitions are one commit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from msgspec import Struct, structs

from coterie.engine import definitions
from coterie.engine.apply import KEPT, listed
from coterie.engine.learning.assigning import Assigner
from coterie.engine.moves import table_of
from coterie.engine.plan import Difference, Plan, as_data, differences_of, make_plan, version_after
from coterie.engine.running.applying import settle
from coterie.engine.running.following import Amendment
from coterie.engine.running.opening import Evaluated, evaluated
from coterie.engine.running.recovery import warm
from coterie.engine.running.snapshots import Head
from coterie.engine.running.state import State
from coterie.errors import Conflict, CoterieError, InvalidDefinition, NotFound, Problem, Transient, nearest
from coterie.model import Cause
from coterie.segments.catalog import Catalog
from coterie.segments.definition import Segment
from coterie.segments.live import Live
from coterie.segments.live.snapshots import fingerprint
from coterie.segments.parse import data_of, yaml_text
from coterie.storage.applied import Apply, Entry
from coterie.storage.state import applies, memberships, refreshes

CLOSE_ROWS = 20_000
"""So few rows behind, the copy may catch up on the runner's thread: about 20 ms."""
ROUNDS_MAX = 50
BATCH_ROWS = 100_000
FACTS = 1_000
"""People of a list in one entry of the journal."""
PATIENCE_S = 60.0

Stage = Literal["planned", "copied", "filled", "caught up", "committed", "written"]


class Moved(Struct, frozen=True, kw_only=True):
    """What an edit did to one segment. ``entered`` and ``exited`` count people; ``size`` is that after the edit."""

    key: str
    difference: Difference
    version: int
    size: int
    entered: int
    exited: int


class Edited(Struct, frozen=True, kw_only=True):
    """An edit that is in force since the instant ``at``. ``number`` is 0 when there was nothing to change.

    Its membership changes are those with ``after`` < sequence ≤ ``until``.
    """

    number: int
    at: int
    rows: tuple[Moved, ...]
    after: int
    until: int
    seconds: float
    rows_caught_up: int = 0
    """Rows of the log that arrived while the copy was filled."""


class Draft(Struct, frozen=True, kw_only=True):
    """An edit thought through: every wanted definition with its version, and what the live reader will evaluate."""

    wanted: tuple[Segment, ...]
    differences: dict[str, Difference]
    versions: dict[str, int]
    evaluated: Evaluated
    models_same: bool
    """Whether the models that are kept up to date are those of before."""

    @property
    def catalog(self) -> Catalog:
        return self.evaluated.catalog

    @property
    def is_empty(self) -> bool:
        return self.models_same and all(one == "same" for one in self.differences.values())


class Follower:
    """A copy of the live reader at a position of the log, on its way to the present of the one that runs."""

    def __init__(self, runner: Any, live: Live, position: int) -> None:
        self._runner, self.live, self.position = runner, live, position
        self.rows = 0
        self.is_stored = False
        live.history = self._history

    def _history(self, profiles: Sequence[Any]) -> Iterable[Any]:
        """Return the records of people before the row at which this copy stands."""
        found: Iterable[Any] = self._runner.log.of_profiles(profiles, self.position)
        return found

    def fill(self, catalog: Catalog) -> None:
        """The copy evaluates ``catalog``. The history is read only if something must be remembered that was not."""
        self.live.edit(catalog, self._log(0, self.position), self.live.now)

    def catch_up(self, until: int) -> None:
        """The copy has applied the rows before position ``until``."""
        for part in self._log(self.position, until):
            self.live.apply(part)
            self.position = part["position"][-1].as_py() + 1
            self.rows += part.num_rows
        self.position = max(self.position, until)

    def _log(self, after: int, until: int) -> Iterator[pa.Table]:
        for table in self._runner.history(after, until) if until > after else ():
            for start in range(0, table.num_rows, BATCH_ROWS):
                yield table.slice(start, BATCH_ROWS)


class Switch:
    """Changes the definitions of a running project, one edit at a time. ``told`` hears how far an edit is, from its thread."""

    def __init__(self, runner: Any, told: Callable[[Stage], None] = lambda stage: None) -> None:
        self.runner, self.project, self._told = runner, runner.project, told
        self._lock = threading.Lock()
        self.edition = 0
        """Rises with every edit, inside its commit; what was computed from definitions of another edition is stale."""
        self.settled = 0
        """The edition whose definitions are files."""

    def alone(self) -> AbstractContextManager[object]:
        """Return a context in which no definition changes; an edit under way is waited for."""
        return self._lock

    # ── what is asked for ────────────────────────────────────────────────────────────────────────────────────

    def plan(self, segments: Sequence[Segment] | None = None) -> Plan:
        """Return what putting ``segments`` (those on disk when left out) into force would do. Nothing changes.

        Raises: InvalidDefinition. Cost: two statements of the batch reader for each segment that differs.
        """
        self.runner.land()
        wanted = definitions.on_disk(self.project) if segments is None else list(segments)
        return make_plan(self.project, self.runner.status().advanced_to, wanted)

    def with_one(self, segment: Segment) -> list[Segment]:
        """Return the definitions in force with ``segment`` in its place or beside them."""
        return [*(one for one in definitions.in_use(self.project) if one.key != segment.key), segment]

    def without(self, key: str) -> list[Segment]:
        """Return the definitions in force but one. Raises: NotFound."""
        found = {one.key: one for one in definitions.in_use(self.project)}
        if found.pop(key, None) is None:
            raise NotFound(f"no segment {key!r}", hint=nearest(key, found))
        return list(found.values())

    def put(self, segment: Segment, expected: int | None = None) -> Edited:
        """The segment is in force, and its file says the same. Raises: InvalidDefinition, and Conflict when a version is
        expected that is not the one in force (0: none)."""
        self._expect(segment.key, expected)
        return self.edit(self.with_one(segment), own=(segment.key,))

    def remove(self, key: str, expected: int | None = None) -> Edited:
        """The segment and its file are gone, its members have left. Raises: NotFound, InvalidDefinition when others refer to it."""
        self._expect(key, expected)
        return self.edit(self.without(key), own=(key,))

    def apply_folder(self) -> Edited:
        """The lists in ``lists/`` are taken in and the definitions in ``segments/`` are in force.

        Raises: InvalidDefinition with every problem; nothing changed then. Transient when the runner does not get to the lists.
        """
        segments = definitions.on_disk(self.project)
        definitions.catalog(self.project, segments)
        self.take_lists()
        return self.edit(segments)

    def take_lists(self) -> int:
        """Return how many people the changes of ``lists/*.csv`` concern; they are committed. Repeating it changes nothing."""
        count = 0
        for change, facts in listed(self.project):
            for start in range(0, len(facts), FACTS):
                part = facts[start : start + FACTS]
                position = self.runner.put([structs.asdict(fact) for fact in part])
                if not self.runner.wait(position, PATIENCE_S):
                    raise Transient("the runner did not get to the list", hint="try again; nothing is taken in twice")
            self.project.lists.take(change)
            count += len(facts)
        return count

    def _expect(self, key: str, expected: int | None) -> None:
        if expected is None:
            return
        entry = self.project.applied.current().get(key)
        held = entry.version if entry is not None else 0
        if held != expected:
            raise Conflict(
                f"version {held} of {key!r} is in force, not {expected}",
                hint="read the segment again: somebody else changed it",
            )

    # ── the edit ─────────────────────────────────────────────────────────────────────────────────────────────

    def edit(self, segments: Sequence[Segment] | None, own: Sequence[str] = ()) -> Edited:
        """Exactly ``segments`` are in force; the files of the keys ``own`` are written too. The caller's thread does the work.
        ``None`` are those in force when the edit's turn comes: only the published models may have changed.

        The runner goes on meanwhile; it stands still for the copy (about 0.1 s per million people), the last rows and the
        comparison. Raises: InvalidDefinition; nothing changed then. Cost: a pass over the log if something new must be known.
        """
        with self._lock:
            began = time.perf_counter()
            draft = self._draft(definitions.in_use(self.project) if segments is None else list(segments))
            self._told("planned")
            if draft.is_empty:
                return self._nothing(draft, began)
            follower = self._follower(draft)
            self._told("caught up")
            number = len(self.project.applied.history()) + 1
            files = {f"{key}.yaml": _text(key, draft.wanted) for key in own}
            try:
                found: Edited = self.runner.between(
                    lambda state: self._switch(state, draft, follower, number, files)
                ).result()
            except BaseException:
                self.settled = self.edition
                raise
            self._told("committed")
            settle(self.project, self.runner.database)
            self.settled = self.edition
            self._told("written")
            caught_up = follower.rows if follower is not None else 0
            return structs.replace(found, seconds=time.perf_counter() - began, rows_caught_up=caught_up)

    def _draft(self, segments: list[Segment]) -> Draft:
        current = self.project.applied.current()
        before = definitions.catalog(self.project, definitions.in_force(self.project))
        after = definitions.catalog(self.project, segments)
        held = {key: entry.definition for key, entry in current.items()}
        differences = differences_of(segments, held, before, after)
        # before the first apply the folder as it was at the start is in force, and nothing else tells what was in it
        running, models = self.runner.between(lambda state: (state.keys, state.assigner.versions)).result()
        differences |= dict.fromkeys(set(running) - differences.keys(), "removed")
        versions = {
            key: version_after(key, segments, current[key].version if key in current else 0, difference) or 1
            for key, difference in differences.items()
        }
        wanted = tuple(structs.replace(one, version=versions[one.key]) for one in segments)
        live = self._evaluated(wanted, {key for key, _ in models})
        return Draft(
            wanted=wanted, differences=differences, versions=versions, evaluated=live,
            models_same=models == Assigner(live.models).versions,
        )  # fmt: skip

    def _evaluated(self, wanted: Sequence[Segment], running: Collection[str]) -> Evaluated:
        """Return what will be evaluated. Raises: InvalidDefinition, also when a model that runs could not go on."""
        problems: dict[str, CoterieError] = {}
        found = evaluated(self.project, wanted, problems.__setitem__)
        stopped = {key: why for key, why in problems.items() if key in running}
        if stopped:
            raise InvalidDefinition(
                [why if isinstance(why, Problem) else Problem(why.message, where=key) for key, why in stopped.items()]
            )
        return found

    def _nothing(self, draft: Draft, began: float) -> Edited:
        status, sizes = self.runner.status(), self.runner.counts()
        rows = tuple(
            Moved(key=key, difference="same", version=version, size=sizes.get(key, 0), entered=0, exited=0)
            for key, version in sorted(draft.versions.items())
        )
        seconds = time.perf_counter() - began
        end = status.sequence
        return Edited(number=0, at=status.advanced_to, rows=rows, after=end, until=end, seconds=seconds)

    def _follower(self, draft: Draft) -> Follower | None:
        """Return a copy that evaluates the new catalog and is a few rows behind; ``None`` when nothing live changes."""

        def copied(state: State) -> tuple[Live, int] | None:
            if state.catalog == fingerprint(draft.catalog):
                return None
            return state.live.copy(), state.log_position

        taken = self.runner.between(copied).result()
        if taken is None:
            return None
        follower = Follower(self.runner, *taken)
        self._told("copied")
        follower.fill(draft.catalog)
        warm(follower.live)
        self._told("filled")
        follower.is_stored = self._store(follower, draft)
        for _ in range(ROUNDS_MAX):
            reached = self.runner.status().log_position
            follower.catch_up(reached)
            if self.runner.status().log_position - reached <= CLOSE_ROWS:
                break
        return follower

    def _store(self, follower: Follower, draft: Draft) -> bool:
        """Return whether a snapshot of the copy is on the disk, for a crash right after the switch."""
        live = follower.live
        head = Head(
            log=follower.position,
            advanced_to=max(live.now, 0),
            catalog=fingerprint(draft.catalog),
            taken_at=live.now,
            sections=[],
        )
        stored: bool = self.runner.store_snapshot(head, live.sections())
        return stored

    def _switch(
        self, state: State, draft: Draft, follower: Follower | None, number: int, files: dict[str, str | None]
    ) -> Amendment:
        """Return what is to be committed; the state has the new definitions. On the runner's thread, between two steps."""
        before, after = state.live, state.live
        if follower is not None:
            follower.catch_up(state.log_position)
            after = follower.live
            if after.now < before.now:
                after.advance(before.now)
        connection = self.runner.database.reader()
        rows, tables = [], []
        for key in sorted(draft.differences):
            old, new, size = moves_of(key, before, after, draft, connection)
            tables.append(table_of(key, draft.versions[key], new, old, state.now, Cause.EDIT))
            rows.append(
                Moved(
                    key=key, difference=draft.differences[key], version=draft.versions[key], size=size,
                    entered=len(new), exited=len(old),
                )
            )  # fmt: skip
        at, first = state.now, state.sequence
        until = first + sum(table.num_rows for table in tables)
        done = _apply(number, at, draft, rows)
        pending = applies.Pending(apply=done, files=files)
        after.history = before.history
        state.live, state.catalog = after, fingerprint(draft.catalog)
        state.keys = tuple(sorted(one.key for one in draft.wanted))
        if not draft.models_same:
            state.assigner = Assigner(draft.evaluated.models)
        self.edition += 1
        removed = [key for key, difference in draft.differences.items() if difference == "removed"]
        unscheduled = [*removed, *(one.key for one in draft.wanted if one.is_live)]

        def write(connection: Any) -> None:
            if done.entries or files:  # where only models changed, no definition did
                applies.add(connection, pending)
            for key in unscheduled:
                refreshes.forget(connection, key)

        result = Edited(
            number=number if done.entries else 0, at=at, rows=tuple(rows), after=first, until=until, seconds=0.0
        )
        return Amendment(
            result=result, changes=tables, snapshot=follower is not None and not follower.is_stored, write=write
        )


def moves_of(key: str, before: Live, after: Live, draft: Draft, connection: Any) -> tuple[list[str], list[str], int]:
    """Return (who leaves, who enters, how many there are then) of one segment, by id.

    A scheduled segment stays as it is until it is refreshed; one that was scheduled has the members that are committed.
    """
    is_live, was_live = key in after.made.keys, key in before.made.keys
    if is_live and was_live and draft.differences[key] == "same":
        return [], [], int(after.counts()[key])
    if is_live and was_live and len(before.profiles) == len(after.profiles):
        old, new = before.rows_in(key), after.rows_in(key)
        gone, come = np.setdiff1d(old, new, assume_unique=True), np.setdiff1d(new, old, assume_unique=True)
        return _ids(before, gone), _ids(after, come), len(new)
    held = set(before.members(key)) if was_live else set(members_of(connection, key))
    if draft.differences[key] != "removed" and not is_live:
        return [], [], len(held)
    now = set(after.members(key)) if is_live else set[str]()
    return sorted(held - now), sorted(now - held), len(now)


def members_of(connection: Any, key: str, page: int = 50_000) -> Iterator[str]:
    """Yield the committed members of a segment, by id."""
    last = ""
    while found := memberships.of_segment(connection, key, last, page):
        yield from (row[0] for row in found)
        last = found[-1][0]


def _ids(live: Live, rows: Any) -> list[str]:
    return sorted(live.profiles.text_of(row) for row in rows.tolist())


def _text(key: str, wanted: Sequence[Segment]) -> str | None:
    """Return the file of a definition, ``None`` when there is none any more."""
    return next((yaml_text(data_of(one)) for one in wanted if one.key == key), None)


def _apply(number: int, at: int, draft: Draft, rows: Sequence[Moved]) -> Apply:
    by_key = {one.key: one for one in draft.wanted}
    entries = tuple(
        Entry(
            key=row.key,
            change=KEPT[row.difference],
            version=row.version,
            definition=as_data(by_key[row.key]) if row.key in by_key else {},
            entered=row.entered,
            exited=row.exited,
        )
        for row in rows
        if row.difference in KEPT
    )
    return Apply(number=number, at=at, entries=entries)
