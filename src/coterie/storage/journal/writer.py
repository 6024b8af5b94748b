"""The one thread that writes the journal: what came while a commit ran is the next commit."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from coterie.clock import Clock
from coterie.errors import CoterieError, Overloaded, Transient
from coterie.limits import Limits
from coterie.storage.journal.entry import Entry, Waiting, settle
from coterie.storage.journal.file import condense, insert, open_writer, parts_of, path_of, paths_of

_log = logging.getLogger("coterie.journal")
_ROW_BYTES = 64


class Writer:
    """Requests in a bounded queue, and the thread that makes them durable group by group.

    ``stored`` is told every group, in order, before anybody is answered.
    """

    def __init__(
        self, folder: Path, clock: Clock, limits: Limits, first: int, stored: Callable[[list[Entry]], None]
    ) -> None:
        self._folder, self._clock, self._limits, self._stored = folder, clock, limits, stored
        self._first = first
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._queue: list[Waiting] = []
        self._queue_bytes = 0
        self._open = True
        self._connection: sqlite3.Connection | None = None
        self._file_bytes = 0
        self._tidying: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self.position = 0
        """The last position given."""
        self.stamp = 0
        """The last instant given, or promised to be past."""
        self._flight_stamp: int | None = None
        self._turning: list[Future[None]] = []
        self.commits = 0
        self.refused = 0

    def start(self) -> None:
        """The file is open and the thread runs. Raises: sqlite3.Error."""
        path = path_of(self._folder, self._first)
        self._connection = open_writer(path)
        self._file_bytes = path.stat().st_size
        self._thread.start()
        left = [one for _, one in paths_of(self._folder)[:-1] if len(parts_of(one)) > 1]
        if left:
            self._aside(partial(_tidy, None, *left))

    def close(self) -> None:
        """Everything queued is durable, the thread is gone and the file is closed."""
        with self._lock:
            self._open = False
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._connection is not None:
            self._connection.close()
        for thread in self._tidying:
            thread.join()

    def put(self, waiting: Waiting) -> None:
        """The request is queued. Raises: Overloaded when too many wait, Transient when the journal is closed."""
        size = len(waiting.body) + _ROW_BYTES
        limits = self._limits
        with self._lock:
            if not self._open:
                raise Transient("the journal is closed", hint="the server is stopping; try again in a few seconds")
            queue = self._queue
            if len(queue) >= limits.journal_queue_entries_max or (
                queue and self._queue_bytes + size > limits.journal_queue_bytes_max
            ):
                self.refused += 1
                raise Overloaded(
                    f"{len(queue)} requests wait to be stored", hint="nothing of this one was kept: send it again"
                )
            idle = not queue
            queue.append(waiting)
            self._queue_bytes += size
        if idle:
            self._wake.set()

    def waiting(self) -> tuple[int, int]:
        """Return (requests, bytes) in the queue."""
        return len(self._queue), self._queue_bytes

    def horizon(self) -> int:
        """Return the present instant, or the last one before what is being committed; later stamps are greater, for ever."""
        with self._lock:
            if self._flight_stamp is not None:
                return self._flight_stamp - 1
            self.stamp = max(self.stamp, self._clock.now())
            return self.stamp

    def resume(self, position: int, stamp: int) -> None:
        """No position up to ``position`` and no stamp up to ``stamp`` is given from now on. Only before ``start``."""
        self.position, self.stamp = max(self.position, position), max(self.stamp, stamp)

    def turn(self, timeout_s: float) -> None:
        """Entries that come from now on are in a new file; those before it lie in files that nobody writes.

        Raises: Transient when the disk refuses, TimeoutError when it took longer.
        """
        done: Future[None] = Future()
        with self._lock:
            if not self._open:
                raise Transient("the journal is closed", hint="the server is stopping")
            self._turning.append(done)
        self._wake.set()
        done.result(timeout_s)
        for thread in self._tidying:
            thread.join(timeout_s)

    def _turn(self) -> None:
        with self._lock:
            waiting, self._turning = self._turning, []
        for one in waiting:
            try:
                if self.position >= self._first:
                    self._rotate(self.position + 1)
                one.set_result(None)
            except (sqlite3.Error, OSError) as error:
                one.set_exception(Transient(f"the journal cannot begin a new file: {error}", hint="is the disk full?"))

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            self._turn()
            while group := self._next():
                self._commit(group)
            if not self._open and not self._queue:
                return

    def _next(self) -> list[Waiting]:
        """Return what is queued, at most one commit's worth, oldest first."""
        bytes_max = self._limits.journal_group_bytes_max
        with self._lock:
            queue, size = self._queue, self._queue_bytes
            if size <= bytes_max:
                self._queue, self._queue_bytes = [], 0
                return queue
            count = size = 0
            while count < len(queue) and (not count or size < bytes_max):
                size += len(queue[count].body) + _ROW_BYTES
                count += 1
            self._queue = queue[count:]
            self._queue_bytes -= size
            return queue[:count]

    def _commit(self, group: list[Waiting]) -> None:
        with self._lock:
            stamp = self._flight_stamp = max(self._clock.now(), self.stamp + 1)
            self.stamp = stamp
        position = self.position
        rows = [Entry(position + n, stamp, one.route, one.source, one.body) for n, one in enumerate(group, 1)]
        error = self._write(rows)
        if error is None:
            self.position = rows[-1].position
            self.commits += 1
            for row, one in zip(rows, group, strict=True):
                one.position = row.position
            self._stored(rows)
        else:
            for one in group:
                one.error = error
        with self._lock:
            self._flight_stamp = None
        _answer(group)

    def _write(self, rows: list[Entry]) -> CoterieError | None:
        """Return ``None`` when the rows are durable, else why not one of them is."""
        try:
            if self._file_bytes >= self._limits.journal_file_bytes_max:
                self._rotate(rows[0].position)
            assert self._connection is not None
            insert(self._connection, rows)
        except (sqlite3.Error, OSError, ValueError, MemoryError) as error:
            _log.error("the journal cannot be written: %s (%d requests were not accepted)", error, len(rows))
            return Transient(
                f"the journal cannot be written: {error}",
                hint="nothing of this request was kept: send it again; the operator must make room on the disk",
            )
        self._file_bytes += sum(len(row.body) + _ROW_BYTES for row in rows)
        return None

    def _rotate(self, first: int) -> None:
        """Writing goes on in a new file; the old one is put in order by a thread that nobody waits for."""
        connection = open_writer(path_of(self._folder, first))
        old, self._connection = self._connection, connection
        path, self._first, self._file_bytes = path_of(self._folder, self._first), first, 0
        self._aside(partial(_tidy, old, path))

    def _aside(self, work: Callable[[], object]) -> None:
        """A thread of its own does ``work``; ``close`` waits for it."""
        thread = threading.Thread(target=work, name="journal-tidy", daemon=True)
        self._tidying = [one for one in self._tidying if one.is_alive()] + [thread]
        thread.start()


def _tidy(connection: sqlite3.Connection | None, *paths: Path) -> None:
    if connection is not None:
        connection.close()
    for path in paths:
        try:
            condense(path)
        except sqlite3.Error as error:
            _log.warning("the journal file %s keeps its write-ahead log for now: %s", path.name, error)


def _answer(group: list[Waiting]) -> None:
    """Everybody who waits for ``group`` is told: event loops once each, threads one by one."""
    loops = {one.future.get_loop() for one in group if one.future is not None}
    for loop in loops:
        mine = group if len(loops) == 1 else [o for o in group if o.future is not None and o.future.get_loop() is loop]
        try:
            loop.call_soon_threadsafe(settle, mine)
        except RuntimeError:
            _log.warning("an event loop went away before its %d requests were answered; they are stored", len(mine))
    for one in group:
        if one.done is not None:
            one.done.set()
