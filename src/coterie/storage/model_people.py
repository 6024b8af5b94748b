"""Who was where when a model was fitted: Parquet files beside the artefacts, without those who were erased."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.errors import Problem
from coterie.storage.private import write_whole

PROFILE = "profile"
"""The column that names people."""
ENDING = ".people.parquet"


class ModelPeople:
    """The files of people under the folder ``path`` of all models."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, file: Path, table: pa.Table) -> None:
        """The file holds the table, whole, for its owner only. Raises: Problem when no column names people."""
        if PROFILE not in table.column_names:
            received = ", ".join(table.column_names)
            raise Problem("assignments of nobody", received=received, allowed=f"a column {PROFILE}")
        sink = pa.BufferOutputStream()
        pq.write_table(table.replace_schema_metadata(None), sink, compression="zstd")
        write_whole(file, sink.getvalue().to_pybytes())

    def get(self, file: Path) -> pa.Table | None:
        """Return what a file holds, nothing when there is none. Raises: Problem for one that cannot be read, as all others do."""
        return _read(file) if file.exists() else None

    def rows_of(self, file: Path, people: Collection[str]) -> list[dict[str, Any]]:
        """Return the rows of a file about these people, none when there is no file."""
        if not file.exists():
            return []
        wanted = pa.array(sorted(people), pa.string())
        table = _read(file)
        found: list[dict[str, Any]] = table.filter(pc.is_in(table[PROFILE], wanted)).to_pylist()
        return found

    def about(self, people: Collection[str]) -> int:
        """Return how many rows about these people are kept, in all versions of all models."""
        wanted = pa.array(sorted(people), pa.string())
        return sum(int(pc.sum(pc.is_in(_names(file), wanted)).as_py() or 0) for file in self._files())

    def erase(self, people: Collection[str]) -> None:
        """No row is about these people: the files that had some are written anew, and the old ones are gone."""
        wanted = pa.array(sorted(people), pa.string())
        for file in self._files():
            if pc.any(pc.is_in(_names(file), wanted)).as_py():
                table = _read(file)
                self.put(file, table.filter(pc.invert(pc.is_in(table[PROFILE], wanted))))

    def _files(self) -> list[Path]:
        return sorted(self.path.glob(f"*/*/*{ENDING}"))


def _names(file: Path) -> pa.ChunkedArray:
    return _read(file, [PROFILE])[PROFILE]


def _read(file: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(file, columns=columns, memory_map=False)
    except pa.ArrowInvalid as error:
        hint = "take it from a backup, or remove it: only matching clusters with those of this version needs it"
        raise Problem(f"not the people of a model: {error}", where=str(file), hint=hint) from error
