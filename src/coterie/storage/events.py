"""The event log: a Delta table in which every event id lives once, in log order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.errors import Problem
from coterie.limits import DEFAULT, Limits
from coterie.model import LINK, MERGE, TRAIT_EVENTS, UNMERGE
from coterie.storage.erased import Erased
from coterie.storage.hot import lifted
from coterie.storage.lake import compaction, erasing
from coterie.storage.lake.compaction import LARGE_ROWS, OPEN, SPAN_ROWS, Compacted, bucket_of
from coterie.storage.lake.insertion import insert
from coterie.storage.lake.parquet import Layout, Rows, batches
from coterie.storage.lake.parts import Parts, identifier
from coterie.storage.lake.place import Place, local_place
from coterie.storage.lake.table import File, LakeTable, Look, connect
from coterie.storage.lake.typed import dress
from coterie.storage.lock import alone
from coterie.storage.log import HOT, SCHEMA, conform, once

LAYOUT = Layout(bounded=("position", "occurred_at", "received_at"), plain=("event_id", "properties"), person="profile")
LOG, EDITION = "log", "edition"
"""What commits say: the next position, and how often the log was changed by anything but a landing."""
KEPT = (*TRAIT_EVENTS, MERGE, UNMERGE, LINK)
"""Names of events that say who somebody is: they stay whatever their age, unless somebody says otherwise."""
_COLUMNS = ", ".join(SCHEMA.names)


class Appended(Struct, frozen=True, kw_only=True):
    """What one append did: events added, and events dropped because their id was there already."""

    added: int
    duplicates: int


class Extent(Struct, frozen=True, kw_only=True):
    """How far the log reaches. Instants are 0 for an empty log."""

    events: int
    first_received_at: int
    last_received_at: int


class EventStore:
    """Events in a Delta table at ``path``; readers see whole appends or nothing.

    ``position`` grows along the log and ``received_at`` never decreases along it. Positions have holes where rows were erased. An
    append that begins before the end of the log (history loaded in several pieces) writes what follows anew, in one commit.
    ``columns``: properties that also get a typed column, with their types.
    """

    def __init__(
        self,
        path: str | Path | Place,
        limits: Limits = DEFAULT,
        *,
        columns: Mapping[str, pa.DataType] | None = None,
        span_rows: int = SPAN_ROWS,
    ) -> None:
        self.place = path if isinstance(path, Place) else local_place(path)
        self._limits, self._wanted, self._span = limits, dict(columns or {}), span_rows
        self._table = LakeTable(self.place, SCHEMA, LAYOUT, bucketed=True)

    # ── how far it is ────────────────────────────────────────────────────────────────────────────────────────

    def files(self) -> Parts:
        """Return the Parquet files that together are the log, for an SQL engine."""
        return self._table.parts(self._table.files())

    def version(self) -> int:
        """Return a number that grows with every commit, also of those that only move rows."""
        return self._table.version()

    def edition(self) -> int:
        """Return how often the log was changed by anything but a landing: what was read before may be wrong after that."""
        return self._table.said(EDITION) or 0

    def said(self, name: str) -> int:
        """Return what the last landing said of ``name``, 0 when none did."""
        return self._table.said(name) or 0

    def length(self) -> int:
        """Return the position that the next event gets, without reading any."""
        return self._table.said(LOG) or 0

    def count(self) -> int:
        """Return the number of rows, which is less than ``length`` after an erasure."""
        return self._table.count()

    def extent(self) -> Extent:
        """Return how many events there are, and the first and last arrival, from what the table says of its files."""
        first, last = self._table.bounds("received_at") or (0, 0)
        return Extent(events=self.count(), first_received_at=first, last_received_at=last)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────

    def append(self, table: pa.Table | pa.RecordBatch) -> Appended:
        """Add the events of ``table`` whose ids are new, as each first arrived, and clamp clock skew to the arrival.

        Cost: about 3 µs per event, and one pass over the stored ids. Raises: Problem for an event further in the future of its
        arrival than ``limits.clock_skew_us``; nothing is added then. Writers wait for each other, also between processes.
        """
        rows = _by_arrival(self._clamped(conform(table)))
        with alone(self.place.lock):
            fresh = self._new_only(once(rows))
            if fresh.num_rows:
                self._commit(fresh)
        self.compact()
        return Appended(added=fresh.num_rows, duplicates=rows.num_rows - fresh.num_rows)

    def extend(self, rows: pa.Table, until: int, said: Mapping[str, int]) -> None:
        """Add rows that are known to be new, with their positions, and reach ``until``, in one commit that says ``said``.

        Nothing that is stored is read. Done once, it changes nothing more. Raises: Problem when a position is there already.
        """
        with alone(self.place.lock):
            have = self.length()
            if until <= have:
                return
            first = rows["position"][0].as_py() if rows.num_rows else have
            if first < have:
                raise Problem("rows do not continue the log", where="position", received=first, allowed=f"from {have}")
            self._add(rows.cast(SCHEMA), {**said, LOG: until})

    def _add(self, rows: pa.Table, said: Mapping[str, int]) -> None:
        written = [
            one
            for start in range(0, rows.num_rows, LARGE_ROWS)
            for one in compaction.joined(self._table, [self._dress(rows.slice(start, LARGE_ROWS))], OPEN)
        ]
        self._table.commit(written, (), said)

    def _commit(self, fresh: pa.Table) -> None:
        have, end = self.length(), self.extent().last_received_at
        said = {LOG: have + fresh.num_rows, EDITION: self.edition() + 1}
        if not have or fresh["received_at"][0].as_py() >= end:
            positions = pa.array(np.arange(have, have + fresh.num_rows, dtype=np.int64))
            self._add(fresh.set_column(0, SCHEMA.field("position"), positions), said)
        else:
            self._table.commit(*insert(self._table, fresh, self._dress), said)

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
        if not rows.num_rows or not self.count():
            return rows
        met = self._table.query(
            "SELECT position FROM stored SEMI JOIN fresh ON fresh.event_key = stored.event_key",
            fresh=rows.select(["event_key"]),
        )["position"]
        if not len(met):
            return rows
        known = self._table.query(
            "SELECT fresh.position FROM fresh SEMI JOIN (SELECT event_key, event_id FROM stored SEMI JOIN met USING (position))"
            " found ON fresh.event_key = found.event_key AND fresh.event_id = found.event_id",
            fresh=rows.select(["position", "event_key", "event_id"]),
            met=pa.table({"position": met}),
        )["position"].to_numpy()
        keep = np.ones(rows.num_rows, dtype=bool)
        keep[np.searchsorted(rows["position"].to_numpy(), known)] = False
        return rows.filter(pa.array(keep))

    # ── moving and removing ──────────────────────────────────────────────────────────────────────────────────

    def look(self) -> Look:
        """Return what the table is made of."""
        return self._table.look()

    def compact(self, *, everything: bool = False) -> Compacted:
        """Small files are large ones, and full spans lie by person; with ``everything`` as few files as can be. Rows stay."""
        wanted = [HOT + key for key in self._hot()]
        return compaction.compact(self._table, self._span, self._dress, wanted, everything=everything)

    def vacuum(self, hours: float) -> dict[str, int]:
        """Files that no version needs, older than ``hours``, are gone; return them with their sizes."""
        with alone(self.place.lock):
            return self._table.vacuum(hours)

    def erase(self, profiles: Collection[str], positions: Collection[int] = ()) -> Erased:
        """No row of these profiles or at these positions is in the log, nor in any file of an older version; positions stay.

        A crash leaves the log as it was or without them; repeating it finishes what was begun. ``profiles`` are those of the rows:
        give the whole family of a merged person. Cost: a pass over the ids of the files of these people, and writing anew those
        in which they are.
        """
        buckets = {OPEN, *map(bucket_of, profiles)}
        wanted, places = pa.array(sorted(profiles), pa.string()), pa.array(sorted(positions), pa.int64())

        def gone(rows: pa.Table) -> Any:
            return pc.or_(pc.is_in(rows["profile"], value_set=wanted), pc.is_in(rows["position"], value_set=places))

        def files(file: File) -> bool:
            return file.bucket in buckets or _holds(file, positions)

        return self._rewrite(files, ["profile", "position"], gone)

    def amend(self, rows: pa.Table) -> Erased:
        """The rows at the positions of ``rows`` are those, and what they were is in no file. Their people stay the same."""
        rows = rows.select(SCHEMA.names).cast(SCHEMA)
        positions = rows["position"].to_pylist()
        places = pa.array(positions, pa.int64())

        def mend(group: pa.Table, meant: Any, file: File) -> Rows:
            kept = group.select(SCHEMA.names).filter(pc.invert(meant)).cast(SCHEMA)
            there = pc.is_in(rows["position"], value_set=group["position"].filter(meant).combine_chunks())
            return self._dress(pa.concat_tables([kept, rows.filter(there)]).sort_by("position"))

        return self._rewrite(
            lambda file: _holds(file, positions),
            ["position"],
            lambda group: pc.is_in(group["position"], value_set=places),
            mend,
        )

    def retain(self, since: int, besides: Collection[str] = KEPT) -> Erased:
        """No row received before ``since`` (µs) is in the log but those named ``besides``, nor in any file of an older version."""
        return self._rewrite(_reaching_back(since), ["received_at", "name"], _older(since, besides))

    def older(self, since: int, besides: Collection[str] = KEPT) -> int:
        """Return how many rows ``retain`` would remove."""
        files = [one for one in self._table.files() if _reaching_back(since)(one)]
        return erasing.count(self._table, files, ["received_at", "name"], _older(since, besides))

    def about(self, profiles: Collection[str]) -> int:
        """Return how many rows are of these profiles. Cost: a pass over the ids of the files in which they may be."""
        buckets, wanted = {OPEN, *map(bucket_of, profiles)}, pa.array(sorted(profiles), pa.string())
        files = [one for one in self._table.files() if one.bucket in buckets]
        return erasing.count(self._table, files, ["profile"], lambda rows: pc.is_in(rows["profile"], value_set=wanted))

    def pieces(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield ``columns`` of every row as they lie in the files, in no order: the quickest way through the whole log."""
        return (rows for file in self._table.files() for rows in batches(self._table.place, file.path, columns))

    def _rewrite(
        self,
        where: Callable[[File], bool],
        columns: Sequence[str],
        gone: erasing.Gone,
        mend: erasing.Mend = erasing.without,
    ) -> Erased:
        with alone(self.place.lock):
            files = [one for one in self._table.files() if where(one)]
            said = {EDITION: self.edition() + 1}
            return erasing.erase(self._table, files, columns, gone, said, mend)

    # ── typed columns ────────────────────────────────────────────────────────────────────────────────────────

    def _hot(self) -> dict[str, pa.DataType]:
        """Return the properties that get a column, with its type; one that was declared with another type stays in JSON."""
        declared = self._table.columns()
        new = [pa.field(HOT + key, kind) for key, kind in self._wanted.items() if HOT + key not in declared.names]
        if new:
            self._table.add_columns(new)
            declared = self._table.columns()
        return {key: kind for key, kind in self._wanted.items() if declared.field(HOT + key).type == kind}

    def _dress(self, rows: pa.Table) -> Rows:
        """Return ``rows`` as they are written."""
        return dress(rows.select(SCHEMA.names), self._hot())

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────

    def _rows(
        self, where: str, parameters: Sequence[Any], files: Callable[[File], bool], keys: Sequence[str]
    ) -> pa.Table:
        """Return rows in log order, with the typed columns of ``keys`` that can be had."""

        def ask(every: list[File]) -> pa.Table:
            chosen = [one for one in every if files(one)]
            whole = self._table.whole(chosen)
            ready = [HOT + key for key in keys if HOT + key in whole]
            columns = ", ".join([_COLUMNS, *map(identifier, ready)])
            with connect({}) as connection:
                self._table.show(connection, chosen)
                sql = f"SELECT {columns} FROM stored WHERE {where} ORDER BY position"
                found = connection.sql(sql, params=list(parameters)).to_arrow_table()
            schema = pa.schema([*SCHEMA, *(pa.field(name, whole[name]) for name in ready)])
            others = [key for key in keys if HOT + key not in whole]
            return lifted(found.cast(schema), others) if others else found.cast(schema)

        return self._table.read(ask)

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
        Cost: of one person, the files of one bucket; else of the whole log.
        """
        conditions, parameters = ["true"], list[object]()
        for column, wanted in (("profile", profiles), ("name", names)):
            if wanted is not None:
                conditions.append(f"{column} IN (SELECT unnest(?::VARCHAR[]))")
                parameters.append(list(wanted))
        end = (1 << 62) if until is None else until
        if until is not None:
            conditions.append("received_at <= ?")
            parameters.append(until)
        buckets = None if profiles is None else {OPEN, *map(bucket_of, profiles)}

        def files(file: File) -> bool:
            return file.lowest["received_at"] <= end and (buckets is None or file.bucket in buckets)

        return self._rows(" AND ".join(conditions), parameters, files, properties)

    def between(self, start: int, end: int, properties: Sequence[str] = ()) -> pa.Table:
        """Return the rows with ``start`` ≤ position < ``end`` in log order, with typed columns as ``scan`` gives them."""

        def files(file: File) -> bool:
            return file.lowest["position"] < end and file.highest["position"] >= start

        return self._rows("position >= ? AND position < ?", [start, end], files, properties)

    def batches(
        self, rows_max: int = 100_000, after: int = 0, until: int | None = None, properties: Sequence[str] = ()
    ) -> Iterator[pa.Table]:
        """Yield the log in log order from position ``after`` on, up to before ``until``, at most ``rows_max`` events at a time."""
        end = self.length() if until is None else min(until, self.length())
        start = after
        while start < end:
            ahead = [one for one in self._table.files() if one.highest["position"] >= start]
            start = max(start, min((one.lowest["position"] for one in ahead), default=end))
            rows = self.between(start, min(start + rows_max, end), properties)
            if rows.num_rows:
                yield rows
            start += rows_max

    def structure(self) -> pa.Table:
        """Return who is who, in log order: every profile where it first appears, and every ``$merge``, ``$unmerge`` and ``$link``."""
        return self._table.query(
            "SELECT position, event_id, name, profile, received_at, properties FROM stored WHERE name IN (?, ?, ?)"
            " UNION ALL SELECT min(position), '', '', profile, min(received_at), '' FROM stored GROUP BY profile"
            " ORDER BY position, name",
            [MERGE, UNMERGE, LINK],
        )

    def keys(self, after: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the event keys from position ``after`` on, in log order."""
        sql = "SELECT event_key FROM stored WHERE position >= ? ORDER BY position"
        return self._table.query(sql, [after], _reaching(after))["event_key"].to_numpy()  # type: ignore[no-any-return]

    def parents(self, after: int) -> list[str]:
        """Return the ids of events that left only ``$merge`` and ``$link`` rows (named ``<id>#…``) from position ``after`` on."""
        found = self._table.query(
            "WITH told AS (SELECT DISTINCT regexp_replace(event_id, '#(merge|link)[0-9]+$', '') AS id FROM stored"
            " WHERE position >= $1 AND name IN ($2, $3) AND contains(event_id, '#'))"
            " SELECT id FROM told ANTI JOIN (SELECT event_id FROM stored WHERE position >= $1) own ON own.event_id = told.id",
            [after, MERGE, LINK],
            _reaching(after),
        )
        return found["id"].to_pylist()  # type: ignore[no-any-return]

    def latest(self, rows: int) -> pa.Table:
        """Return the last ``rows`` events of the log, in log order."""
        end, reach = self.length(), rows
        while True:
            found = self.between(max(0, end - reach), end)
            if found.num_rows >= rows or reach >= end:
                return found.slice(max(0, found.num_rows - rows))
            reach *= 4

    def history(self, profiles: Sequence[str]) -> list[pa.Table]:
        """Return the records of some profiles in log order: what a live reader asks for when an unmerge arrives."""
        return [self.scan(profiles=profiles)]

    def profiles(self) -> list[str]:
        """Return every profile that has at least one event, sorted."""
        return self._table.query("SELECT DISTINCT profile FROM stored ORDER BY profile")["profile"].to_pylist()  # type: ignore[no-any-return]

    def people(self) -> int:
        """Return how many profiles have at least one event. Cost: a pass over their column."""
        return int(self._table.query("SELECT count(DISTINCT profile) AS n FROM stored")["n"][0].as_py())

    def names(self) -> pa.Table:
        """Return (name, events, profiles, first_at, last_at), most frequent first."""
        return self._table.query(
            "SELECT name, count(*) AS events, count(DISTINCT profile) AS profiles, min(occurred_at) AS first_at,"
            " max(occurred_at) AS last_at FROM stored GROUP BY name ORDER BY events DESC, name"
        )

    def merges(self) -> pa.Table:
        """Return the merges and unmerges (name, at, position, survivor, loser) in log order."""
        return self._table.query(
            "SELECT name, received_at AS at, position, profile AS survivor, properties->>'loser' AS loser FROM stored"
            " WHERE name IN (?, ?) ORDER BY position",
            [MERGE, UNMERGE],
        )


def _holds(file: File, positions: Collection[int]) -> bool:
    return any(file.lowest["position"] <= one <= file.highest["position"] for one in positions)


def _reaching_back(since: int) -> Callable[[File], bool]:
    return lambda file: file.lowest["received_at"] < since


def _older(since: int, besides: Collection[str]) -> erasing.Gone:
    kept = pa.array(sorted(besides), pa.string())
    return lambda rows: pc.and_not(pc.less(rows["received_at"], since), pc.is_in(rows["name"], value_set=kept))


def _reaching(after: int) -> Callable[[File], bool]:
    return lambda file: file.highest["position"] >= after


def _by_arrival(rows: pa.Table) -> pa.Table:
    """Return ``rows`` in the order of arrival, those of one instant as given, with positions that say so."""
    order = np.argsort(rows["received_at"].to_numpy(), kind="stable")
    return rows.take(pa.array(order)).set_column(0, SCHEMA.field("position"), pa.array(np.arange(len(order))))
