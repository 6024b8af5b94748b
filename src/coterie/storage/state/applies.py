"""Definitions that an edit put into force and that are not files yet: committed together with the changes the edit made."""

from __future__ import annotations

import sqlite3

import msgspec
from msgspec import Struct

from coterie.storage.applied import Apply

SCHEMA = """
CREATE TABLE IF NOT EXISTS applies (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
"""


class Pending(Struct, frozen=True, kw_only=True):
    """An apply, and the files of ``segments/`` that say the same: name → text, ``None`` for one that is to go."""

    apply: Apply
    files: dict[str, str | None] = {}


def add(connection: sqlite3.Connection, pending: Pending) -> None:
    """The apply is in force and waits to be written as files."""
    body = msgspec.json.encode(pending).decode()
    connection.execute("INSERT INTO applies VALUES (?, ?)", (pending.apply.number, body))


def waiting(connection: sqlite3.Connection) -> list[Pending]:
    """Return what waits, oldest first."""
    rows = connection.execute("SELECT body FROM applies ORDER BY number")
    return [msgspec.json.decode(body, type=Pending) for (body,) in rows]


def forget(connection: sqlite3.Connection, number: int) -> None:
    """That apply is in files."""
    connection.execute("DELETE FROM applies WHERE number = ?", (number,))
