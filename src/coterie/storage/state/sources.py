"""How far each source has been read: written by the commit that holds what was read."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    source TEXT PRIMARY KEY, position TEXT NOT NULL, events INTEGER NOT NULL, refused INTEGER NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;
"""
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What is committed of one source."""

    position: dict[str, Any]
    events: int
    refused: int
    at: int
    """When the newest of it arrived, in µs since 1970 UTC."""


def fold(connection: sqlite3.Connection, readings: Mapping[str, Reading]) -> None:
    """The positions are these; events and refusals are added to what was counted before."""
    connection.executemany(
        "INSERT INTO sources VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (source) DO UPDATE SET"
        " position = ?2, events = events + ?3, refused = refused + ?4, at = ?5",
        [
            (name, msgspec.json.encode(one.position).decode(), one.events, one.refused, one.at)
            for name, one in readings.items()
        ],
    )


def read(connection: sqlite3.Connection) -> dict[str, Reading]:
    """Return what is committed of every source."""
    rows = connection.execute("SELECT source, position, events, refused, at FROM sources ORDER BY source")
    return {
        name: Reading(position=_decode(position), events=events, refused=refused, at=at)
        for name, position, events, refused, at in rows
    }


def forget(connection: sqlite3.Connection, source: str) -> None:
    """The source is read from its beginning next time."""
    connection.execute("DELETE FROM sources WHERE source = ?", (source,))
