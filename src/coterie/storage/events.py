"""The event log: a local Delta table in which every event id lives once, in log order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from coterie.errors import Problem
from coterie.limits import DEFAULT, Limits
from coterie.model import LINK, MERGE, UNMERGE
from coterie.storage.delta import Commit, DeltaFolder
from coterie.storage.erased import Erased
from coterie.storage.hot import lifted
from coterie.storage.lock import alone
from coterie.storage.log import SCHEMA, conform, once


class Appended(Struct, frozen=True, kw_only=True):
    """What one append did: events added, and events dropped because their id was there already."""

    added: int
    duplicates: int


class Extent(Struct, frozen=True, kw_only=True):
    """How far the log reaches. Instants are 0 for an empty log."""

    events: int
    profiles: int
    first_received_at: int
    last_received_at: int


class EventStore:
    """Events in a Delta table at ``path``; readers see whole appends or nothing.

    ``position`` is dense and ``received_at`` never decreases along it. An append that begins before the end of the log (history
    loaded in several pieces) rewrites the table in the right order, in one commit; an append at its end only adds.
    """

    def __init__(self, path: str | Path, limits: Limits = DEFAULT) -> None:
        self.path = Path(path)
        self._limits = limits
        self._folder = DeltaFolder(self.path, SCHEMA)

    def files(self) -> list[str]:
        """Return the Parquet files that together are the log."""
        return self._folder.files()

    def version(self) -> int:
        """Return a number that grows with every change of the log."""
        return self._folder.version()

    def append(self, table: pa.Table | pa.RecordBatch) -> Appended:
        """Add the events of ``table`` whose ids are new, as each first arrived, and clamp clock skew to the arrival.

        Cost: about 3 µs per event, and one pass over the stored ids. Raises: Problem for an event further in the future of its
        arrival than ``limits.clock_skew_us``; nothing is added then. Writers wait for each other, also between processes.
        """
        rows = _by_arrival(self._clamped(conform(table)))
        with alone(self.path):
            fresh = self._new_only(once(rows))
            if fresh.num_rows:
                self._commit(fresh)
        return Appended(added=fresh.num_rows, duplicates=rows.num_rows - fresh.num_rows)

    def extend(self, rows: pa.Table, marks: Mapping[str, object]) -> None:
        """Add rows that are known to be new, with their positions, in one commit that carries ``marks``.

        Nothing that is stored is read. Raises: Problem when the first position is not the next one.
        """
        with alone(self.path):
            have, first = self._folder.length(), rows["position"][0].as_py() if rows.num_rows else None
            if first is not None and first != have:
                raise Problem("rows do not continue the log", where="position", received=first, allowed=str(have))
            if rows.num_rows:
                self._folder.write(rows.cast(SCHEMA), marks=marks)

    def length(self) -> int:
        """Return the number of events without reading any of them."""
        return self._folder.length()

    def count(self) -> int:
        """Return the number of rows that are there, which is less than ``length`` after an erasure."""
        return self._folder.length()

    def erase(self, profiles: Collection[str]) -> Erased:
        """No row of these profiles is in the log, nor in any file of an older version; the positions of the others stay.

        A crash leaves the log as it was or without them; repeating it finishes what was begun. ``profiles`` are those of the rows:
        give the whole family of a merged person.
        """
        with alone(self.path):
            return self._folder.remove("profile IN (SELECT unnest(?::VARCHAR[]))", [list(profiles)])

    def retain(self, since: int) -> Erased:
        """No row that was received before ``since`` (µs) is in the log, nor in any file of an older version."""
        with alone(self.path):
            return self._folder.remove("received_at < ?", [since])

    def commits(self, newest: int = 100) -> list[Commit]:
        """Return the newest commits with their marks, newest first."""
        return self._folder.commits(newest)

    def _clamped(self, rows: pa.Table) -> pa.Table:
        occurred, received = rows["occurred_at"].to_numpy(), rows["received_at"].to_numpy()
        ahead = occurred - received
        if ahead.size and ahead.max() > self._limits.clock_skew_us:
            first = int(ahead.argmax())
            raise Problem(
                "the event lies further in the future of its arrival than the clock skew limit",
                where=rows["event_id"][first].as_py(),
                received=f"{ahead[first] / 1e6:.0f} s ahead",
                allowed=f"at most {self._limits.clock_skew_us / 1e6:.0f} s",
            )
        index = SCHEMA.get_field_index("occurred_at")
        return rows.set_column(index, SCHEMA.field("occurred_at"), pa.array(np.minimum(occurred, received)))

    def _new_only(self, rows: pa.Table) -> pa.Table:
        if not rows.num_rows or not self.files():
            return rows
        known = self._folder.query(
            "SELECT fresh.position FROM fresh SEMI JOIN stored"
            " ON fresh.event_key = stored.event_key AND fresh.event_id = stored.event_id",
            fresh=rows.select(["position", "event_key", "event_id"]),
        )["position"].to_numpy()
        if not known.size:
            return rows
        keep = np.ones(rows.num_rows, dtype=bool)
        keep[np.searchsorted(rows["position"].to_numpy(), known)] = False
        return rows.filter(pa.array(keep))

    def _commit(self, fresh: pa.Table) -> None:
        stored = self.extent()
        positions = pa.array(np.arange(stored.events, stored.events + fresh.num_rows, dtype=np.int64))
        fresh = fresh.set_column(0, SCHEMA.field("position"), positions)
        if not stored.events or fresh["received_at"][0].as_py() >= stored.last_received_at:
            self._folder.write(fresh)
            return
        columns = ", ".join(SCHEMA.names[1:])
        merged = self._folder.query(
            "SELECT row_number() OVER (ORDER BY received_at, position) - 1 AS position, "
            f"{columns} FROM (FROM stored UNION ALL FROM fresh) ORDER BY position",
            fresh=fresh,
        )
        self._folder.write(merged.cast(SCHEMA), replace=True)

    def extent(self) -> Extent:
        """Return how many events and profiles there are, and the first and last arrival."""
        row = self._folder.query(
            "SELECT count(*) AS events, count(DISTINCT profile) AS profiles,"
            " coalesce(min(received_at), 0) AS first, coalesce(max(received_at), 0) AS last FROM stored"
        ).to_pylist()[0]
        return Extent(
            events=row["events"], profiles=row["profiles"], first_received_at=row["first"], last_received_at=row["last"]
        )

    def scan(
        self,
        *,
        profiles: Sequence[str] | None = None,
        names: Sequence[str] | None = None,
        until: int | None = None,
        properties: Sequence[str] = (),
    ) -> pa.Table:
        """Return the log in log order, narrowed to ``profiles`` and ``names`` and to arrivals up to ``until``.

        Each of ``properties`` whose values are all numbers, all text or all booleans also comes as a typed column ``p.<key>``.
        """
        conditions, parameters = ["true"], list[object]()
        for column, wanted in (("profile", profiles), ("name", names)):
            if wanted is not None:
                conditions.append(f"{column} IN (SELECT unnest(?::VARCHAR[]))")
                parameters.append(list(wanted))
        if until is not None:
            conditions.append("received_at <= ?")
            parameters.append(until)
        rows = self._folder.query(
            f"SELECT {', '.join(SCHEMA.names)} FROM stored WHERE {' AND '.join(conditions)} ORDER BY position",
            parameters,
        ).cast(SCHEMA)
        return lifted(rows, properties) if properties else rows

    def batches(self, rows_max: int = 100_000, after: int = 0) -> Iterator[pa.Table]:
        """Yield the log in log order from position ``after`` on, at most ``rows_max`` events at a time."""
        for start in range(after, self.length(), rows_max):
            yield self._folder.query(
                f"SELECT {', '.join(SCHEMA.names)} FROM stored WHERE position >= ? AND position < ? ORDER BY position",
                [start, start + rows_max],
            ).cast(SCHEMA)

    def between(self, start: int, end: int, properties: Sequence[str] = ()) -> pa.Table:
        """Return the rows with ``start`` ≤ position < ``end`` in log order, with typed columns as ``scan`` gives them."""
        rows = self._folder.query(
            f"SELECT {', '.join(SCHEMA.names)} FROM stored WHERE position >= ? AND position < ? ORDER BY position",
            [start, end],
        ).cast(SCHEMA)
        return lifted(rows, properties) if properties else rows

    def structure(self) -> pa.Table:
        """Return who is who, in log order: every profile where it first appears, and every ``$merge``, ``$unmerge`` and ``$link``."""
        return self._folder.query(
            "SELECT position, event_id, name, profile, received_at, properties FROM stored WHERE name IN (?, ?, ?)"
            " UNION ALL SELECT min(position), '', '', profile, min(received_at), '' FROM stored GROUP BY profile"
            " ORDER BY position, name",
            [MERGE, UNMERGE, LINK],
        )

    def keys(self, after: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the event keys from position ``after`` on, in log order."""
        sql = "SELECT event_key FROM stored WHERE position >= ? ORDER BY position"
        return self._folder.query(sql, [after])["event_key"].to_numpy()  # type: ignore[no-any-return]

    def parents(self, after: int) -> list[str]:
        """Return the ids of events that left only ``$merge`` and ``$link`` rows (named ``<id>#…``) from position ``after`` on."""
        found = self._folder.query(
            "WITH told AS (SELECT DISTINCT regexp_replace(event_id, '#(merge|link)[0-9]+$', '') AS id FROM stored"
            " WHERE position >= $1 AND name IN ($2, $3) AND contains(event_id, '#'))"
            " SELECT id FROM told ANTI JOIN (SELECT event_id FROM stored WHERE position >= $1) own ON own.event_id = told.id",
            [after, MERGE, LINK],
        )
        return found["id"].to_pylist()  # type: ignore[no-any-return]

    def latest(self, rows: int) -> pa.Table:
        """Return the last ``rows`` events of the log, in log order."""
        return self._folder.query(
            f"SELECT {', '.join(SCHEMA.names)} FROM stored WHERE position >= ? ORDER BY position",
            [self.extent().events - rows],
        ).cast(SCHEMA)

    def history(self, profiles: Sequence[str]) -> list[pa.Table]:
        """Return the records of some profiles in log order: what a live reader asks for when an unmerge arrives."""
        return [self.scan(profiles=profiles)]

    def profiles(self) -> list[str]:
        """Return every profile that has at least one event, sorted."""
        return self._folder.query("SELECT DISTINCT profile FROM stored ORDER BY profile")["profile"].to_pylist()  # type: ignore[no-any-return]

    def names(self) -> pa.Table:
        """Return (name, events, profiles, first_at, last_at), most frequent first."""
        return self._folder.query(
            "SELECT name, count(*) AS events, count(DISTINCT profile) AS profiles, min(occurred_at) AS first_at,"
            " max(occurred_at) AS last_at FROM stored GROUP BY name ORDER BY events DESC, name"
        )

    def merges(self) -> pa.Table:
        """Return the merges and unmerges (name, at, position, survivor, loser) in log order."""
        return self._folder.query(
            "SELECT name, received_at AS at, position, profile AS survivor, properties->>'loser' AS loser FROM stored"
            " WHERE name IN (?, ?) ORDER BY position",
            [MERGE, UNMERGE],
        )


def _by_arrival(rows: pa.Table) -> pa.Table:
    """Return ``rows`` in the order of arrival, those of one instant as given, with positions that say so."""
    order = np.argsort(rows["received_at"].to_numpy(), kind="stable")
    return rows.take(pa.array(order)).set_column(0, SCHEMA.field("position"), pa.array(np.arange(len(order))))
