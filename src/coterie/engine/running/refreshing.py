"""Segments with a schedule: computed by the batch reader when they are due, beside the runner, and committed by it."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager
from typing import Any

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.moves import table_of
from coterie.engine.running.following import Amendment
from coterie.engine.running.state import State
from coterie.engine.running.switching import Switch, members_of
from coterie.errors import CoterieError, NotFound, Transient, nearest
from coterie.model import Cause
from coterie.segments.cron import next_turn
from coterie.segments.definition import Schedule, Segment
from coterie.segments.durations import us_of
from coterie.storage.state import refreshes
from coterie.storage.state.refreshes import Refresh

_log = logging.getLogger("coterie.refresh")

LOOK_S = 0.25
"""How often it is looked whether something is due."""
CHANGES_MAX = 10_000
"""Changes of a refresh in one commit: about 0.1 s in which the runner does nothing else."""
PATIENCE_S = 10.0
RETRY_US = 60_000_000
"""After a refresh that failed the next try waits so long."""


class RefreshState(Struct, frozen=True, kw_only=True):
    """One scheduled segment. ``last`` is ``None`` before the first refresh; ``next_at`` is when it is due, ``None``: never again."""

    segment: str
    version: int
    schedule: str
    next_at: int | None
    last: Refresh | None
    running: bool
    problem: str = ""
    """Why the last try failed."""


class Refreshes:
    """Keeps scheduled segments as fresh as they ask to be. ``start`` begins a thread; without it, call ``refresh_due``.

    What was missed while nothing ran is made up for once. The answer is that of the batch reader at the instant until which
    the runner had taken everything in, which is the answer a live segment had then.
    """

    def __init__(self, runner: Any, switch: Switch) -> None:
        self._runner, self._switch, self._project = runner, switch, runner.project
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._known: tuple[int, list[Segment]] | None = None
        self._running = ""
        self._failed: dict[str, tuple[int, str]] = {}

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────

    def alone(self) -> AbstractContextManager[object]:
        """Return a context in which nothing is refreshed; a refresh under way is waited for."""
        return self._lock

    def states(self) -> list[RefreshState]:
        """Return every scheduled segment in force, sorted by key."""
        last = refreshes.all_of(self._runner.database.reader())
        return [
            RefreshState(
                segment=one.key,
                version=one.version,
                schedule=_says(one),
                next_at=self._next(one, last.get(one.key)),
                last=last.get(one.key),
                running=self._running == one.key,
                problem=self._failed.get(one.key, (0, ""))[1],
            )
            for one in self._scheduled()
        ]

    def due(self, now: int) -> list[str]:
        """Return the keys of the segments that are due at ``now``: those that waited longest first, each after what it refers to."""
        waiting = [one for one in self.states() if one.next_at is not None and one.next_at <= now]
        order = {key: place for place, key in enumerate(self._catalog().keys)} if len(waiting) > 1 else {}
        waiting.sort(key=lambda one: (one.next_at or 0, order.get(one.segment, 0)))
        return [one.segment for one in waiting]

    def _catalog(self) -> Any:
        return definitions.catalog(self._project, definitions.in_use(self._project))

    def _scheduled(self) -> list[Segment]:
        known = self._known
        if known is None or known[0] != self._switch.settled:
            edition = self._switch.settled
            found = [one for one in definitions.in_use(self._project) if not one.is_live]
            known = self._known = (edition, sorted(found, key=lambda one: one.key))
        return known[1]

    def _next(self, segment: Segment, last: Refresh | None) -> int | None:
        """Return when the segment is due: at once before its first refresh and after an edit."""
        failed = self._failed.get(segment.key)
        if failed is not None:
            return failed[0] + RETRY_US
        if last is None or last.version != segment.version:
            return 0
        assert isinstance(segment.refresh, Schedule)
        if segment.refresh.every is not None:
            return last.at + us_of(segment.refresh.every)
        zone = segment.time_zone or self._project.settings.time_zone
        return next_turn(str(segment.refresh.cron), last.at, zone)

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────────────

    def refresh(self, key: str) -> Refresh:
        """The segment's members are those of now, whether it was due or not. Raises: NotFound, and what reading the log raises.

        Cost: one statement of the batch reader on the caller's thread; the runner only compares and commits.
        """
        with self._lock:
            self._running = key
            try:
                while True:
                    found = self._once(key)
                    if found is not None:
                        self._failed.pop(key, None)
                        return found
            finally:
                self._running = ""

    def refresh_due(self, now: int) -> list[Refresh]:
        """Everything that was due at ``now`` has been refreshed; what fails waits a minute and says why in ``states``."""
        done = []
        for key in self.due(now):
            if self._stopping.is_set():
                break
            try:
                done.append(self.refresh(key))
            except CoterieError as error:
                _log.warning("the refresh of %s failed: %s", key, error)
                self._failed[key] = (now, str(error))
        return done

    def _segment(self, key: str) -> Segment:
        scheduled = {one.key: one for one in self._scheduled()}
        if key not in scheduled:
            raise NotFound(
                f"no scheduled segment {key!r}", hint=nearest(key, scheduled) or "segments with refresh: live need none"
            )
        return scheduled[key]

    def _settled(self) -> int:
        """Return the edition in force once its definitions are files. Raises: Transient when they do not become files."""
        deadline = time.monotonic() + PATIENCE_S
        while (edition := self._switch.edition) != self._switch.settled:
            if time.monotonic() > deadline or self._stopping.is_set():
                raise Transient("definitions are being changed", hint="try again")
            time.sleep(0.01)
        return edition

    def _once(self, key: str) -> Refresh | None:
        """Return the refresh, ``None`` when the definitions were edited meanwhile."""
        edition = self._settled()
        segment = self._segment(key)
        began = time.perf_counter()
        at: int = self._runner.between(lambda state: state.now).result()
        self._runner.land()
        catalog = self._catalog()
        with History(self._project.events) as history:
            members = history.members_at(catalog, key, at)
        _log.info("%s has %d members at %d", key, len(members), at)
        canonical = self._runner.identities.canonical
        now = {canonical(one) for one in members}
        held = set(members_of(self._runner.database.reader(), key))
        entered, exited = sorted(now - held), sorted(held - now)
        found = Refresh(
            segment=key,
            version=segment.version,
            at=at,
            seconds=time.perf_counter() - began,
            size=len(now),
            entered=len(entered),
            exited=len(exited),
        )
        return found if self._commit(found, entered, exited, edition) else None

    def _commit(self, refresh: Refresh, entered: list[str], exited: list[str], edition: int) -> bool:
        """Return whether the changes are committed, some thousands at a time, and the refresh with the last; false: stale.

        A crash on the way leaves some of them: the refresh counts as not done, and the next one tells the rest.
        """
        moves = [*((one, False) for one in exited), *((one, True) for one in entered)]
        for start in range(0, max(len(moves), 1), CHANGES_MAX):
            some = moves[start : start + CHANGES_MAX]
            last = start + CHANGES_MAX >= len(moves)

            def amend(state: State, some: list[tuple[str, bool]] = some, last: bool = last) -> Amendment | None:
                if self._switch.edition != edition:
                    return None
                come, gone = [one for one, into in some if into], [one for one, into in some if not into]
                table = table_of(refresh.segment, refresh.version, come, gone, state.now, Cause.REFRESH)
                write = (lambda connection: refreshes.put(connection, refresh)) if last else None
                return Amendment(result=refresh, changes=[table], write=write)

            if self._runner.between(amend).result() is None:
                return False
        return True

    # ── the thread ───────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """A thread refreshes what is due, until ``stop``."""
        self._thread = threading.Thread(target=self._run, name="coterie-refresh", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """The thread has ended; a refresh under way was finished, if it took no longer than ``timeout_s``."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            status = self._runner.status()
            if not status.ready:
                continue
            try:
                self.refresh_due(status.advanced_to)
            except CoterieError as error:
                _log.warning("nothing was refreshed: %s", error)


def _says(segment: Segment) -> str:
    assert isinstance(segment.refresh, Schedule)
    return segment.refresh.says()
