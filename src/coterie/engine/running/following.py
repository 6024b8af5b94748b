"""The runner's thread: recovery, then entries of the journal and the passing of time, step after step, commit after commit."""

from __future__ import annotations

import gc
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from msgspec import Struct

from coterie.clock import Clock
from coterie.engine.running.answers import Phase
from coterie.engine.running.beacon import Beacon
from coterie.engine.running.clockwatch import ClockWatch
from coterie.engine.running.commit import History, React, commit
from coterie.engine.running.effects import Effects
from coterie.engine.running.state import State
from coterie.engine.running.step import Part, size_of, step
from coterie.engine.running.tallying import Tally
from coterie.errors import CoterieError, Transient
from coterie.storage.journal import Entry
from coterie.storage.state import memberships
from coterie.storage.state.changes import Row, moved_of
from coterie.storage.state.database import Connection, StateDatabase

_log = logging.getLogger("coterie.runner")

ENTRIES_MAX, BYTES_MAX = 2_000, 8 << 20
"""What one step takes at most: about 20,000 events of 400 bytes."""
IDLE_S = 0.01
"""How long the runner waits for an entry before it looks whether timers are due."""
GATHER_S = 0.03
"""At most so long it lets entries gather after a step, as long as the step took: fewer and larger steps cost less per event."""
RETRY_S = 0.5
WAL_BYTES_MAX = 64 << 20
WARNINGS_MAX = 20


class Amendment(Struct, frozen=True, kw_only=True):
    """What work between two steps asks to be committed with it."""

    result: Any = None
    changes: Sequence[Any] = ()
    """Tables of changes (without sequence), in order."""
    snapshot: bool = False
    """Whether a snapshot is to be taken right after the commit."""
    write: Callable[[Connection], None] | None = None
    """Further rows for the same transaction."""


