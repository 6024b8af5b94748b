"""The live state of a running server without some people: computed from the log beside it, then put in its place at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from coterie.engine.moves import table_of
from coterie.engine.privacy.shelves import Wanted
from coterie.engine.privacy.shut import note_lake, people_of
from coterie.engine.running import snapshots
from coterie.engine.running.files import snapshots_path
from coterie.engine.running.following import Amendment
from coterie.engine.running.recovery import live_limits, needed_of
from coterie.engine.running.state import State
from coterie.engine.running.switching import CLOSE_ROWS, ROUNDS_MAX
from coterie.model import Cause
from coterie.segments.live import Live
from coterie.storage.state import identifiers
from coterie.storage.state.database import Connection

ROWS = 100_000
"""Rows that are applied together."""


class Renewed:
    """A live reader that has read the log as it is now, on its way to the present of the one that runs."""

    def __init__(self, runner: Any, state: State) -> None:
        self._runner, self.position = runner, 0
        self.live = Live(state.live.catalog, live_limits(state.limits), self._history)
        self._hot = needed_of(self.live)

    def _history(self, profiles: Sequence[Any]) -> Iterable[pa.Table]:
        found: Iterable[pa.Table] = self._runner.log.of_profiles(profiles, self.position)
        return found

    def catch_up(self, until: int) -> None:
        """The rows before position ``until`` are applied. Positions of rows that were erased are passed over."""
        for table in self._runner.log.rows(self.position, until, hot=self._hot):
            for start in range(0, table.num_rows, ROWS):
                part = table.slice(start, ROWS)
                self.live.apply(part)
                self.position = int(part["position"][-1].as_py()) + 1
        self.position = until


def renew(runner: Any, wanted: Wanted | None) -> None:
    """The runner's state is what the log says now, without the people of ``wanted``; so is what is committed of it.

    The runner goes on meanwhile and stands still for the last rows, the comparison of sizes and one commit. Memberships of
    others that differ are told as changes with cause ``edit``. Cost: one pass over the log.
    """
    renewed = Renewed(runner, runner.between(lambda state: state).result())
    for _ in range(ROUNDS_MAX):
        reached = runner.status().log_position
        renewed.catch_up(reached)
        if runner.status().log_position - reached <= CLOSE_ROWS:
            break
    runner.between(lambda state: _switch(runner, state, renewed, wanted)).result()


def _switch(runner: Any, state: State, renewed: Renewed, wanted: Wanted | None) -> Amendment:
    """Return what is to be committed; the state is the renewed one. On the runner's thread, between two steps."""
    renewed.catch_up(state.log_position)
    before, after = state.live, renewed.live
    if after.now < before.now:
        after.advance(before.now)
    gone = frozenset(wanted.subject.profiles) if wanted is not None else frozenset[str]()
    tables = [table for key in after.made.keys if (table := _moved(key, before, after, gone, state.now)) is not None]
    rows = list(state.identities.changed())
    if wanted is not None:
        state.identities.forget(wanted.subject.profiles)
        rows += state.identities.changed()
    after.history = before.history
    state.live = after

    def write(connection: Connection) -> None:
        if rows:
            identifiers.fold(connection, rows)
        if wanted is not None:
            people_of(connection, wanted).erase()
        note_lake(runner.project, connection)

    return Amendment(changes=tables, write=write)


def _moved(key: str, before: Live, after: Live, gone: frozenset[str], at: int) -> pa.Table | None:
    """Return the changes of one segment, ``None`` when its members are those of before without the people who went."""
    held = sum(before.member(key, one) for one in gone)
    if int(before.counts()[key]) - held == int(after.counts()[key]):
        return None
    old, new = set(before.members(key)) - gone, set(after.members(key)) - gone
    version = next(one.version for one in after.catalog if one.key == key)
    return table_of(key, version, sorted(new - old), sorted(old - new), at, Cause.EDIT)


def save_anew(runner: Any) -> None:
    """One snapshot is on the disk, of the present state; every older one is gone."""
    runner.snapshot()
    snapshots.keep(snapshots_path(runner.project), 1)
