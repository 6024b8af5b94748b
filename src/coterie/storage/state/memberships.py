"""Who is in which segment as committed: since when, and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

SCHEMA = """
CREATE TABLE IF NOT EXISTS memberships (
    profile TEXT NOT NULL, segment TEXT NOT NULL, version INTEGER NOT NULL, since INTEGER NOT NULL,
    cause TEXT NOT NULL, event_id TEXT NOT NULL, PRIMARY KEY (profile, segment)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS members ON memberships (segment, profile);
CREATE TABLE IF NOT EXISTS sizes (segment TEXT PRIMARY KEY, members INTEGER NOT NULL) WITHOUT ROWID;
"""

_LAST = """
WITH last AS MATERIALIZED (
    SELECT max(sequence) AS sequence FROM changes WHERE sequence > ? AND sequence <= ? GROUP BY profile, segment
)
"""


def fold(connection: sqlite3.Connection, after: int, until: int) -> None:
    """The memberships are those after the kept changes with ``after`` < sequence ≤ ``until``. Three statements."""
    if until <= after:
        return
    connection.execute(
        f"{_LAST} INSERT OR REPLACE INTO memberships SELECT profile, segment, version, at, cause, event_id"
        " FROM changes JOIN last USING (sequence) WHERE direction = 'entered'",
        (after, until),
    )
    connection.execute(
        f"{_LAST} DELETE FROM memberships WHERE (profile, segment) IN"
        " (SELECT profile, segment FROM changes JOIN last USING (sequence) WHERE direction = 'exited')",
        (after, until),
    )
    connection.execute(
        "INSERT INTO sizes SELECT segment, sum(CASE direction WHEN 'entered' THEN 1 ELSE -1 END)"
        " FROM changes WHERE sequence > ? AND sequence <= ? GROUP BY segment"
        " ON CONFLICT (segment) DO UPDATE SET members = members + excluded.members",
        (after, until),
    )


def replace(connection: sqlite3.Connection, rows: Iterable[tuple[str, str, int, int, str, str]]) -> None:
    """The memberships are these (profile, segment, version, since, cause, event_id), and no others."""
    connection.execute("DELETE FROM memberships")
    connection.execute("DELETE FROM sizes")
    connection.executemany("INSERT INTO memberships VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("INSERT INTO sizes SELECT segment, count(*) FROM memberships GROUP BY segment")


def keep_sizes(connection: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Exactly these segments have a size, those without members too."""
    listed = (msgspec.json.encode(sorted(keys)).decode(),)
    connection.execute("DELETE FROM sizes WHERE segment NOT IN (SELECT value FROM json_each(?))", listed)
    connection.execute("INSERT OR IGNORE INTO sizes SELECT value, 0 FROM json_each(?)", listed)


def sizes(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many members each segment has."""
    return dict(connection.execute("SELECT segment, members FROM sizes ORDER BY segment"))


def of_profile(connection: sqlite3.Connection, profile: str) -> list[tuple[str, int, int, str, str]]:
    """Return (segment, version, since, cause, event_id) of one person's memberships, by segment."""
    return connection.execute(
        "SELECT segment, version, since, cause, event_id FROM memberships WHERE profile = ? ORDER BY segment",
        (profile,),
    ).fetchall()


def of_segment(
    connection: sqlite3.Connection, segment: str, after: str, limit: int
) -> list[tuple[str, int, int, str, str]]:
    """Return (profile, version, since, cause, event_id) of a segment's members after the profile ``after``, by profile."""
    return connection.execute(
        "SELECT profile, version, since, cause, event_id FROM memberships INDEXED BY members"
        " WHERE segment = ? AND profile > ? ORDER BY profile LIMIT ?",
        (segment, after, limit),
    ).fetchall()


def all_of(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the members of every segment. Cost: one pass over everybody."""
    found: dict[str, set[str]] = {}
    for segment, profile in connection.execute("SELECT segment, profile FROM memberships"):
        found.setdefault(segment, set()).add(profile)
    return found
