"""The state of a runner from what is kept: a snapshot and the rows after it, or the whole log where that is not enough."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import structs

from coterie.engine.learning.assigning import Assigner
from coterie.engine.project import Project
from coterie.engine.running import snapshots
from coterie.engine.running.files import snapshots_path
from coterie.engine.running.log import WholeLog
from coterie.engine.running.opening import Evaluated
from coterie.engine.running.state import State
from coterie.errors import CoterieError
from coterie.identity.identities import Identities
from coterie.identity.rules import Rules
from coterie.intake.intake import Intake
from coterie.limits import Limits
from coterie.segments.live import Live
from coterie.segments.live.duplicates import Duplicates
from coterie.segments.live.snapshots import fingerprint
from coterie.storage.state import identifiers, memberships, progress
from coterie.storage.state.database import StateDatabase
from coterie.storage.state.progress import Progress

_log = logging.getLogger("coterie.runner")

Report = Callable[[str, float], None]
"""(what is being done, share that is done)"""


class Recovery:
    """Reads the state of ``project`` again. ``told`` hears what had to be mended, ``report`` how far it is."""

    def __init__(
        self,
        project: Project,
        database: StateDatabase,
        evaluated: Evaluated,
        *,
        rules: Rules | None,
        limits: Limits,
        decode: Callable[..., Any],
        intake: Intake,
        told: Callable[[str], None],
        report: Report,
    ) -> None:
        self.project, self.database = project, database
        self.catalog, self.keys, self.models = evaluated.catalog, evaluated.keys, evaluated.models
        self.log = WholeLog(project, database)
        self.told, self.report = told, report
        self._rules, self._limits, self._decode, self._intake = rules, limits, decode, intake
        self._applied = 0

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────

    def empty(self) -> State:
        """Return the state of a project in which nothing happened."""
        state = State(
            live=Live(self.catalog, live_limits(self._limits)),
            identities=Identities(self._rules),
            seen=Duplicates(structs.replace(self._limits, duplicate_keys_max=self._limits.duplicate_ids_max)),
            limits=self._limits,
            decode=self._decode,
            intake=self._intake,
            catalog=fingerprint(self.catalog),
            keys=self.keys,
            assigner=Assigner(self.models),
        )
        self.give_history(state)
        warm(state.live)
        return state

    def give_history(self, state: State) -> None:
        """The live reader can ask for all records of a person that it was given before."""

        def history(profiles: Sequence[Any]) -> list[pa.Table]:
            return self.log.of_profiles(profiles, state.log_position)

        state.live.history = history

    def fill_seen(self, state: State) -> None:
        """The ids of the newest rows are remembered."""
        for keys in self.log.keys(self._limits.duplicate_ids_max):
            state.seen.seen(keys)

    # ── as it was committed ──────────────────────────────────────────────────────────────────────────────────

    def resume(self) -> State:
        """Return the state as of the last commit, from the newest good snapshot and the rows after it.

        Cost: about 2 s per million profiles and 2 s per million rows. Raises: Damaged.
        """
        reached = progress.read(self.database.reader()) or Progress()
        state = self.empty()
        with ThreadPoolExecutor(1, "recovery") as beside:
            known = beside.submit(self._know, state)
            self._take_snapshot(state, reached)
            self._follow(state, reached)
            self.report("reading identifiers and event ids", 0.99)
            known.result()
        if state.live.now < reached.advanced_to:
            state.live.advance(reached.advanced_to)
        state.journal_position, state.sequence = reached.journal, reached.sequence
        return state

    def _know(self, state: State) -> None:
        """The identities and the ids of events are as committed. Beside the live reader, which needs neither."""
        with self.database.snapshot() as connection:
            state.identities.load(identifiers.rows(connection))
        self.fill_seen(state)

    def _take_snapshot(self, state: State, reached: Progress) -> None:
        """The live reader is that of the newest snapshot that is whole and fits, if there is one."""
        self.report("reading the snapshot", 0.0)
        for path in snapshots.paths_of(snapshots_path(self.project)):
            try:
                head = snapshots.read_head(path)
                if head.catalog != state.catalog or head.log > reached.log or head.advanced_to > reached.advanced_to:
                    continue
                head, sections = snapshots.read(path)
                live = Live.from_sections(self.catalog, sections, live_limits(self._limits))
            except (CoterieError, OSError) as error:
                self.told(f"the snapshot {path.name} was passed over: {error}")
                continue
            state.live, state.log_position = live, head.log
            self.give_history(state)
            return

    def _follow(self, state: State, reached: Progress) -> None:
        """The live reader has applied the rows up to what is committed; what they change is committed already."""
        start, total = state.log_position, max(1, reached.log - state.log_position)
        for table in self.log.rows(start, reached.log, hot=needed_of(state.live)):
            apply_quietly(state, table)
            done = state.log_position - start
            self.report(f"applying the log: {state.log_position:,} of {reached.log:,} rows", 0.1 + 0.88 * done / total)
        state.log_position = reached.log


def warm(live: Live) -> None:
    """What models measure is compiled, before anybody waits for it."""
    for key in live.catalog.measures:
        live.measure(key, np.zeros(0, np.int64))


def live_limits(limits: Limits) -> Limits:
    """Return the limits of the runner's live reader: repeated ids never reach it, so it remembers none."""
    return structs.replace(limits, duplicate_keys_max=2)


def needed_of(live: Live) -> tuple[str, ...]:
    """Return the properties that the live reader asks for."""
    return tuple(dict.fromkeys([*live.made.draft.coded, *live.made.draft.numbered]))


def apply_quietly(state: State, table: pa.Table, rows: int = 100_000) -> None:
    """The rows are applied; what they change is known already."""
    for start in range(0, table.num_rows, rows):
        part = table.slice(start, rows)
        state.live.apply(part)
        state.log_position = part["position"][-1].as_py() + 1


def is_consistent(state: State, database: StateDatabase) -> bool:
    """Return whether the live reader and the committed memberships have segments of the same sizes."""
    sizes = memberships.sizes(database.reader())
    return all(sizes.get(key, 0) == count for key, count in state.live.counts().items())
