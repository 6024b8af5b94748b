"""Proposed matches and what became of them: one SQLite file in the project. What was rejected stays rejected."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from coterie.errors import NotFound
from coterie.identity.matching.proposal import Proposal
from coterie.storage.forgetting import condense

State = Literal["proposed", "accepted", "rejected"]
SCHEMA = """CREATE TABLE IF NOT EXISTS matches (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, probability REAL NOT NULL, weight REAL NOT NULL, proposal BLOB NOT NULL,
    proposed_at INTEGER NOT NULL, decided_at INTEGER, decided_by TEXT NOT NULL DEFAULT ''
) STRICT"""


class Match(Struct, frozen=True):
    """A proposal, since when it stands, and what was decided; ``decided_by`` is who, or ``rule``."""

    proposal: Proposal
    state: State
    proposed_at: int
    decided_at: int | None = None
    decided_by: str = ""


class MatchStore:
    """The matches in the file ``path``. Every call opens it anew, so that several processes may use it."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def put(self, proposals: Iterable[Proposal], at: int) -> int:
        """Return how many proposals are new; those that nobody decided on and that were not found again are gone.

        A pair that was accepted or rejected before stays as it was.
        """
        with self._open() as connection:
            before = {row[0] for row in connection.execute("SELECT id FROM matches")}
            connection.execute("DELETE FROM matches WHERE state = 'proposed'")
            rows = [(one.id, one.probability, one.weight, msgspec.json.encode(one), at) for one in proposals]
            connection.executemany(
                "INSERT INTO matches (id, state, probability, weight, proposal, proposed_at)"
                " VALUES (?, 'proposed', ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                rows,
            )
            return len({row[0] for row in rows} - before)

    def all(self, state: State | None = None, limit: int = -1) -> list[Match]:
        """Return the matches in a state, or all, the most probable first."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT proposal, state, proposed_at, decided_at, decided_by FROM matches"
                " WHERE ? IS NULL OR state = ? ORDER BY weight DESC, id LIMIT ?",
                (state, state, limit),
            )
            return [_match(row) for row in rows]

    def get(self, match_id: str) -> Match:
        """Return one match, by its id or the beginning of it. Raises: NotFound."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT proposal, state, proposed_at, decided_at, decided_by FROM matches"
                " WHERE substr(id, 1, length(?)) = ? LIMIT 2",
                (match_id, match_id),
            ).fetchall()
        if len(rows) != 1 or not match_id:
            what = "several matches begin with" if len(rows) > 1 else "no match"
            raise NotFound(f"{what} {match_id!r}", hint="see them: coterie match list")
        return _match(rows[0])

    def decide(self, match_id: str, state: State, at: int, by: str) -> None:
        """The match is accepted or rejected at ``at`` by somebody."""
        with self._open() as connection:
            connection.execute(
                "UPDATE matches SET state = ?, decided_at = ?, decided_by = ? WHERE id = ?", (state, at, by, match_id)
            )

    def about(self, is_about: Callable[[Proposal], bool]) -> int:
        """Return how many matches are about somebody."""
        return sum(is_about(match.proposal) for match in self.all()) if self.path.exists() else 0

    def erase(self, is_about: Callable[[Proposal], bool]) -> None:
        """No match is about somebody, whatever was decided; nothing of it is in the file."""
        if not self.path.exists():
            return
        gone = [(match.proposal.id,) for match in self.all() if is_about(match.proposal)]
        with self._open() as connection:
            connection.executemany("DELETE FROM matches WHERE id = ?", gone)
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            condense(connection, self.path)
        finally:
            connection.close()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            connection.execute(SCHEMA)
            with connection:
                yield connection
        finally:
            connection.close()


def _match(row: tuple[bytes, State, int, int | None, str]) -> Match:
    proposal, state, proposed_at, decided_at, decided_by = row
    return Match(msgspec.json.decode(proposal, type=Proposal), state, proposed_at, decided_at, decided_by)
