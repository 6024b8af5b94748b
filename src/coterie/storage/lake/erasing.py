"""Rows leave a table for good: the files that held them are written anew without them, and no older version stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from coterie.storage.erased import Erased
from coterie.storage.lake.compaction import joined
from coterie.storage.lake.parquet import Rows, Written, batches
from coterie.storage.lake.table import File, LakeTable

THREADS = 2
"""Files that are rewritten at once; each needs the memory of one row group."""

Gone = Callable[[pa.Table], Any]
"""Rows with the columns asked for → which of them are meant, as an Arrow array of booleans."""
Mend = Callable[[pa.Table, Any, File], Rows]
"""(rows, which of them are meant, their file) → the rows that take their place."""


def without(rows: pa.Table, meant: Any, file: File) -> Rows:
    """Return the rows that are not meant."""
    return rows.filter(pc.invert(meant)), file.whole


def erase(
    table: LakeTable,
    files: Sequence[File],
    columns: Sequence[str],
    gone: Gone,
    said: Mapping[str, int] | None = None,
    mend: Mend = without,
) -> Erased:
    """The rows of ``files`` that ``gone`` names are in no file, or as ``mend`` makes them; return how many and which files went.

    Files without such a row stay as they are. A crash leaves the table as it was, or as it is to be with old files that nobody
    reads; repeating it takes those away. ``said`` is said with the commit, if there is one.
    """
    with ThreadPoolExecutor(THREADS, "erasing") as beside:
        done = [one for one in beside.map(lambda file: _rewrite(table, file, columns, gone, mend), files) if one.meant]
    removed = [one.file for one in done]
    if removed:
        table.commit([one.written for one in done if one.written is not None], removed, said)
    tidied = table.vacuum(0)
    if tidied:
        table.forget_versions()
    return Erased(rows=sum(one.meant for one in done), files=len(tidied), bytes=sum(tidied.values()))


def count(table: LakeTable, files: Sequence[File], columns: Sequence[str], gone: Gone) -> int:
    """Return how many rows of ``files`` are meant."""
    groups = (rows for file in files for rows in batches(table.place, file.path, columns))
    return sum(pc.sum(gone(rows)).as_py() or 0 for rows in groups)


class _Rewritten(NamedTuple):
    file: File
    meant: int
    written: Written | None


def _rewrite(table: LakeTable, file: File, columns: Sequence[str], gone: Gone, mend: Mend) -> _Rewritten:
    """Return what takes the place of ``file``; nothing is written when no row of it is meant, or none is left."""
    meant = [gone(rows) for rows in batches(table.place, file.path, columns)]
    counts = [pc.sum(one).as_py() or 0 for one in meant]
    if not sum(counts):
        return _Rewritten(file, 0, None)

    groups: Iterator[Rows] = map(mend, batches(table.place, file.path), meant, repeat(file))
    written = joined(table, groups, file.bucket)
    return _Rewritten(file, sum(counts), written[0] if written else None)