class Following:
    """What the runner's thread does. Everything it tells others is a plain attribute or a beacon."""

    def __init__(
        self,
        journal: Any,
        database: StateDatabase,
        clock: Clock,
        recover: Callable[[], State],
        *,
        react: React,
        committed: Callable[[], None],
        history: History,
        snapshot: Callable[[State], None],
    ) -> None:
        self._journal, self._database, self._clock = journal, database, clock
        self._recover, self._react, self._committed = recover, react, committed
        self._history, self._snapshot = history, snapshot
        self.state: State | None = None
        self.phase, self.note, self.progress = Phase.STARTING, "", 0.0
        self.warnings: deque[str] = deque(maxlen=WARNINGS_MAX)
        self.watch = ClockWatch(clock, self.warn)
        self.tally = Tally()
        self.position, self.sequence, self.rows = Beacon(), Beacon(), Beacon()
        self.advanced_to = 0
        self.stopping = False
        self._work: deque[tuple[Callable[[State], Any], Future[Any]]] = deque()

    def warn(self, text: str) -> None:
        """The text is in the log and in the status."""
        _log.warning("%s", text)
        self.warnings.append(text)

    def report(self, note: str, share: float) -> None:
        """The status tells what the recovery is doing."""
        self.note, self.progress = note, min(share, 1.0)

    def ask(self, work: Callable[[State], Any]) -> Future[Any]:
        """``work`` runs on the runner's thread between two steps."""
        future: Future[Any] = Future()
        if self.phase in (Phase.STOPPED, Phase.FAILED):
            future.set_exception(Transient(f"the runner is {self.phase}: {self.note}", hint="start the server again"))
        else:
            self._work.append((work, future))
        return future

    # ── the thread ───────────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Recover, follow the journal until asked to stop, take what is left. A failure is kept as the phase ``failed``."""
        try:
            self.phase = Phase.RECOVERING
            gc.disable()  # a million new objects would be looked through again and again, and none of them is garbage
            self.state = self._recover()
            gc.freeze()
            gc.enable()
            self._publish(self.state)
            self.phase, self.note, self.progress = Phase.RUNNING, "", 1.0
            while not self.stopping:
                self._turn(self.state)
            self.phase = Phase.STOPPING
            while self._turn(self.state):
                pass
            self._amend(self.state, Amendment(snapshot=True))
            self.phase = Phase.STOPPED
        except Exception as error:  # noqa: BLE001  a failure is a phase that the status tells
            self.phase, self.note = Phase.FAILED, f"{type(error).__name__}: {error}"
            _log.exception("the runner failed")
        gc.enable()
        gc.unfreeze()
        self._refuse_work()

    def _turn(self, state: State) -> bool:
        """One look at everything; return whether there were entries."""
        state = self._do_work(self.state or state)
        horizon = self._journal.horizon()
        head = self._journal.head
        entries = self._journal.read(state.journal_position, ENTRIES_MAX, BYTES_MAX)
        self.watch.look(state.now)
        drained = not entries or entries[-1].position >= head
        began = time.perf_counter()
        try:
            self._take(state, entries, horizon if drained else 0)
        except Exception as error:
            if self.stopping and isinstance(error, Transient):
                raise
            self._isolate(entries, error)
            return True
        if not entries:
            if head > state.journal_position:  # positions that a damaged journal passed over
                state.journal_position = head
                self._publish(state)
            if not self.stopping and not self._work:
                self._journal.wait(state.journal_position, IDLE_S)
            return False
        self._tidy(state)
        if drained and not self.stopping:
            time.sleep(min(GATHER_S, time.perf_counter() - began))
        return True

    def _tidy(self, state: State) -> None:
        if self._database.log_bytes() > WAL_BYTES_MAX:
            self._database.checkpoint(restart=True)

    def _take(self, state: State, entries: Sequence[Entry], horizon: int, part: Part | None = None) -> None:
        """The entries are applied and committed."""
        began = time.perf_counter()
        effects = step(state, entries, horizon, part)
        while state.assigner.problems:
            self.warn(state.assigner.problems.pop(0))
        if effects.is_empty and not entries:
            self.advanced_to = state.now
            return
        stepped = time.perf_counter()
        numbered = self._commit(state, effects)
        done = time.perf_counter()
        self.tally.add(effects, numbered, (stepped - began, done - stepped), self._clock.now())
        self._publish(state)

    def _commit(self, state: State, effects: Effects) -> list[Row]:
        """The effects are committed; while the disk refuses they wait, and the status says so."""
        told = False
        while True:
            try:
                numbered = commit(self._database, state, effects, self._react, self._history)
            except Transient as error:
                if self.stopping:
                    raise
                if not told:
                    self.warn(f"{error.message}; trying again until it succeeds, the journal keeps what comes")
                told, self.note = True, error.message
                time.sleep(RETRY_S)
                continue
            if told:
                self.warn("the commit succeeded")
                self.note = ""
            self._committed()
            return numbered

    def _publish(self, state: State) -> None:
        self.advanced_to = state.now
        self.position.raise_to(state.journal_position)
        self.rows.raise_to(state.log_position)
        if state.sequence != self.sequence.value:
            self.sequence.raise_to(state.sequence)

    # ── what fails ───────────────────────────────────────────────────────────────────────────────────────────

    def _isolate(self, entries: Sequence[Entry], error: Exception) -> None:
        """The events that make a stage fail are refused one by one; everything else is applied. Raises when that is not it."""
        self.warn(f"a stage failed ({type(error).__name__}: {error}): looking for the event")
        state = self._restored()
        self._take(state, [], 0)
        self._halve(list(entries), error)

    def _restored(self) -> State:
        """Return the state as committed, in place of one that a failed step left half changed."""
        self.state = self._recover()
        return self.state

    def _halve(self, entries: list[Entry], error: Exception) -> None:
        if len(entries) == 1:
            assert self.state is not None
            self._split(entries[0], 0, size_of(self.state, entries[0]), error)
            return
        middle = len(entries) // 2
        for half in (entries[:middle], entries[middle:]):
            assert self.state is not None
            try:
                self._take(self.state, half, 0)
            except (Transient, MemoryError):
                raise
            except Exception as found:  # noqa: BLE001  whatever an event breaks, the event goes to quarantine
                self._restored()
                self._halve(half, found)

    def _split(self, entry: Entry, begin: int, end: int, error: Exception) -> None:
        """The events ``begin`` to ``end`` of one entry are applied, those that fail refused."""
        if end - begin <= 1:
            assert self.state is not None
            reason = f"{type(error).__name__}: {error}"
            self._take(self.state, [entry], 0, Part(begin, end, reason))
            self.tally.failed += 1
            return
        middle = (begin + end) // 2
        for low, high in ((begin, middle), (middle, end)):
            assert self.state is not None
            try:
                self._take(self.state, [entry], 0, Part(low, high))
            except (Transient, MemoryError):
                raise
            except Exception as found:  # noqa: BLE001  whatever an event breaks, the event goes to quarantine
                self._restored()
                self._split(entry, low, high, found)

    # ── work of others ───────────────────────────────────────────────────────────────────────────────────────

    def _do_work(self, state: State) -> State:
        while self._work:
            work, future = self._work.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                found = work(state)
                if isinstance(found, Amendment):
                    self._amend(state, found)
                    found = found.result
            except Exception as error:  # noqa: BLE001  it is told to whoever asked for the work
                future.set_exception(error)
                state = self._restored() if not isinstance(error, CoterieError) else state
            else:
                future.set_result(found)
        return state

    def _amend(self, state: State, found: Amendment) -> None:
        effects = Effects(
            journal=state.journal_position,
            advanced_to=state.now,
            first=state.log_position,
            changes=[row for table in found.changes for row in moved_of(table)],
        )

        def write(connection: Connection) -> None:
            memberships.keep_sizes(connection, state.keys)
            if found.write is not None:
                found.write(connection)

        effects.extra = write
        numbered = self._commit(state, effects)
        self.tally.add(effects, numbered, (0.0, 0.0), self._clock.now())
        self._publish(state)
        if found.snapshot:
            self._snapshot(state)

    def _refuse_work(self) -> None:
        while self._work:
            _, future = self._work.popleft()
            future.set_exception(Transient("the runner has stopped", hint="start the server again"))
