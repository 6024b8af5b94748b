"""The journal as its users see it: append and be sure, read what came, know up to when nothing more can come."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
from itertools import pairwise
from pathlib import Path

from coterie.clock import Clock, SystemClock
from coterie.errors import Held, Terminal
from coterie.limits import DEFAULT, Limits
from coterie.storage.journal.entry import Entry, Waiting
from coterie.storage.journal.file import open_reader, parts_of, paths_of, select
from coterie.storage.journal.recovery import recover
from coterie.storage.journal.ring import Ring
from coterie.storage.journal.writer import Writer
from coterie.storage.lock import Lock

_log = logging.getLogger("coterie.journal")


class Journal:
    """Requests in ``folder``, in files of SQLite, each durable before its ``append`` returns.

    One process writes it: making a second one raises Held until the first is closed. Any thread may append and read. A ``read``
    of what is recent costs no disk.
    """

    def __init__(self, folder: Path, clock: Clock | None = None, limits: Limits = DEFAULT) -> None:
        self._folder, self._limits = Path(folder), limits
        self.clock: Clock = clock or SystemClock()
        self._lock = Lock(self._folder / ".lock")
        if not self._lock.take(f"process {os.getpid()}"):
            raise Held(
                f"the journal {self._folder} is in use by {self._lock.holder()}",
                hint="one process writes a journal: stop that one",
            )
        found = recover(self._folder)
        self.told = found.told
        """What was found damaged at the start and what was done about it, in words; empty when all was well."""
        for line in found.told:
            _log.error("%s", line)
        self.head = found.head
        """The last durable position; 0 before the first entry."""
        self._moved = threading.Condition()
        self._ring = Ring(found.head, limits.journal_ring_bytes_max)
        self._writer = Writer(self._folder, self.clock, limits, found.first, self._stored)
        self._writer.resume(found.head, found.stamp)
        self._reading = threading.Lock()
        self._reader: tuple[Path, sqlite3.Connection] | None = None

    def start(self) -> None:
        """Appends are taken. Raises: sqlite3.Error when the newest file cannot be opened."""
        self._writer.start()

    def close(self) -> None:
        """Everything that was queued is durable, and every file is closed. Further appends are refused as Transient."""
        self._writer.close()
        with self._reading:
            self._close_reader()
        self._lock.release()

    def resume(self, position: int, stamp: int) -> None:
        """No position up to ``position`` and no stamp up to ``stamp`` is given any more. Call it before ``start``.

        Whoever follows the journal calls it with how far it has come, so that a journal that lost its end (a disk that
        lied, a restored backup) never gives out a position that was already seen.
        """
        self._writer.resume(position, stamp)
        if position > self.head:
            _log.error("the journal ends at %d, but %d was already seen: it goes on after that", self.head, position)
            self.head = position
            self._ring.reset(position)

    async def append(self, route: str, source: str, body: bytes) -> int:
        """Return the position of the request once it is durable.

        Cost: about 10 µs of the loop and one group commit (1 to 5 ms) of waiting. Raises: Overloaded (429) when too many
        wait already, Transient (503) when it could not be stored, on a full disk for one; nothing was kept then.
        """
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writer.put(Waiting(route, source, body, future))
        return await future

    def append_now(self, route: str, source: str, body: bytes) -> int:
        """Return the position of the request once it is durable; for threads without an event loop. Raises as ``append``."""
        waiting = Waiting(route, source, body, None)
        self._writer.put(waiting)
        assert waiting.done is not None
        waiting.done.wait()
        if waiting.error is not None:
            raise waiting.error
        return waiting.position

    def read(self, after: int, entries_max: int = 1_000, bytes_max: int = 1 << 24) -> list[Entry]:
        """Return the entries after position ``after`` in order, at least one when there is one, within both bounds.

        Raises: Terminal when a file is damaged, naming it.
        """
        with self._moved:
            if after >= self.head:
                return []
            recent, until = self._ring.after(after, entries_max, bytes_max), self.head
        return self._read_files(after, until, entries_max, bytes_max) if recent is None else recent

    def wait(self, after: int, timeout_s: float) -> bool:
        """Return whether there is an entry after ``after``, as soon as there is one or when ``timeout_s`` has passed."""
        with self._moved:
            return self._moved.wait_for(lambda: self.head > after, timeout_s)

    def horizon(self) -> int:
        """Return an instant that no later entry is stamped with or before: timers up to it may fire once ``read`` is empty.

        Ask first, read then: what is durable already may bear an earlier stamp.
        """
        return self._writer.horizon()

    def oldest(self) -> int:
        """Return the first position that is still kept, or the next one when nothing is."""
        files = paths_of(self._folder)
        return files[0][0] if files else self.head + 1

    def forget(self, position: int) -> int:
        """Return how many files were removed: those that hold nothing after ``position``, never the newest."""
        files = paths_of(self._folder)
        gone = [path for (_, path), (after, _) in pairwise(files) if after <= position + 1]
        with self._reading:
            if self._reader is not None and self._reader[0] in gone:
                self._close_reader()
            for path in gone:
                for part in reversed(parts_of(path)):
                    part.unlink(missing_ok=True)
        return len(gone)

    def turn(self, timeout_s: float = 30.0) -> None:
        """Entries from now on go to a new file, so that ``forget`` can let go of every one before. Raises: Transient."""
        self._writer.turn(timeout_s)

    def size_bytes(self) -> int:
        """Return the size of the journal on the disk."""
        return sum(part.stat().st_size for _, path in paths_of(self._folder) for part in parts_of(path))

    def tallies(self) -> dict[str, int]:
        """Return plain figures for metrics: head, commits, waiting entries and bytes, refused appends."""
        entries, size = self._writer.waiting()
        return {
            "head": self.head,
            "commits": self._writer.commits,
            "waiting_entries": entries,
            "waiting_bytes": size,
            "overloaded": self._writer.refused,
        }

    def _stored(self, rows: list[Entry]) -> None:
        with self._moved:
            self._ring.extend(rows)
            self.head = rows[-1].position
            self._moved.notify_all()

    def _read_files(self, after: int, until: int, entries_max: int, bytes_max: int) -> list[Entry]:
        files = paths_of(self._folder)
        starts = [n for n, (first, _) in enumerate(files) if first <= after + 1]
        with self._reading:
            for _, path in files[starts[-1] if starts else 0 :]:
                try:
                    found = select(self._reader_of(path), after, until, entries_max, bytes_max)
                except sqlite3.Error as error:
                    self._close_reader()
                    raise Terminal(
                        f"the journal file {path} cannot be read: {error}",
                        hint="restore it from a backup, or move it aside",
                    ) from error
                if found:
                    return found
        return []

    def _reader_of(self, path: Path) -> sqlite3.Connection:
        if self._reader is None or self._reader[0] != path:
            self._close_reader()
            self._reader = (path, open_reader(path))
        return self._reader[1]

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader[1].close()
            self._reader = None
