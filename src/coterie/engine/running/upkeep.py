"""What goes on beside the runner: landing, snapshot files, checkpoints, and letting go of what the journal need not keep."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from coterie.engine.project import Project
from coterie.engine.running import snapshots
from coterie.engine.running.files import snapshots_path
from coterie.engine.running.following import Amendment, Following
from coterie.engine.running.landing import land
from coterie.engine.running.state import State
from coterie.engine.running.tidying import Tidying
from coterie.errors import CoterieError
from coterie.limits import DAY_US
from coterie.storage.journal import Journal
from coterie.storage.state import progress
from coterie.storage.state.database import StateDatabase

_log = logging.getLogger("coterie.runner")
LOOK_S = 0.25
CHECKPOINT_S = 1.0
SNAPSHOT_ROWS = 2_000_000
"""So many rows after a snapshot the next one is due, however little time has passed."""


class Upkeep:
    """One thread of its own. A failure here is told and tried again; nothing that was promised depends on it."""

    def __init__(self, project: Project, database: StateDatabase, journal: Journal, following: Following) -> None:
        self._own = Project(project.root, settings=project.settings)
        self._settings = project.settings
        self._database, self._journal, self._following = database, journal, following
        self._folder = snapshots_path(project)
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._tidying = Tidying(project, database, following.warn)
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._landed_clock = self._checkpoint_clock = time.monotonic()
        self.landed = 0
        self.journal_landed = 0
        self.snapshot_position = self.snapshot_at = 0
        self._snapshot_journal = 0
        self._pending: tuple[snapshots.Head, list[tuple[str, Any]], int] | None = None

    def start(self) -> None:
        """The thread runs."""
        self.landed = self._own.events.length()
        self._find_snapshot()
        self._thread.start()
        self._tidying.start()

    def stop(self, timeout_s: float, *, land: bool) -> None:
        """The thread has ended; with ``land`` everything committed is in the Delta tables and the last snapshot is written."""
        self._stop.set()
        self._thread.join(timeout_s)
        self._tidying.stop(timeout_s)
        if land:
            self._attempt("the last snapshot", self._write_pending)
            self._attempt("landing", self.land)

    def _find_snapshot(self) -> None:
        for path in snapshots.paths_of(self._folder)[:1]:
            self._attempt("looking at the snapshot", lambda path=path: self._note(snapshots.read_head(path)))  # type: ignore[misc]

    def _note(self, head: snapshots.Head) -> None:
        self.snapshot_position, self.snapshot_at = head.log, head.taken_at

    # ── the thread ───────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            if self._following.state is None:
                continue
            if time.monotonic() - self._checkpoint_clock > CHECKPOINT_S:
                self._checkpoint_clock = time.monotonic()
                self._attempt("a checkpoint", self._database.checkpoint)
            if self._is_landing_due():
                self._attempt("landing", self.land)
            if self._is_snapshot_due():
                self._attempt("a snapshot", lambda: self.snapshot(self._following.ask))
            elif self._pending is not None:
                self._attempt("a snapshot", self._write_pending)

    def _attempt(self, what: str, work: Callable[[], Any]) -> None:
        try:
            work()
        except (CoterieError, OSError, ValueError) as error:
            self._following.warn(f"{what} failed and will be tried again: {error}")

    # ── landing ──────────────────────────────────────────────────────────────────────────────────────────────

    def _is_landing_due(self) -> bool:
        waiting = self._following.rows.value - self.landed
        if waiting >= self._settings.runner.land_rows:
            return True
        since = time.monotonic() - self._landed_clock
        return since >= self._settings.runner.land_s and (waiting > 0 or self._following.tally.reasons.total() > 0)

    def land(self) -> int:
        """Every row committed so far is in the Delta tables; return how many rows are there."""
        with self._busy:
            self._landed_clock = time.monotonic()
            found = land(self._own, self._database)
            self.landed, self.journal_landed = found.rows, found.journal
        self._tidying.wake()
        self._let_go()
        return self.landed

    def _let_go(self) -> None:
        """Old files of the journal are removed: landed, in a snapshot, and older than they are to be kept."""
        position = min(self.journal_landed, self._snapshot_journal)
        kept_us = int(self._settings.collect.retention_days * DAY_US)
        if position and kept_us:
            position = min(position, self._journal_before(position, self._following.advanced_to - kept_us))
        if position > 0:
            self._journal.forget(position)

    def _journal_before(self, position: int, instant: int) -> int:
        """Return the last entry up to ``position`` that arrived before ``instant``, 0 if none; found by halving."""
        low, high = self._journal.oldest() - 1, position
        while low < high:
            middle = (low + high + 1) // 2
            found = self._journal.read(middle - 1, entries_max=1)
            if found and found[0].received_at < instant:
                low = middle
            else:
                high = middle - 1
        return low

    # ── snapshots ────────────────────────────────────────────────────────────────────────────────────────────

    def _is_snapshot_due(self) -> bool:
        rows = self._following.rows.value
        moved = rows - self.snapshot_position
        since = time.monotonic() - self._following.tally.snapshot_clock
        return moved >= SNAPSHOT_ROWS or (moved > 0 and since >= self._settings.runner.snapshot_s)

    def take(self, state: State) -> None:
        """The state is copied, to be written by this thread. Called on the runner's thread after a commit; the cost is one copy."""
        sections = state.live.sections()
        head = snapshots.Head(
            log=state.log_position,
            advanced_to=max(state.live.now, 0),
            catalog=state.catalog,
            taken_at=state.now,
            sections=[],
        )
        self._following.tally.snapshot_clock = time.monotonic()
        self._pending = (head, sections, state.journal_position)

    def snapshot(self, ask: Callable[[Callable[[State], Any]], Future[Any]]) -> int:
        """A snapshot of the present state is on the disk; return the log position at which it stands."""
        ask(lambda state: Amendment(snapshot=True)).result(60.0)
        self._write_pending()
        return self.snapshot_position

    def store(self, head: snapshots.Head, sections: list[tuple[str, Any]]) -> bool:
        """Return whether this snapshot is on the disk beside the others; false when there is one of its place already.

        For a state that is not in force yet: until its definitions are committed, no start looks at it.
        """
        with self._busy:
            if snapshots.path_of(self._folder, head.log, head.advanced_to).exists():
                return False
            self._wait_until_committed(head)
            snapshots.write(self._folder, head, sections)
            return True

    def _write_pending(self) -> None:
        with self._busy:
            pending, self._pending = self._pending, None
            if pending is None:
                return
            head, sections, journal = pending
            self._wait_until_committed(head)
            snapshots.write(self._folder, head, sections)
            snapshots.keep(self._folder, self._settings.runner.snapshots)
            self._following.tally.snapshots += 1
            self._note(head)
            self._snapshot_journal = journal

    def _wait_until_committed(self, head: snapshots.Head) -> None:
        """The committed state on the disk is not behind the snapshot, whatever happens next."""
        self._database.checkpoint()
        reached = progress.read(self._database.reader())
        if reached is None or reached.log < head.log:
            raise CoterieError("a snapshot of rows that are not committed")
