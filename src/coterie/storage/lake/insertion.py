"""Rows that belong before the end of the log take their place in it: what follows them is written anew, behind them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from coterie.storage.lake.compaction import LARGE_ROWS, OPEN, Dress, joined
from coterie.storage.lake.parquet import GROUP_ROWS, Rows, Written
from coterie.storage.lake.table import File, LakeTable, connect
from coterie.storage.log import SCHEMA


def insert(table: LakeTable, fresh: pa.Table, dress: Dress) -> tuple[list[Written], list[File]]:
    """Return the files that hold ``fresh`` (in order of arrival) between the rows around it, and those they take the place of.

    Rows that arrived before the first of ``fresh``, or with it, keep their positions; the others get the ones after. The sort
    may spill to the disk; everything else is done a row group at a time.
    """
    first = fresh["received_at"][0].as_py()
    files = [one for one in table.files() if one.highest["received_at"] > first]
    columns = ", ".join(SCHEMA.names)
    with connect({"fresh": fresh}) as connection:
        table.show(connection, files)
        rows = connection.execute(
            "SELECT count(*) FILTER (received_at <= $1), min(position) FILTER (received_at > $1) FROM stored", [first]
        ).fetchall()
        kept, after = rows[0]
        ordered = connection.sql(
            f"SELECT {columns} FROM (SELECT {columns}, 0 AS late FROM stored UNION ALL SELECT {columns}, 1 FROM fresh)"
            " ORDER BY received_at, late, position"
        ).to_arrow_reader(GROUP_ROWS)
        written: list[Written] = []
        held: list[Rows] = []
        for one in _placed(ordered, kept, after):
            held.append(dress(one))
            if sum(each.num_rows for each, _ in held) >= LARGE_ROWS:
                written += joined(table, held, OPEN)
                held = []
        return [*written, *joined(table, held, OPEN)], files


def _placed(batches: pa.RecordBatchReader, kept: int, after: int) -> Iterator[pa.Table]:
    """Yield the rows with their new positions: ``kept`` rows as they are, then from ``after`` on."""
    done = 0
    for batch in batches:
        places = np.arange(done, done + batch.num_rows, dtype=np.int64)
        before = batch["position"].to_numpy(zero_copy_only=False)
        positions = np.where(places < kept, before, places - kept + after)
        done += batch.num_rows
        yield pa.table([pa.array(positions), *batch.columns[1:]], schema=SCHEMA)
