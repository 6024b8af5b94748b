"""The outbox: what is to be delivered, written in the commit that decided it, and what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from coterie.errors import Transient
from coterie.triggers.delivery import Delivery

SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, trigger TEXT NOT NULL, destination TEXT NOT NULL,
    profile TEXT NOT NULL, run TEXT NOT NULL, payload BLOB NOT NULL, priority INTEGER NOT NULL,
    decided_at INTEGER NOT NULL, due_at INTEGER NOT NULL, not_before INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, last_error TEXT NOT NULL DEFAULT '',
    tried_at INTEGER NOT NULL DEFAULT 0, finished_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (destination, priority, not_before, id)
    WHERE state IN ('waiting', 'failed');
CREATE INDEX IF NOT EXISTS outbox_person ON outbox (destination, profile, due_at, id)
    WHERE state IN ('waiting', 'failed');
CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, id);
CREATE INDEX IF NOT EXISTS outbox_finished ON outbox (finished_at) WHERE finished_at > 0;
"""
"""``due_at`` orders what one person gets; ``not_before`` is the next try, 0 when it was due as it was decided: at once then, whatever
the clock says (a clock moved by hand stands still while arrivals are stamped one after the other)."""

_COLUMNS = (
    "id, key, trigger, destination, profile, run, payload, priority, decided_at, due_at, not_before, attempts, state,"
    " last_error, tried_at, finished_at"
)
_PRIORITIES = range(9, -1, -1)
_OPEN = "state IN ('waiting', 'failed')"
_ON = "trigger NOT IN (SELECT key FROM triggers WHERE paused_at IS NOT NULL)"
_FIRST = (
    f"FROM outbox AS one INDEXED BY outbox_due WHERE destination = ? AND priority = ? AND {_OPEN} AND {_ON}"
    " AND NOT EXISTS (SELECT 1 FROM outbox AS earlier INDEXED BY outbox_person"
    " WHERE earlier.destination = one.destination AND earlier.profile = one.profile"
    f" AND earlier.{_OPEN} AND earlier.{_ON} AND (earlier.due_at, earlier.id) < (one.due_at, one.id))"
)
"""Of each person the earliest letter that is not done; what belongs to a paused trigger holds nobody up."""


_MARK = (
    "UPDATE outbox SET state = ?, not_before = max(not_before, ?), attempts = attempts + ?, last_error = ?,"
    " tried_at = CASE WHEN ? THEN ? ELSE tried_at END, finished_at = ?,"
    f" payload = CASE WHEN length(?) > 0 THEN ? ELSE payload END WHERE id = ? AND {_OPEN}"
)


class Letter(Struct, frozen=True, kw_only=True):
    """One row of the outbox. ``payload`` is JSON; instants are microseconds, 0 for never."""

    id: int
    key: str
    trigger: str
    destination: str
    profile: str
    run: str
    payload: bytes
    priority: int
    decided_at: int
    due_at: int
    not_before: int
    attempts: int
    state: str
    last_error: str
    tried_at: int
    finished_at: int


class Mark(Struct, frozen=True, kw_only=True):
    """What became of one try. ``payload`` replaces the one kept (what was gathered for it), unless empty."""

    id: int
    state: str
    at: int
    not_before: int = 0
    tries: int = 1
    """Tries that count: none for the probe of a destination that is down."""
    tried: bool = True
    error: str = ""
    payload: bytes = b""


