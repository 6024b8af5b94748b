"""SQLite files without some people: any row of any table that a test says is about them goes, and its bytes with it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from coterie.errors import Transient

MAGIC = b"SQLite format 3\x00"
WAIT_S = 60.0
"""How long readers of a file may be in the way before it is given up for now."""


def count_rows(path: Path, is_about: Callable[[str | bytes], bool]) -> int:
    """Return how many rows of a database have a value that ``is_about`` says yes to."""
    with _opened(path, is_about) as connection:
        conditions = _conditions(connection)
        found = [
            connection.execute(f'SELECT count(*) FROM "{table}" WHERE {told}') for table, told in conditions.items()
        ]
        return sum(int(one.fetchone()[0]) for one in found)


def erase_rows(path: Path, is_about: Callable[[str | bytes], bool]) -> int:
    """Return how many rows of a database went: those with a value that ``is_about`` says yes to. Nothing of them is in the file.

    Raises: Transient when somebody keeps the file busy.
    """
    with _opened(path, is_about) as connection:
        connection.execute("PRAGMA secure_delete=ON").fetchall()
        count = 0
        connection.execute("BEGIN IMMEDIATE")
        for table, condition in _conditions(connection).items():
            count += connection.execute(f'DELETE FROM "{table}" WHERE {condition}').rowcount
        connection.execute("COMMIT")
        condense(connection, path)
        return count


def condense(connection: sqlite3.Connection, path: Path) -> None:
    """What was deleted is in no page of the file and not in its log of commits. Cost: one pass over the file.

    Raises: Transient when readers were in the way for ``WAIT_S``.
    """
    deadline = time.monotonic() + WAIT_S
    _retried(connection, "VACUUM", deadline, path)
    while True:
        told = _retried(connection, "PRAGMA wal_checkpoint(TRUNCATE)", deadline, path)
        if not told or told[0][0] == 0:
            return
        _pause(deadline, path)


def _retried(connection: sqlite3.Connection, statement: str, deadline: float, path: Path) -> list[tuple[int, ...]]:
    while True:
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise Transient(f"{path.name} cannot be rewritten: {error}", hint="is the disk full?") from error
            _pause(deadline, path)


def _pause(deadline: float, path: Path) -> None:
    if time.monotonic() > deadline:
        raise Transient(
            f"{path.name} was busy for {WAIT_S:.0f} s", hint="the erasure goes on when it is asked for again"
        )
    time.sleep(0.02)


@contextmanager
def _opened(path: Path, is_about: Callable[[str | bytes], bool]) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)

    def about(value: object) -> bool:
        return isinstance(value, str | bytes) and is_about(value)

    connection.create_function("about", 1, about, deterministic=True)
    try:
        yield connection
    finally:
        connection.close()


def _conditions(connection: sqlite3.Connection) -> dict[str, str]:
    return {
        table: " OR ".join(f'about("{one}")' for one in columns_of(connection, table))
        for table in tables_of(connection)
    }


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """Return the tables of a database, sorted."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
    )
    return [row[0] for row in rows]


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table, in order."""
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
