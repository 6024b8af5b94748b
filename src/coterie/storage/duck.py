"""DuckDB in memory: runs the batch reader's statements over Arrow tables or Parquet files, and answers in Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TypeAlias

import duckdb
import pyarrow as pa

from coterie.identity.merges import Alias
from coterie.segments.batch import Relation
from coterie.storage.lake.parts import Parts, show_paths

FAULTS = (duckdb.Error,)
"""What a statement may raise, such as when a file that it reads is taken away: for those who try again later."""
Files: TypeAlias = Parts | Sequence[str]
"""Parquet files: those of a table at one version, or paths anywhere."""
ALIASES = pa.schema(
    [("profile", pa.string()), ("canonical", pa.string()), ("since", pa.int64()), ("until", pa.int64())]
)


class Duck:
    """An in-memory connection. Not safe for several threads at once; each opens its own.

    ``threads`` and ``memory`` ("2GB") bound what a statement may use; larger intermediate results spill to ``spill``.
    """

    def __init__(self, *, threads: int = 2, memory: str = "", spill: str = "") -> None:
        options: dict[str, str | int] = {"threads": threads, "autoinstall_known_extensions": "false"}
        if memory:
            options["memory_limit"] = memory
        if spill:
            options["temp_directory"] = spill
        self._connection = duckdb.connect(":memory:", config=options)

    def add_table(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as ``name``, without a copy; it replaces what had the name."""
        self._connection.register(name, table)

    def add_files(self, name: str, files: Parts | Sequence[str], empty: pa.Schema | None = None) -> None:
        """Make Parquet files readable as one table called ``name``; with no files, an empty one of schema ``empty``."""
        if not files and empty is not None:
            self.add_table(name, empty.empty_table())
            return
        if isinstance(files, Parts):
            files.show(self._connection, name)
        else:
            show_paths(self._connection, files, name)

    def add_log(
        self, log: pa.Table | Parts | Sequence[str], *, merges: Iterable[Alias] = (), empty: pa.Schema | None = None
    ) -> Relation:
        """Make the log (an Arrow table or Parquet files) and its merges readable; return how statements refer to them."""
        if isinstance(log, pa.Table):
            self.add_table("events", log)
        else:
            self.add_files("events", log, empty)
        aliases = alias_table(merges)
        self.add_table("aliases", aliases)
        until = log.until if isinstance(log, Parts) else None
        return Relation.of(self.schema("events"), merges=aliases.num_rows > 0, until=until)

    def schema(self, name: str) -> pa.Schema:
        """Return the columns of a table as Arrow sees them."""
        return self.run(f'SELECT * FROM "{name}" LIMIT 0').schema

    def run(self, statement: str) -> pa.Table:
        """Return the rows of ``statement`` as an Arrow table."""
        return self._connection.sql(statement).to_arrow_table()

    def stream(self, statement: str, rows_max: int) -> pa.RecordBatchReader:
        """Return the rows of ``statement`` a batch at a time, computed as they are asked for.

        Read it to its end before the connection is asked again.
        """
        return self._connection.sql(statement).to_arrow_reader(rows_max)

    def execute(self, statement: str) -> None:
        """``statement`` has been run for what it does; nothing is answered."""
        self._connection.execute(statement).fetchall()

    def members(self, statement: str) -> Mapping[int, set[str]]:
        """Return the profiles per instant of a statement of (at, profile); instants without members are absent."""
        table = self.run(statement)
        found: dict[int, set[str]] = {}
        for at, profile in zip(table.column("at").to_pylist(), table.column("profile").to_pylist(), strict=True):
            found.setdefault(at, set()).add(profile)
        return found

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Duck:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def alias_table(merges: Iterable[Alias]) -> pa.Table:
    """Return aliases as the relation (profile, canonical, since, until) that statements join."""
    rows = [{"profile": a.profile, "canonical": a.canonical, "since": a.since, "until": a.until} for a in merges]
    return pa.Table.from_pylist(rows, schema=ALIASES)
