"""Rows leave a table for good: the files that held them are written anew without them, and no older version stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.storage.erased import Erased
from coterie.storage.lake.parquet import FileWriter, Written
from coterie.storage.lake.table import File, LakeTable

THREADS = 2
"""Files that are rewritten at once; each needs the memory of one row group."""

Gone = Callable[[pa.Table], Any]
"""Rows with the columns asked for → which of them are to go, as an Arrow array of booleans."""


def erase(
    table: LakeTable, files: Sequence[File], columns: Sequence[str], gone: Gone, said: Mapping[str, int] | None = None
) -> Erased:
    """The rows of ``files`` that ``gone`` names are in no file; return how many those were and which files went.

    Files without such a row stay as they are. A crash leaves the table as it was, or without the rows and with old files that
    nobody reads; repeating it takes those away. ``said`` is said with the commit, if there is one.
    """
    with ThreadPoolExecutor(THREADS, "erasing") as beside:
        done = list(beside.map(lambda file: _rewrite(table, file, columns, gone), files))
    removed = [file for file, found in zip(files, done, strict=True) if found is not None]
    added = [one for found in done if found is not None for one in found]
    if removed:
        table.commit(added, removed, said)
    tidied = table.vacuum(0)
    if tidied:
        table.forget_versions()
    rows = sum(file.rows for file in removed) - sum(one.rows for one in added)
    return Erased(rows=rows, files=len(tidied), bytes=sum(tidied.values()))


def _rewrite(table: LakeTable, file: File, columns: Sequence[str], gone: Gone) -> list[Written] | None:
    """Return the file or no file that takes the place of ``file``, ``None`` when no row of it is to go."""
    with table.place.files.open_input_file(f"{table.place.path}/{file.path}") as source:
        opened = pq.ParquetFile(source)
        leaving = [gone(opened.read_row_group(group, columns=list(columns))) for group in range(opened.num_row_groups)]
        counts = [pc.sum(one).as_py() or 0 for one in leaving]
        if not sum(counts):
            return None
        if sum(counts) == file.rows:
            return []
        writer = FileWriter(table.place, table.layout, opened.schema_arrow, file.bucket)
        for group, (which, count) in enumerate(zip(leaving, counts, strict=True)):
            rows = opened.read_row_group(group)
            writer.write(rows.filter(pc.invert(which)) if count else rows, file.whole)
        return [writer.close()]
