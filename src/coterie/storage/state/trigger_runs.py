"""What triggers did: since when each is on, its runs, and how often what held it back. Implements ``triggers.people.Runs``."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from coterie.triggers.delivery import Run

SCHEMA = """
CREATE TABLE IF NOT EXISTS triggers (
    key TEXT PRIMARY KEY, started_at INTEGER NOT NULL, paused_at INTEGER, existing_at INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trigger_runs (
    id INTEGER PRIMARY KEY, trigger TEXT NOT NULL, profile TEXT NOT NULL, run TEXT NOT NULL,
    started_at INTEGER NOT NULL, held_out INTEGER NOT NULL, delivery TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_of_person ON trigger_runs (profile, trigger, run, started_at);
CREATE INDEX IF NOT EXISTS runs_of_trigger ON trigger_runs (trigger, started_at);
CREATE TABLE IF NOT EXISTS trigger_days (
    trigger TEXT NOT NULL, day INTEGER NOT NULL, runs INTEGER NOT NULL, PRIMARY KEY (trigger, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trigger_refusals (
    trigger TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (trigger, reason)
) WITHOUT ROWID;
"""


class Standing(Struct, frozen=True, kw_only=True):
    """Since when a trigger is on, whether it is paused, and whether those who were members already were met."""

    key: str
    started_at: int
    paused_at: int | None
    existing_at: int | None


class RunRow(Struct, frozen=True, kw_only=True):
    """One run as it is listed; ``run`` is the value of ``key_by`` as JSON text."""

    id: int
    trigger: str
    profile: str
    run: str
    started_at: int
    held_out: bool
    delivery: str


class TriggerRuns:
    """The tables of triggers on one connection; whoever calls owns the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # ── on and off ───────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, trigger: str, at: int) -> bool:
        """The trigger is on, since ``at`` if it was not before; return whether it was not."""
        done = self._connection.execute(
            "INSERT OR IGNORE INTO triggers (key, started_at) VALUES (?, ?)", (trigger, at)
        ).rowcount
        return done > 0

    def end(self, trigger: str) -> None:
        """The trigger is no longer on, as if it had never been started; its runs stay."""
        self._connection.execute("DELETE FROM triggers WHERE key = ?", (trigger,))

    def pause(self, trigger: str, at: int) -> bool:
        """The trigger decides nothing and what waits keeps waiting; return whether it was on."""
        sql = "UPDATE triggers SET paused_at = ? WHERE key = ? AND paused_at IS NULL"
        return self._connection.execute(sql, (at, trigger)).rowcount > 0

    def resume(self, trigger: str, at: int) -> bool:
        """The trigger is on again, from ``at`` on; return whether it was paused."""
        sql = "UPDATE triggers SET paused_at = NULL, started_at = ? WHERE key = ? AND paused_at IS NOT NULL"
        return self._connection.execute(sql, (at, trigger)).rowcount > 0

    def met_existing(self, trigger: str, at: int) -> None:
        """Those who were members already when the trigger started have been met."""
        self._connection.execute("UPDATE triggers SET existing_at = ? WHERE key = ?", (at, trigger))

    def standings(self) -> dict[str, Standing]:
        """Return every trigger that was started, by key."""
        rows = self._connection.execute("SELECT key, started_at, paused_at, existing_at FROM triggers ORDER BY key")
        return {key: Standing(key=key, started_at=on, paused_at=off, existing_at=met) for key, on, off, met in rows}

    # ── triggers.people.Runs ─────────────────────────────────────────────────────────────────────────────────

    def active_since(self, trigger: str) -> int | None:
        row = self._connection.execute(
            "SELECT started_at FROM triggers WHERE key = ? AND paused_at IS NULL", (trigger,)
        ).fetchone()
        return None if row is None else int(row[0])

    def latest(self, trigger: str, profiles: Sequence[str], run: str | None) -> int | None:
        row = self._connection.execute(
            "SELECT max(started_at) FROM trigger_runs WHERE profile IN (SELECT value FROM json_each(?))"
            " AND trigger = ? AND (? IS NULL OR run = ?)",
            (_listed(profiles), trigger, run, run),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def count(self, trigger: str | None, profiles: Sequence[str], after: int) -> int:
        sql = (
            "SELECT count(*) FROM trigger_runs WHERE profile IN (SELECT value FROM json_each(?))"
            " AND (? IS NULL OR trigger = ?) AND started_at > ?"
        )
        row = self._connection.execute(sql, (_listed(profiles), trigger, trigger, after)).fetchone()
        return int(row[0])

    def count_day(self, trigger: str, day: int) -> int:
        row = self._connection.execute(
            "SELECT runs FROM trigger_days WHERE trigger = ? AND day = ?", (trigger, day)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def start(self, run: Run, day: int) -> None:
        self._connection.execute(
            "INSERT INTO trigger_runs (trigger, profile, run, started_at, held_out, delivery) VALUES (?, ?, ?, ?, ?, ?)",
            (run.trigger, run.profile, run.run, run.started_at, run.held_out, run.delivery),
        )
        self._connection.execute(
            "INSERT INTO trigger_days VALUES (?, ?, 1) ON CONFLICT (trigger, day) DO UPDATE SET runs = runs + 1",
            (run.trigger, day),
        )

    def refuse(self, trigger: str, reason: str) -> None:
        self._connection.execute(
            "INSERT INTO trigger_refusals VALUES (?, ?, 1) ON CONFLICT (trigger, reason) DO UPDATE SET count = count + 1",
            (trigger, reason),
        )

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────

    def runs(self, trigger: str = "", profile: str = "", before: int = 0, limit: int = 100) -> list[RunRow]:
        """Return runs, newest first, of one trigger or profile if named, those with an id below ``before`` if given."""
        rows = self._connection.execute(
            "SELECT id, trigger, profile, run, started_at, held_out, delivery FROM trigger_runs"
            " WHERE (? = '' OR trigger = ?) AND (? = '' OR profile = ?) AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?",
            (trigger, trigger, profile, profile, before, before, limit),
        )
        return [_run_row(row) for row in rows]

    def tallies(self) -> dict[str, dict[str, int]]:
        """Return per trigger how many runs began (``runs``, of which ``held_out``), and what held it back how often."""
        found: dict[str, dict[str, int]] = {}
        sql = "SELECT trigger, count(*), sum(held_out) FROM trigger_runs GROUP BY trigger"
        for trigger, runs, held_out in self._connection.execute(sql):
            found[trigger] = {"runs": runs, "held_out": held_out}
        for trigger, reason, count in self._connection.execute("SELECT trigger, reason, count FROM trigger_refusals"):
            found.setdefault(trigger, {"runs": 0, "held_out": 0})[f"refused:{reason}"] = count
        return found


def _listed(profiles: Sequence[str]) -> str:
    return msgspec.json.encode(list(profiles)).decode()


def _run_row(row: tuple[Any, ...]) -> RunRow:
    number, trigger, profile, run, started_at, held_out, delivery = row
    return RunRow(
        id=number,
        trigger=trigger,
        profile=profile,
        run=run,
        started_at=started_at,
        held_out=bool(held_out),
        delivery=delivery,
    )
