"""A folder that is a Delta table: appended or replaced in one atomic commit, read by DuckDB through its file list."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from msgspec import Struct

from coterie.storage.erased import Erased

FILES_MAX = 64
"""Above so many files an append also compacts the table, so that a reader opens few."""

KEPT_HOURS = 24
"""Files that a rewrite replaced stay so long for readers that opened them before."""


MARK = "coterie."
"""Prefix of what a commit says about itself in its metadata."""


class Commit(Struct, frozen=True):
    """One commit of a table: its version, what it did, and its marks without their prefix."""

    version: int
    operation: str
    marks: dict[str, str]


class DeltaFolder:
    """A local Delta table. One handle is reused between commits, which keeps small commits cheap; threads take turns with it."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema = path, schema
        self._table: DeltaTable | None = None
        self._lock = threading.RLock()

    def open(self) -> DeltaTable | None:
        """Return the table at its newest version, or ``None`` before the first commit."""
        with self._lock:
            if self._table is None:
                if not DeltaTable.is_deltatable(str(self.path)):
                    return None
                self._table = DeltaTable(str(self.path))
            else:
                self._table.update_incremental()
            return self._table

    def files(self) -> list[str]:
        """Return the paths of the Parquet files that hold the newest version."""
        with self._lock:
            table = self.open()
            return [] if table is None else sorted(table.file_uris())

    def version(self) -> int:
        """Return the number of the newest commit, −1 before the first."""
        with self._lock:
            table = self.open()
            return -1 if table is None else table.version()

    def length(self) -> int:
        """Return the number of rows, from the statistics of the files: nothing of them is read."""
        with self._lock:
            table = self.open()
            actions = None if table is None else pa.table(table.get_add_actions(flatten=True))
        return 0 if actions is None else sum(actions["num_records"].to_pylist())

    def commits(self, newest: int = 100) -> list[Commit]:
        """Return the newest commits, newest first."""
        with self._lock:
            table = self.open()
            return [] if table is None else [_commit_of(one) for one in table.history(newest)]

    def write(
        self, rows: pa.Table | pa.RecordBatchReader, *, replace: bool = False, marks: Mapping[str, object] | None = None
    ) -> None:
        """Append ``rows``, or make them the whole table; either way one commit, which carries ``marks``."""
        with self._lock:
            self._write(rows, replace, marks or {})

    def _write(self, rows: pa.Table | pa.RecordBatchReader, replace: bool, marks: Mapping[str, object]) -> None:
        table = self.open()
        if table is None:
            self.path.mkdir(parents=True, exist_ok=True)
        target: str | DeltaTable = str(self.path) if table is None else table
        told = CommitProperties(custom_metadata={MARK + name: str(value) for name, value in marks.items()})
        write_deltalake(target, rows, mode="overwrite" if replace else "append", commit_properties=told)
        if table is not None and len(table.file_uris()) > FILES_MAX:
            table.optimize.compact()
            replace = True
        if table is not None and replace:
            table.vacuum(retention_hours=KEPT_HOURS, dry_run=False, enforce_retention_duration=False)

    def remove(self, condition: str, parameters: Sequence[Any] = ()) -> Erased:
        """The rows of which ``condition`` is true are gone, and every file that ever held them. Repeating it changes nothing."""
        with self._lock:
            before = {Path(file).name: Path(file).stat().st_size for file in self.path.rglob("*.parquet")}
            have = self.length()
            kept = self.query(f"SELECT * FROM stored WHERE NOT ({condition})", parameters).cast(self.schema)
            if kept.num_rows < have:
                self.write(kept, replace=True)
            table = self.open()
            if table is not None:
                table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
            left = {Path(file).name for file in self.path.rglob("*.parquet")}
            gone = [size for name, size in before.items() if name not in left]
            return Erased(rows=have - kept.num_rows, files=len(gone), bytes=sum(gone))

    def query(self, sql: str, parameters: Sequence[Any] = (), **views: pa.Table) -> pa.Table:
        """Return the answer to ``sql``, in which the table is called ``stored`` and each view by its own name."""
        with connect(views) as connection:
            files = self.files()
            if files:
                connection.from_parquet(files).create_view("stored")
            else:
                connection.register("stored", self.schema.empty_table())
            return connection.sql(sql, params=list(parameters)).to_arrow_table()


def _commit_of(entry: Mapping[str, Any]) -> Commit:
    marks = {name.removeprefix(MARK): str(value) for name, value in entry.items() if name.startswith(MARK)}
    return Commit(int(entry["version"]), str(entry.get("operation", "")), marks)


def connect(views: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """Return a private DuckDB connection that sees ``views``."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    for name, view in views.items():
        connection.register(name, view)
    return connection
