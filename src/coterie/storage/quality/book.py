"""``quality.db``: what was measured and found, day by day. It names no person: counts, shares, and values that many people share."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from coterie.errors import NotFound, Transient
from coterie.monitoring.finding import Finding
from coterie.monitoring.measures import Measured, Observation, Subject

SCHEMA = """
CREATE TABLE IF NOT EXISTS days (day INTEGER PRIMARY KEY, rows INTEGER NOT NULL, judged INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS measures (
    day INTEGER NOT NULL, stage TEXT NOT NULL, event TEXT NOT NULL, property TEXT NOT NULL, source TEXT NOT NULL,
    measure TEXT NOT NULL, told BLOB NOT NULL, PRIMARY KEY (day, stage, event, property, source, measure)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS findings (
    id INTEGER PRIMARY KEY, day INTEGER NOT NULL, key TEXT NOT NULL, asker TEXT NOT NULL, told BLOB NOT NULL, found_at INTEGER NOT NULL,
    alerted_at INTEGER NOT NULL DEFAULT 0, accepted_at INTEGER NOT NULL DEFAULT 0, UNIQUE (day, key)
);
CREATE TABLE IF NOT EXISTS validations (
    day INTEGER NOT NULL, rule TEXT NOT NULL, step INTEGER NOT NULL, told BLOB NOT NULL, PRIMARY KEY (day, rule, step)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    at INTEGER PRIMARY KEY, seconds REAL NOT NULL, measured INTEGER NOT NULL, judged INTEGER NOT NULL, findings INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS reconciliations (
    source TEXT NOT NULL, day INTEGER NOT NULL, at INTEGER NOT NULL, told BLOB NOT NULL, PRIMARY KEY (source, day)
) WITHOUT ROWID;
"""
CHECKS = "checks"
"""Who asks, when it is the checks of a run."""
_observation = msgspec.json.Decoder(Observation)
_finding = msgspec.json.Decoder(Finding)


class Kept(Struct, frozen=True, kw_only=True):
    """A finding as it is kept: its number, when it was found, told to somebody, and accepted as normal (0: never)."""

    id: int
    finding: Finding
    found_at: int
    alerted_at: int = 0
    accepted_at: int = 0


class Run(Struct, frozen=True, kw_only=True):
    """One run of the checks."""

    at: int
    seconds: float
    measured: int
    """Days that were measured."""
    judged: int
    findings: int


class Book:
    """The file at ``path``; every call opens its own short connection, so any thread and process may ask. Raises: Transient."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=10.0)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)
            with connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise Transient(f"the book of quality cannot be read or written: {error}") from error
        finally:
            connection.close()

    # ── measures ─────────────────────────────────────────────────────────────────────────────────────────────

    def days(self) -> dict[int, tuple[int, bool]]:
        """Return day → (rows of the log that were measured, whether it was judged)."""
        with self._open() as book:
            return {
                day: (rows, bool(judged)) for day, rows, judged in book.execute("SELECT day, rows, judged FROM days")
            }

    def keep(self, measured: Mapping[int, Measured], rows: Mapping[int, int]) -> None:
        """What was measured of these days is all that is known of them; they are to be judged."""
        with self._open() as book:
            for day, told in measured.items():
                book.execute("DELETE FROM measures WHERE day = ?", (day,))
                book.execute("INSERT OR REPLACE INTO days VALUES (?, ?, 0)", (day, rows.get(day, 0)))
                book.executemany(
                    "INSERT INTO measures VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (day, s.stage, s.event, s.property, s.source, s.measure, msgspec.json.encode(one))
                        for s, one in told.items()
                    ],
                )

    def history(self, first: int, last: int) -> dict[int, dict[Subject, Observation]]:
        """Return what was measured of the days from ``first`` up to but not including ``last``."""
        found: dict[int, dict[Subject, Observation]] = {}
        with self._open() as book:
            for day, *subject, told in book.execute("SELECT * FROM measures WHERE day >= ? AND day < ?", (first, last)):
                found.setdefault(day, {})[Subject(*subject)] = _observation.decode(told)
        return found

    # ── findings ─────────────────────────────────────────────────────────────────────────────────────────────

    def record(self, day: int, found: Iterable[Finding], at: int, *, over: bool, asker: str = CHECKS) -> list[Kept]:
        """These are the findings of a day. Return those that are new; what was found before keeps when it was told and accepted.

        ``over``: what ``asker`` found before and finds no longer is forgotten, and the checks need not look at the day again.
        """
        told = {key_of(one): one for one in found}
        with self._open() as book:
            asked = book.execute("SELECT key FROM findings WHERE day = ? AND asker = ?", (day, asker))
            known = {key for (key,) in asked}
            if over:
                gone = [(day, key) for key in known - told.keys()]
                book.executemany("DELETE FROM findings WHERE day = ? AND key = ? AND accepted_at = 0", gone)
            if over and asker == CHECKS:
                book.execute("UPDATE days SET judged = 1 WHERE day = ?", (day,))
            book.executemany(
                "INSERT INTO findings (day, key, asker, told, found_at) VALUES (?1, ?2, ?3, ?4, ?5)"
                " ON CONFLICT DO UPDATE SET told = ?4",
                [(day, key, asker, msgspec.json.encode(one), at) for key, one in told.items()],
            )
        return [one for one in self.findings(day, day + 1) if key_of(one.finding) in told.keys() - known]

    def findings(self, first: int = 0, last: int = 1 << 40) -> list[Kept]:
        """Return the findings of the days from ``first`` up to but not including ``last``, the newest day first."""
        with self._open() as book:
            rows = book.execute(
                "SELECT id, told, found_at, alerted_at, accepted_at FROM findings WHERE day >= ? AND day < ?"
                " ORDER BY day DESC, id",
                (first, last),
            ).fetchall()
        return [
            Kept(id=id_, finding=_finding.decode(told), found_at=found, alerted_at=alerted, accepted_at=accepted)
            for id_, told, found, alerted, accepted in rows
        ]

    def untold(self, since: int) -> list[Kept]:
        """Return the findings since the instant ``since`` of which nobody was told and which nobody accepted."""
        return [one for one in self.findings() if one.found_at >= since and not one.alerted_at and not one.accepted_at]

    def alerted(self, ids: Collection[int], at: int) -> None:
        """Somebody was told of these findings."""
        with self._open() as book:
            book.executemany("UPDATE findings SET alerted_at = ? WHERE id = ?", [(at, one) for one in ids])

    def accept(self, id_: int, at: int) -> Kept:
        """The finding is as it should be: its day counts as normal from now on. Raises: NotFound."""
        if not any(one.id == id_ for one in self.findings()):
            raise NotFound(f"no finding has the number {id_}", hint="list them: coterie quality history")
        with self._open() as book:
            book.execute("UPDATE findings SET accepted_at = ? WHERE id = ? AND accepted_at = 0", (at, id_))
        return next(one for one in self.findings() if one.id == id_)

    # ── rules, runs, reconciliations ─────────────────────────────────────────────────────────────────────────

    def keep_validations(self, day: int, told: Sequence[tuple[str, bytes]]) -> None:
        """These are the results (rule, JSON) of a day's rules."""
        with self._open() as book:
            book.execute("DELETE FROM validations WHERE day = ?", (day,))
            rows = [(day, rule, step, text) for step, (rule, text) in enumerate(told)]
            book.executemany("INSERT INTO validations VALUES (?, ?, ?, ?)", rows)

    def validations(self, day: int) -> list[bytes]:
        """Return the results of a day's rules as JSON, in their order."""
        with self._open() as book:
            return [
                told for (told,) in book.execute("SELECT told FROM validations WHERE day = ? ORDER BY step", (day,))
            ]

    def ran(self, run: Run) -> None:
        """The run is noted."""
        with self._open() as book:
            row = (run.at, run.seconds, run.measured, run.judged, run.findings)
            book.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", row)

    def runs(self, newest: int = 100) -> list[Run]:
        """Return the newest runs, newest first."""
        with self._open() as book:
            rows = book.execute("SELECT * FROM runs ORDER BY at DESC LIMIT ?", (newest,)).fetchall()
        names = Run.__struct_fields__
        return [Run(**dict(zip(names, row, strict=True))) for row in rows]

    def reconcile(self, source: str, at: int, days: Mapping[int, bytes]) -> None:
        """What a reconciliation of a source found (day → JSON) replaces what was known of these days."""
        with self._open() as book:
            rows = [(source, day, at, told) for day, told in days.items()]
            book.executemany("INSERT OR REPLACE INTO reconciliations VALUES (?, ?, ?, ?)", rows)

    def reconciled(self, source: str = "") -> list[tuple[str, int, int, bytes]]:
        """Return (source, day, at, JSON) of what was reconciled last, by source and day."""
        with self._open() as book:
            return book.execute(
                "SELECT source, day, at, told FROM reconciliations WHERE ?1 = '' OR source = ?1 ORDER BY source, day",
                (source,),
            ).fetchall()

    def forget(self, before: int) -> None:
        """Measures, findings and reconciliations of days before ``before`` are gone."""
        with self._open() as book:
            for table in ("days", "measures", "findings", "validations", "reconciliations"):
                book.execute(f"DELETE FROM {table} WHERE day < ?", (before,))


def key_of(finding: Finding) -> str:
    """Return what makes a finding of a day the same when it is found again."""
    parts = (
        finding.rule,
        finding.check,
        finding.stage,
        finding.event,
        finding.property,
        finding.source,
        finding.measure,
    )
    return "\x1f".join(parts)
