"""The files of a table as an SQL engine is to read them: which, where, and which columns say the truth about every row."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
from msgspec import Struct

from coterie.storage.lake import remote
from coterie.storage.lake.place import Place


class Parts(Struct, frozen=True):
    """Files of one version. ``columns``: those that are whole in each of them."""

    place: Place
    names: tuple[str, ...]
    columns: tuple[str, ...]
    until: int | None = None
    """The newest arrival in them, where there is one."""

    def __len__(self) -> int:
        return len(self.names)

    def show(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """The rows are the view ``name``. At least one file is needed."""
        told = ", ".join(identifier(one) for one in self.columns)
        paths = remote.paths(connection, self.place, self.names)
        connection.from_parquet(paths, hive_partitioning=False).project(told).create_view(name, replace=True)


def show_paths(connection: duckdb.DuckDBPyConnection, paths: Sequence[str], name: str) -> None:
    """The rows of Parquet files anywhere are the view ``name``; columns that some lack are empty there."""
    connection.from_parquet(list(paths), union_by_name=True).create_view(name, replace=True)


def identifier(name: str) -> str:
    """Return ``name`` quoted as an SQL identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def literal(text: str) -> str:
    """Return ``text`` quoted as an SQL text."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
