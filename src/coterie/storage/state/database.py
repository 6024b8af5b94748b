"""The file ``state.db``: one writer, readers that never wait for it, and a check that the file is whole."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from coterie.errors import CoterieError, Transient
from coterie.storage.forgetting import condense

Connection = sqlite3.Connection
"""What the tables of this folder are given."""
CACHE_KIB = 128 * 1024
"""Pages that the writer keeps in memory; readers keep an eighth."""
MAP_BYTES = 8 << 30
"""The file is read through the page cache of the system up to this size."""
PAGE = 8192
BUSY_MS = 10_000
"""How long a writer waits for another one."""
LOG_KEPT_BYTES = 8 << 20
"""Size to which the log of commits is cut when it begins anew, so that its size tells what is in it."""
SIDE_FILES = ("-wal", "-shm")


class Damaged(CoterieError):
    """The file of committed state cannot be read; the log and the journal hold everything that it held."""


class StateDatabase:
    """Committed state at ``path``. The writer belongs to one thread at a time; every other thread reads by ``reader``.

    WAL with ``synchronous=NORMAL``: a crash of the process loses nothing, a power cut may lose the last commits. They are
    computed again from the journal. Raises: Damaged when the file is not whole.
    """

    def __init__(self, path: Path, schema: str = "") -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        try:
            self.writer = self._connect(CACHE_KIB)
            self.writer.execute(f"PRAGMA page_size={PAGE}")
            self.writer.execute("PRAGMA journal_mode=WAL")
            for setting in ("synchronous=NORMAL", "wal_autocheckpoint=0", "secure_delete=OFF"):
                self.writer.execute(f"PRAGMA {setting}")
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._check()
            if schema:
                self.writer.executescript(schema)
        except sqlite3.OperationalError as error:
            raise Transient(
                f"the committed state cannot be opened: {error}", hint="is the disk full or read-only?"
            ) from error
        except sqlite3.DatabaseError as error:
            raise Damaged(f"{path.name} is damaged: {error}") from error

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        made = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=256)
        for setting in (
            f"cache_size=-{cache_kib}",
            f"mmap_size={MAP_BYTES}",
            "temp_store=MEMORY",
            f"busy_timeout={BUSY_MS}",
            f"journal_size_limit={LOG_KEPT_BYTES}",
        ):
            made.execute(f"PRAGMA {setting}").fetchall()
        return made

    def _check(self) -> None:
        (pages,), (size,) = (self.writer.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
        if self.path.stat().st_size < pages * size:
            raise sqlite3.DatabaseError(f"{self.path.stat().st_size} bytes of {pages * size}")

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def transaction(self, *, aside: bool = False) -> Iterator[sqlite3.Connection]:
        """Yield the writer inside a transaction: all of it is committed, or nothing. Raises: Transient when the disk is full.

        ``aside`` is for other threads than the writer's: they wait for each other.
        """
        writer = self.reader() if aside else self.writer
        try:
            writer.execute("BEGIN IMMEDIATE")
            yield writer
            writer.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                writer.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise Transient(f"the commit failed: {error}", hint="is the disk full?") from error
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError):
                raise Damaged(f"{self.path.name} is damaged: {error}") from error
            raise

    def checkpoint(self, *, restart: bool = False) -> None:
        """What was committed is in the file and synced, as far as no reader is in the way. Safe beside the writer.

        With ``restart`` the log of commits begins anew, unless somebody reads in it just now: nobody is waited for. Only the
        writer's thread asks for that.
        """
        if restart:
            self.writer.execute("PRAGMA busy_timeout=0").fetchall()
            self.writer.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
            self.writer.execute(f"PRAGMA busy_timeout={BUSY_MS}").fetchall()
        else:
            self.reader().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def condense(self) -> None:
        """Nothing that was deleted is in the file or its log of commits any more. Cost: one pass over the file, about 1 s per GB.

        On the writer's thread, between two transactions. Raises: Transient when readers were in the way all the while.
        """
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            condense(connection, self.path)
        finally:
            connection.close()

    def log_bytes(self) -> int:
        """Return the size of the log of commits."""
        try:
            return os.stat(f"{self.path}-wal").st_size
        except FileNotFoundError:
            return 0

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────

    def reader(self) -> sqlite3.Connection:
        """Return this thread's own connection for reading."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._connect(CACHE_KIB // 8)
            with self._lock:
                self._readers.append(found)
        return found

    def connect(self) -> sqlite3.Connection:
        """Return a connection in autocommit that belongs to the caller, who closes it; for short writes beside the runner's."""
        return self._connect(CACHE_KIB // 8)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Yield this thread's reader; everything read inside is of the state that is committed now."""
        reader = self.reader()
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        try:
            yield reader
        finally:
            reader.execute("COMMIT")

    def close(self) -> None:
        """No connection is open; what was committed is in the file."""
        with suppress(sqlite3.Error):
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with self._lock:
            for reader in self._readers:
                with suppress(sqlite3.Error):
                    reader.close()
            self._readers.clear()
        self.writer.close()
        self._local = threading.local()


def set_aside(path: Path) -> Path:
    """The damaged file has another name, and its side files too; return the new name."""
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for side in SIDE_FILES:
        with suppress(FileNotFoundError):
            os.rename(f"{path}{side}", f"{target}{side}")
    os.rename(path, target)
    return target


def salvage(source: Path, database: StateDatabase, tables: Sequence[str]) -> int:
    """Return how many rows of ``tables`` could be copied from a damaged file: of each, those before the damage."""
    count = 0
    reader = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    for table in tables:
        with suppress(sqlite3.Error), database.transaction() as connection:
            count += _copy(reader, connection, table)
    reader.close()
    return count


def _copy(reader: sqlite3.Connection, writer: sqlite3.Connection, table: str) -> int:
    count = 0
    with suppress(sqlite3.Error):
        for row in reader.execute(f"SELECT * FROM {table}"):
            writer.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            count += 1
    return count
