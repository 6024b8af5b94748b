"""Rows that could not become events: kept whole, with the reason and the place, until they are mended and replayed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coterie.limits import DAY_US
from coterie.storage.erased import Erased
from coterie.storage.lake.compaction import Compacted, compact, joined
from coterie.storage.lake.erasing import Gone, count, erase
from coterie.storage.lake.parquet import Layout
from coterie.storage.lake.place import Place, local_place
from coterie.storage.lake.table import LakeTable, Look
from coterie.storage.lock import alone

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("row", pa.string(), nullable=False),
        pa.field("received_at", pa.int64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
    ]
)
"""``id`` is the row's content and occurrence (the same row is kept once); ``row`` the raw row as a JSON object."""

LAYOUT = Layout(bounded=("received_at",), plain=("id", "row"))
_TOLD = ("id", "place", "detail", "row")


class QuarantineStore:
    """Refused rows in a Delta table at ``path``."""

    def __init__(self, path: str | Path | Place) -> None:
        self.place = path if isinstance(path, Place) else local_place(path)
        self._table = LakeTable(self.place, SCHEMA, LAYOUT)

    def add(self, rows: pa.Table) -> int:
        """Keep the rows whose id is new and return how many those were."""
        with alone(self.place.lock):
            fresh = self._table.query(
                "SELECT refused.* FROM refused ANTI JOIN stored USING (id)"
                " QUALIFY row_number() OVER (PARTITION BY id) = 1",
                refused=rows.cast(SCHEMA),
            )
            if fresh.num_rows:
                self._table.commit(joined(self._table, [(fresh.cast(SCHEMA), ())], None))
        self.compact()
        return int(fresh.num_rows)

    def reasons(self) -> pa.Table:
        """Return (source, reason, rows), most frequent first."""
        return self._table.query(
            "SELECT source, reason, count(*) AS rows FROM stored GROUP BY ALL ORDER BY rows DESC, source, reason"
        )

    def daily(self) -> pa.Table:
        """Return (day since 1970 UTC, source, rows refused)."""
        return self._table.query(
            f"SELECT received_at // {DAY_US} AS day, source, count(*) AS rows FROM stored GROUP BY ALL ORDER BY ALL"
        )

    def rows(self, *, source: str = "", reason: str = "", limit: int = -1) -> pa.Table:
        """Return the refused rows in order of arrival and place, narrowed by source and by a word of the reason."""
        bound = f" LIMIT {int(limit)}" if limit >= 0 else ""
        return self._table.query(
            f"SELECT {', '.join(SCHEMA.names)} FROM stored"
            " WHERE ($1 = '' OR source = $1) AND ($2 = '' OR contains(reason, $2))"
            f" ORDER BY received_at, place, id{bound}",
            [source, reason],
        ).cast(SCHEMA)

    def remove(self, ids: Sequence[str]) -> None:
        """The rows with these ids are not kept, nor any file of an older version."""
        wanted = pa.array(list(ids), pa.string())
        self._remove(["id"], lambda rows: pc.is_in(rows["id"], value_set=wanted))

    def erase(self, texts: Collection[str]) -> Erased:
        """No row in which one of these texts stands (id, place, detail, the raw row) is kept, nor any file of an older version."""

        def gone(rows: pa.Table) -> Any:
            found = [pc.match_substring(rows[name], text) for name in _TOLD for text in texts if text]
            return reduce(pc.or_, found, pc.equal(rows["id"], pa.scalar(None, pa.string())).fill_null(False))

        return self._remove(_TOLD, gone)

    def retain(self, since: int) -> Erased:
        """No row that was received before ``since`` (µs) is kept, nor any file of an older version."""
        return self._remove(["received_at"], lambda rows: pc.less(rows["received_at"], since))

    def older(self, since: int) -> int:
        """Return how many rows ``retain`` would remove."""
        return count(
            self._table, self._table.files(), ["received_at"], lambda rows: pc.less(rows["received_at"], since)
        )

    def look(self) -> Look:
        """Return what the table is made of."""
        return self._table.look()

    def compact(self, *, everything: bool = False) -> Compacted:
        """Small files are large ones."""
        return compact(self._table, everything=everything)

    def vacuum(self, hours: float) -> dict[str, int]:
        """Files that no version needs, older than ``hours``, are gone; return them with their sizes."""
        with alone(self.place.lock):
            return self._table.vacuum(hours)

    def _remove(self, columns: Sequence[str], gone: Gone) -> Erased:
        with alone(self.place.lock):
            return erase(self._table, self._table.files(), columns, gone)