@contextmanager
def _reached() -> Iterator[None]:
    """What the database refuses for now (it is locked, the disk is full) is Transient."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Transient(f"the outbox cannot be read or written: {error}") from error


class Outbox:
    """The table on one connection (of autocommit); ``add`` is called inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, deliveries: Iterable[Delivery]) -> int:
        """What was decided is in the outbox; what is there already under its key is not added again. Return how many are new."""
        return self._connection.executemany(
            "INSERT OR IGNORE INTO outbox (key, trigger, destination, profile, run, payload, priority, decided_at, due_at,"
            " not_before, state, finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (one.key, one.trigger, one.destination, one.profile, one.run, msgspec.json.encode(one.payload),
                 one.priority, one.decided_at, one.due_at, one.due_at if one.due_at > one.decided_at else 0, one.state,
                 one.decided_at if one.state == "held_out" else 0)
                for one in deliveries
            ],
        ).rowcount  # fmt: skip

    # ── the worker's side ────────────────────────────────────────────────────────────────────────────────────

    def due(self, destination: str, now: int, limit: int, besides: Collection[int] = ()) -> list[Letter]:
        """Return what may be tried at ``now``: by priority, then instant; of each person only the earliest that is not done.

        ``besides`` are ids under way. What belongs to a paused trigger waits without holding up others.
        """
        found: list[Letter] = []
        for priority in _PRIORITIES:
            if len(found) >= limit:
                break
            with _reached():
                rows = self._connection.execute(
                    f"SELECT {_COLUMNS} {_FIRST} AND not_before <= ? ORDER BY not_before, id LIMIT ?",
                    (destination, priority, now, limit - len(found) + len(besides)),
                ).fetchall()
            found += [letter for letter in map(_letter, rows) if letter.id not in besides]
        return found[:limit]

    def next_at(self, destination: str) -> int | None:
        """Return the first instant at which something is to be tried, ``None`` when nothing waits."""
        found = []
        for priority in _PRIORITIES:
            with _reached():
                found += self._connection.execute(
                    f"SELECT not_before {_FIRST} ORDER BY not_before LIMIT 1", (destination, priority)
                ).fetchall()
        return min((int(at) for (at,) in found), default=None)

    def mark(self, marks: Iterable[Mark]) -> None:
        """What became of these tries is committed, in one transaction of its own."""
        rows = [
            (one.state, one.not_before, one.tries, one.error[:2000], one.tried, one.at,
             0 if one.state in ("waiting", "failed") else one.at, one.payload, one.payload, one.id)
            for one in marks
        ]  # fmt: skip
        with _reached():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_MARK, rows)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    # ── dead letters ─────────────────────────────────────────────────────────────────────────────────────────

    def replay(self, now: int, ids: Collection[int] | None = None, destination: str = "") -> int:
        """Dead letters (those of ``ids``, or all; of one destination if named) are tried again from ``now``; return how many.

        Their keys stay, so a receiver that got one already can tell.
        """
        chosen = "" if ids is None else " AND id IN (SELECT value FROM json_each(?))"
        parameters: list[object] = [now, now, destination, destination]
        if ids is not None:
            parameters.append(msgspec.json.encode(sorted(ids)).decode())
        return self._connection.execute(
            "UPDATE outbox SET state = 'waiting', attempts = 0, due_at = ?, not_before = ?, finished_at = 0"
            f" WHERE state = 'dead' AND (? = '' OR destination = ?){chosen}",
            parameters,
        ).rowcount

    def forget(self, before: int, limit: int = 10_000) -> int:
        """At most ``limit`` letters that were done before the instant are gone (dead ones stay); return how many."""
        with _reached():
            return self._connection.execute(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE finished_at > 0 AND finished_at < ?"
                " AND state IN ('sent', 'cancelled', 'held_out') LIMIT ?)",
                (before, limit),
            ).rowcount

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────

    def letters(
        self,
        state: str = "",
        trigger: str = "",
        profile: str = "",
        destination: str = "",
        before: int = 0,
        limit: int = 100,
    ) -> list[Letter]:
        """Return letters, newest first, narrowed by what is given; those with an id below ``before`` if given."""
        asked = {"state": state, "trigger": trigger, "profile": profile, "destination": destination}
        wanted = {name: value for name, value in asked.items() if value}
        where = "".join(f" AND {name} = ?" for name in wanted) + (" AND id < ?" if before else "")
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE true{where} ORDER BY id DESC LIMIT ?",
            (*wanted.values(), *((before,) if before else ()), limit),
        )
        return [_letter(row) for row in rows]

    def letter(self, key: str) -> Letter | None:
        """Return the letter of that idempotency key or (as text) id."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE key = ? OR id = CAST(? AS INTEGER) AND ? = CAST(CAST(? AS INTEGER) AS TEXT)",
            (key, key, key, key),
        ).fetchone()
        return None if row is None else _letter(row)

    def counts(self) -> dict[tuple[str, str, str], int]:
        """Return (destination, trigger, state) → letters."""
        sql = "SELECT destination, trigger, state, count(*) FROM outbox GROUP BY destination, trigger, state"
        return {(destination, trigger, state): n for destination, trigger, state, n in self._connection.execute(sql)}


def _letter(row: tuple[Any, ...]) -> Letter:
    return Letter(**dict(zip(Letter.__struct_fields__, row, strict=True)))
