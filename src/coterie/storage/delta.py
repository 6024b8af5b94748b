"""A folder that is a Delta table: appended or replaced in one atomic commit, read by DuckDB through its file list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

FILES_MAX = 64
"""Above so many files an append also compacts the table, so that a reader opens few."""

KEPT_HOURS = 24
"""Files that a rewrite replaced stay so long for readers that opened them before."""


class DeltaFolder:
    """A local Delta table. One handle is reused between commits, which keeps small commits cheap."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema = path, schema
        self._table: DeltaTable | None = None

    def open(self) -> DeltaTable | None:
        """Return the table at its newest version, or ``None`` before the first commit."""
        if self._table is None:
            if not DeltaTable.is_deltatable(str(self.path)):
                return None
            self._table = DeltaTable(str(self.path))
        else:
            self._table.update_incremental()
        return self._table

    def files(self) -> list[str]:
        """Return the paths of the Parquet files that hold the newest version."""
        table = self.open()
        return [] if table is None else sorted(table.file_uris())

    def version(self) -> int:
        """Return the number of the newest commit, −1 before the first."""
        table = self.open()
        return -1 if table is None else table.version()

    def write(self, rows: pa.Table | pa.RecordBatchReader, *, replace: bool = False) -> None:
        """Append ``rows``, or make them the whole table; either way one commit."""
        table = self.open()
        if table is None:
            self.path.mkdir(parents=True, exist_ok=True)
        target: str | DeltaTable = str(self.path) if table is None else table
        write_deltalake(target, rows, mode="overwrite" if replace else "append")
        if table is not None and len(table.file_uris()) > FILES_MAX:
            table.optimize.compact()
            replace = True
        if table is not None and replace:
            table.vacuum(retention_hours=KEPT_HOURS, dry_run=False, enforce_retention_duration=False)

    def query(self, sql: str, parameters: Sequence[Any] = (), **views: pa.Table) -> pa.Table:
        """Return the answer to ``sql``, in which the table is called ``stored`` and each view by its own name."""
        with connect(views) as connection:
            files = self.files()
            if files:
                connection.from_parquet(files).create_view("stored")
            else:
                connection.register("stored", self.schema.empty_table())
            return connection.sql(sql, params=list(parameters)).to_arrow_table()


def connect(views: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """Return a private DuckDB connection that sees ``views``."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    for name, view in views.items():
        connection.register(name, view)
    return connection
