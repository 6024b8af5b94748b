"""A Delta table of which every file and every commit is made here: exact about which files a version consists of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction
from deltalake._internal import RemoveAction
from deltalake.exceptions import DeltaError
from deltalake.transaction import PostCommitHookProperties
from msgspec import Struct

from coterie.storage.lake.parquet import Layout, Written
from coterie.storage.lake.parts import Parts
from coterie.storage.lake.place import Place
from coterie.storage.lock import alone
from coterie.storage.log import HOT

KEPT_HOURS = 24
"""Files that no version needs any more stay so long for readers that opened them before."""
CHECKPOINT_EVERY = 50
REOPENED_MAX = 3
"""How often a table is opened anew whose log of commits was tidied away by another handle."""
LOG = "_delta_log"
APPLICATION = "coterie."
"""Before the name of everything that a commit says beside its files."""
_TOLD = "delta.dataSkippingStatsColumns"
"""Columns of which the log of commits says something: never one that names a person."""
_CONFIGURATION = {
    "delta.checkpointInterval": str(CHECKPOINT_EVERY),
    "delta.logRetentionDuration": "interval 7 days",
    "delta.deletedFileRetentionDuration": f"interval {KEPT_HOURS} hours",
}
ARRIVED = "received_at"
_NULLS = "null_count."
T = TypeVar("T")


class File(Struct, frozen=True):
    """A file of the newest version. ``lowest`` and ``highest`` bound the columns of the layout that are bounded."""

    path: str
    bucket: int | None
    rows: int
    size: int
    lowest: Mapping[str, int]
    highest: Mapping[str, int]
    whole: frozenset[str] = frozenset()
    """Columns of properties that hold every value of their property in this file."""

    def action(self, *, is_change: bool) -> RemoveAction:
        """Return what the log says when the file is no longer part of the table."""
        where: dict[str, str | None] = {} if self.bucket is None else {"bucket": str(self.bucket)}
        return RemoveAction(self.path, is_change, time.time_ns() // 1_000_000, self.size, where)


class Look(Struct, frozen=True, kw_only=True):
    """What a table is made of. ``old_files`` of ``old_bytes`` are needed by no version that can be asked for by its newest commit."""

    version: int
    rows: int
    files: int
    bytes: int
    old_files: int
    old_bytes: int
    columns: tuple[str, ...]
    """Columns of properties that hold every value in every file."""


class LakeTable:
    """The table at ``place``. One handle is reused between commits, which keeps them at some ms; threads take turns with it."""

    def __init__(self, place: Place, schema: pa.Schema, layout: Layout, *, bucketed: bool = False) -> None:
        self.place, self.schema, self.layout, self.bucketed = place, schema, layout, bucketed
        self._table: DeltaTable | None = None
        self._files: tuple[int, list[File]] = (-1, [])
        self._lock = threading.RLock()

    # ── versions ─────────────────────────────────────────────────────────────────────────────────────────────

    def open(self) -> DeltaTable | None:
        """Return the table at its newest version, or ``None`` before the first commit."""
        with self._lock:
            if self._table is None:
                options = dict(self.place.options)
                if not DeltaTable.is_deltatable(self.place.url, options):
                    return None
                self._table = DeltaTable(self.place.url, storage_options=options)
            else:
                self._table.update_incremental()
            return self._table

    def version(self) -> int:
        """Return the number of the newest commit, −1 before the first."""
        found = self._told(lambda table: table.version())
        return -1 if found is None else found

    def said(self, name: str) -> int | None:
        """Return what the newest commit that spoke of ``name`` said (a Delta application transaction)."""
        return self._told(lambda table: table.transaction_version(APPLICATION + name))

    def files(self) -> list[File]:
        """Return the files that hold the newest version, those with the lowest bounds first."""
        return self._told(self._listed) or []

    def _listed(self, table: DeltaTable) -> list[File]:
        if self._files[0] != table.version():
            found = pa.table(table.get_add_actions(flatten=True)).to_pylist()
            order = self.layout.bounded[:1]
            files = sorted(map(_file_of, found), key=lambda one: ([one.lowest.get(n, 0) for n in order], one.path))
            self._files = (table.version(), files)
        return self._files[1]

    def _told(self, ask: Callable[[DeltaTable], T]) -> T | None:
        """Return what ``ask`` learns from the newest version, ``None`` before the first commit.

        Another handle that forgets versions takes away what this one was opened with: it is opened anew, and asked again.
        """
        with self._lock:
            for _ in range(REOPENED_MAX):
                try:
                    table = self.open()
                    return None if table is None else ask(table)
                except DeltaError:
                    self._table, self._files = None, (-1, [])
            table = self.open()
            return None if table is None else ask(table)

    def count(self) -> int:
        """Return the number of rows, from what the log says of the files: none of them is opened."""
        return sum(one.rows for one in self.files())

    def bounds(self, column: str) -> tuple[int, int] | None:
        """Return the smallest and the largest value of a bounded column, ``None`` without rows. No file is opened."""
        files = self.files()
        return (min(f.lowest[column] for f in files), max(f.highest[column] for f in files)) if files else None

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────

    def commit(
        self,
        add: Iterable[Written] = (),
        remove: Iterable[File] = (),
        said: Mapping[str, int] | None = None,
        *,
        is_change: bool = True,
    ) -> None:
        """One version more: with the files of ``add``, without those of ``remove``, saying ``said``. All of it or nothing.

        With ``is_change`` false the rows are the same as before, only elsewhere. Raises: deltalake's error when another process
        wrote the same version and said the same names.
        """
        with self._lock:
            table = self.open() or self._create()
            come = [one.action(is_change=is_change) for one in add]
            gone = [one.action(is_change=is_change) for one in remove]
            spoken = [Transaction(APPLICATION + name, value) for name, value in (said or {}).items()]
            table.create_write_transaction(
                [*come, *gone],
                "append",
                Schema.from_arrow(self._declared()),
                ["bucket"] if self.bucketed else None,
                commit_properties=CommitProperties(app_transactions=spoken),
                post_commithook_properties=PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=True),
            )
            table.update_incremental()

    def move(self, add: Sequence[Written], remove: Sequence[File]) -> bool:
        """Return whether the same rows are in other files now; not when one of either is no longer there, and then nothing is done.

        Files may be written without holding the table: an erasure meanwhile takes away what it finds uncommitted.
        """
        with alone(self.place.lock), self._lock:
            current = {one.path for one in self.files()}
            if not current.issuperset(one.path for one in remove) or not self.place.has(one.path for one in add):
                for one in add:
                    self.place.delete(one.path)
                return False
            self.commit(add, remove, is_change=False)
            return True

    def _create(self) -> DeltaTable:
        self.place.make()
        self._table = DeltaTable.create(
            self.place.url,
            Schema.from_arrow(self._declared()),
            mode="ignore",
            partition_by=["bucket"] if self.bucketed else None,
            configuration={**_CONFIGURATION, _TOLD: ",".join(self.layout.bounded)},
            storage_options=dict(self.place.options),
        )
        return self._table

    def _declared(self) -> pa.Schema:
        return self.schema.append(pa.field("bucket", pa.int32())) if self.bucketed else self.schema

    def columns(self) -> pa.Schema:
        """Return the columns that the table has by now, those of properties too."""
        with self._lock:
            table = self._table or self.open()
            found = pa.schema(self.schema if table is None else table.schema().to_arrow())
            return pa.schema([field for field in found if field.name != "bucket"])

    def add_columns(self, fields: Sequence[pa.Field]) -> None:
        """The table has these columns of properties too; rows that are there have nothing in them."""
        with self._lock:
            table = self.open() or self._create()
            table.alter.add_columns([Field.from_arrow(field) for field in fields])
            told = [*self.layout.bounded, *(_quoted(name) for name in self.columns().names if name.startswith(HOT))]
            table.alter.set_table_properties({_TOLD: ",".join(told)})
            table.update_incremental()

    def look(self) -> Look:
        """Return what the table is made of; none of its files is opened."""
        files, old = self.files(), self.unneeded(0)
        return Look(
            version=self.version(),
            rows=sum(one.rows for one in files),
            files=len(files),
            bytes=sum(one.size for one in files),
            old_files=len(old),
            old_bytes=sum(old.values()),
            columns=tuple(self.whole(files)),
        )

    # ── tidying ──────────────────────────────────────────────────────────────────────────────────────────────

    def unneeded(self, hours: float) -> dict[str, int]:
        """Return the files that no version needs and that are older than ``hours``, with their sizes."""
        needed = {one.path for one in self.files()}
        sizes = {path: size for path, size in self.place.sizes(ending=".parquet").items() if not path.startswith(LOG)}
        ages = self.place.ages(".parquet") if hours else {}
        before = time.time_ns() - int(hours * 3600e9)
        return {path: size for path, size in sizes.items() if path not in needed and ages.get(path, 0) <= before}

    def vacuum(self, hours: float = KEPT_HOURS) -> dict[str, int]:
        """Files that no version needs, older than ``hours``, are gone; return them with their sizes.

        Only the one that writes may ask: with 0 hours a file that was written and is not committed yet would go too.
        """
        gone = self.unneeded(hours)
        for path in gone:
            self.place.delete(path)
        return gone

    def forget_versions(self) -> int:
        """Only the newest version can be asked for; return how many files of the log of commits are gone."""
        with self._lock:
            table = self.open()
            if table is None:
                return 0
            table.create_checkpoint()
            version = table.version()
            old = [path for path in self.place.sizes(LOG) if _is_before(path, version)]
            for path in old:
                self.place.delete(path)
            return len(old)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, ask: Callable[[list[File]], T]) -> T:
        """Return what ``ask`` makes of the files, asked once more when one of them was tidied away meanwhile."""
        files = self.files()
        try:
            return ask(files)
        except (OSError, duckdb.Error):
            newer = self.files()
            if [one.path for one in newer] == [one.path for one in files]:
                raise
            return ask(newer)

    def query(
        self,
        sql: str,
        parameters: Sequence[Any] = (),
        where: Callable[[File], bool] = lambda file: True,
        **views: pa.Table,
    ) -> pa.Table:
        """Return the answer to ``sql``, in which the table is ``stored`` and each view has its name; of files that ``where`` keeps.

        ``stored`` has the columns of the table's kind and those of properties that are whole in every file that is read.
        """

        def ask(files: list[File]) -> pa.Table:
            with connect(views) as connection:
                self.show(connection, [one for one in files if where(one)])
                return connection.sql(sql, params=list(parameters)).to_arrow_table()

        return self.read(ask)

    def show(self, connection: duckdb.DuckDBPyConnection, files: Sequence[File], name: str = "stored") -> None:
        """The rows of these files are the view ``name``."""
        if files:
            self.parts(files).show(connection, name)
        else:
            connection.register(name, self.schema.empty_table())

    def parts(self, files: Sequence[File]) -> Parts:
        """Return files for an SQL engine."""
        until = max((one.highest[ARRIVED] for one in files if ARRIVED in one.highest), default=None)
        names = tuple(one.path for one in files)
        return Parts(self.place, names, (*self.schema.names, *self.whole(files)), until)

    def whole(self, files: Sequence[File]) -> dict[str, pa.DataType]:
        """Return the columns of properties that hold every value in each of these files, with their types."""
        common = frozenset.intersection(*(one.whole for one in files)) if files else frozenset()
        return {field.name: field.type for field in self.columns() if field.name in common}


def _quoted(name: str) -> str:
    escaped = name.replace("`", "``")
    return f"`{escaped}`"


def _is_before(path: str, version: int) -> bool:
    number = path.rpartition("/")[2].split(".")[0]
    return number.isdigit() and int(number) < version


def _file_of(row: Mapping[str, Any]) -> File:
    lowest = {name[4:]: value for name, value in row.items() if name.startswith("min.") and value is not None}
    highest = {name[4:]: value for name, value in row.items() if name.startswith("max.") and value is not None}
    whole = frozenset(
        name.removeprefix(_NULLS) for name, value in row.items() if name.startswith(_NULLS + HOT) and value is not None
    )
    return File(row["path"], row.get("partition.bucket"), row["num_records"], row["size_bytes"], lowest, highest, whole)


def connect(views: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """Return a private DuckDB connection that sees ``views``."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    for name, view in views.items():
        connection.register(name, view)
    return connection
