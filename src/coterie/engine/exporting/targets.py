"""Where an export goes: each target takes the tables one after the other, and shows all of them or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from coterie.errors import Problem


class Target(Protocol):
    """An export under way."""

    def write(self, table: str, batches: pa.RecordBatchReader) -> int:
        """The table is written; return its rows."""
        ...

    def finish(self) -> None:
        """What was written takes the place of an earlier export, all at once."""
        ...

    def abandon(self) -> None:
        """Nothing of it remains."""
        ...


class FileTarget:
    """Files in a folder: ``<table>.parquet`` or ``<table>.csv``. They are written beside and moved when all are whole."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder, self._suffix = folder, suffix
        self._draft = folder / ".draft"
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(parents=True)

    def write(self, table: str, batches: pa.RecordBatchReader) -> int:
        rows = 0
        with self._writer(self._draft / f"{table}.{self._suffix}", batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
        return rows

    @contextmanager
    def _writer(self, path: Path, schema: pa.Schema) -> Iterator[pyarrow.parquet.ParquetWriter]:
        kind = pyarrow.parquet.ParquetWriter if self._suffix == "parquet" else pyarrow.csv.CSVWriter
        options = {"compression": "zstd"} if self._suffix == "parquet" else {}
        with kind(str(path), schema, **options) as writer:
            yield writer

    def finish(self) -> None:
        for file in sorted(self._draft.iterdir()):
            os.replace(file, self._folder / file.name)
        self.abandon()

    def abandon(self) -> None:
        shutil.rmtree(self._draft, ignore_errors=True)


class HyperTarget:
    """A Tableau extract: one file with all tables. They wait beside it as Parquet until every one is there."""

    def __init__(self, file: Path) -> None:
        try:
            import pantab  # noqa: F401
        except ImportError as error:
            raise Problem("writing .hyper files needs pantab", hint="pip install 'coterie[hyper]'") from error
        self._file, self._waiting = file, FileTarget(file.parent / f".{file.stem}.tables", "parquet")
        self._tables: list[str] = []

    def write(self, table: str, batches: pa.RecordBatchReader) -> int:
        self._tables.append(table)
        return self._waiting.write(table, batches)

    def finish(self) -> None:
        import pantab

        self._waiting.finish()
        folder = self._file.parent / f".{self._file.stem}.tables"
        draft = self._file.with_suffix(".draft.hyper")
        options = {"log_dir": str(folder), "default_database_version": "4"}
        for place, table in enumerate(self._tables):
            rows = pyarrow.parquet.read_table(folder / f"{table}.parquet")
            mode = "a" if place else "w"
            pantab.frame_to_hyper(rows, draft, table=table, table_mode=mode, process_params=options)
        os.replace(draft, self._file)
        self.abandon()

    def abandon(self) -> None:
        self._waiting.abandon()
        shutil.rmtree(self._file.parent / f".{self._file.stem}.tables", ignore_errors=True)


def write_table(table: pa.Table, path: Path) -> None:
    """The table is in the file, whole: Parquet or CSV by the name's ending. Raises: Problem for another ending."""
    draft = path.with_name(f".{path.name}.draft")
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, draft, compression="zstd")
    elif path.suffix == ".csv":
        pyarrow.csv.write_csv(table, draft)
    else:
        raise Problem("a table is written as one of two kinds of files", received=path.name, allowed="….parquet, ….csv")
    os.replace(draft, path)
