"""Keys and the audit log: a small SQLite database of its own, so that losing or copying the data never moves the keys."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from coterie.storage.forgetting import condense
from coterie.values import canonical

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, scope TEXT NOT NULL, digest BLOB NOT NULL UNIQUE,
  digest_before BLOB, before_until INTEGER, events_per_s REAL NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER, used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, key_id TEXT NOT NULL, key_name TEXT NOT NULL,
  action TEXT NOT NULL, subject TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  origin TEXT NOT NULL, request_id TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_by_subject ON audit (subject, sequence);
"""
_KEPT = (
    "CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is kept'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_lasts BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is kept'); END",
)
_TOLD = ("subject", "before", "after")
"""Columns of the audit log that may be about a person."""


class KeyRow(Struct, frozen=True, kw_only=True):
    """A key as it is kept: SHA-256 digests, never the text. ``digest_before`` works until ``before_until`` after a rotation.

    ``events_per_s`` 0 means that the key has no rate of its own.
    """

    id: str
    name: str
    scope: str
    digest: bytes
    digest_before: bytes | None = None
    before_until: int | None = None
    events_per_s: float = 0.0
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None
    used_at: int | None = None


class AuditRow(Struct, frozen=True, kw_only=True):
    """One change by somebody: who (key), when, what, before and after as JSON text, from which address."""

    sequence: int = 0
    at: int
    key_id: str
    key_name: str
    action: str
    subject: str
    before: str = "null"
    after: str = "null"
    origin: str = ""
    request_id: str = ""


class AccessStore:
    """Keys and audit rows in the SQLite file ``path``, readable by its owner only. Every write is durable when it returns."""

    def __init__(self, path: str | Path) -> None:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        self._lock = threading.Lock()
        self._path = file
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA busy_timeout=5000")
        self._db.executescript(_SCHEMA)
        for statement in _KEPT:
            self._db.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def key_rows(self) -> list[KeyRow]:
        """Return every key that ever was, oldest first."""
        with self._lock:
            names = ", ".join(KeyRow.__struct_fields__)
            rows = self._db.execute(f"SELECT {names} FROM keys ORDER BY created_at, id").fetchall()
        return [KeyRow(**dict(zip(KeyRow.__struct_fields__, row, strict=True))) for row in rows]

    def put(self, key: KeyRow, said: AuditRow) -> None:
        """Keep the key in the place of one with its id, and the audit row that tells of it, both or neither."""
        names = KeyRow.__struct_fields__
        marks = ", ".join("?" * len(names))
        with self._transaction() as db:
            db.execute(
                f"INSERT OR REPLACE INTO keys ({', '.join(names)}) VALUES ({marks})",
                [getattr(key, name) for name in names],
            )
            _append(db, said)

    def used(self, instants: dict[str, int]) -> None:
        """Keep when each key was last used."""
        with self._transaction() as db:
            db.executemany("UPDATE keys SET used_at = ? WHERE id = ?", [(at, key) for key, at in instants.items()])

    def append(self, said: AuditRow) -> None:
        """Keep one audit row for ever."""
        with self._transaction() as db:
            _append(db, said)

    def audit(
        self, *, before: int | None = None, limit: int = 100, subject: str = "", action: str = "", key_id: str = ""
    ) -> list[AuditRow]:
        """Return audit rows, newest first, older than the sequence number ``before``, narrowed where asked."""
        names = AuditRow.__struct_fields__
        with self._lock:
            rows = self._db.execute(
                f"SELECT {', '.join(names)} FROM audit WHERE (?1 IS NULL OR sequence < ?1) AND (?2 = '' OR subject = ?2)"
                " AND (?3 = '' OR action = ?3) AND (?4 = '' OR key_id = ?4) ORDER BY sequence DESC LIMIT ?5",
                (before, subject, action, key_id, limit),
            ).fetchall()
        return [AuditRow(**dict(zip(names, row, strict=True))) for row in rows]

    def about(self, is_about: Callable[[str], bool]) -> int:
        """Return how many audit rows tell of somebody whom ``is_about`` says yes to."""
        with self._lock:
            return len(self._rows_about(is_about))

    def blot(self, is_about: Callable[[str], bool], blot: str) -> int:
        """Return how many audit rows told of such a person; that something was done stays, of whom and what does not."""
        with self._transaction() as db:
            found = self._rows_about(is_about)
            for name in ("audit_stays", "audit_lasts") if found else ():
                db.execute(f"DROP TRIGGER {name}")
            db.executemany(
                "UPDATE audit SET subject = ?1, before = ?2, after = ?2 WHERE sequence = ?3",
                [(blot, canonical(blot), number) for number in found],
            )
            for statement in _KEPT if found else ():
                db.execute(statement)
        with self._lock:
            condense(self._db, self._path)
        return len(found)

    def older(self, before: int) -> int:
        """Return how many audit rows are of before the instant."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM audit WHERE at < ?", (before,)).fetchone()[0])

    def forget(self, before: int) -> int:
        """Return how many audit rows of before the instant went, as a rule of retention asked for."""
        with self._transaction() as db:
            db.execute("DROP TRIGGER audit_lasts")
            count = db.execute("DELETE FROM audit WHERE at < ?", (before,)).rowcount
            for statement in _KEPT:
                db.execute(statement)
        return count

    def _rows_about(self, is_about: Callable[[str], bool]) -> list[int]:
        rows = self._db.execute(f"SELECT sequence, {', '.join(_TOLD)} FROM audit")
        return [row[0] for row in rows if any(map(is_about, row[1:]))]

    def edition(self) -> int:
        """Return a number that changes when another process wrote. Cost: some µs."""
        with self._lock:
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the database; nothing may be asked afterwards."""
        with self._lock:
            self._db.close()


def _append(db: sqlite3.Connection, said: AuditRow) -> None:
    names = AuditRow.__struct_fields__[1:]
    db.execute(
        f"INSERT INTO audit ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        [getattr(said, name) for name in names],
    )
