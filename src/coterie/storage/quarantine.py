"""Rows that could not become events: kept whole, with the reason and the place, until they are mended and replayed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pyarrow as pa

from coterie.limits import DAY_US
from coterie.storage.delta import DeltaFolder
from coterie.storage.erased import Erased
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


class QuarantineStore:
    """Refused rows in a Delta table at ``path``."""

    def __init__(self, path: str | Path) -> None:
        self._folder = DeltaFolder(Path(path), SCHEMA)

    def add(self, rows: pa.Table) -> int:
        """Keep the rows whose id is new and return how many those were."""
        with alone(self._folder.path):
            fresh = self._folder.query(
                "SELECT refused.* FROM refused ANTI JOIN stored USING (id)"
                " QUALIFY row_number() OVER (PARTITION BY id) = 1",
                refused=rows.cast(SCHEMA),
            )
            if fresh.num_rows:
                self._folder.write(fresh.cast(SCHEMA))
        return int(fresh.num_rows)

    def reasons(self) -> pa.Table:
        """Return (source, reason, rows), most frequent first."""
        return self._folder.query(
            "SELECT source, reason, count(*) AS rows FROM stored GROUP BY ALL ORDER BY rows DESC, source, reason"
        )

    def daily(self) -> pa.Table:
        """Return (day since 1970 UTC, source, rows refused)."""
        return self._folder.query(
            f"SELECT received_at // {DAY_US} AS day, source, count(*) AS rows FROM stored GROUP BY ALL ORDER BY ALL"
        )

    def rows(self, *, source: str = "", reason: str = "", limit: int = -1) -> pa.Table:
        """Return the refused rows in order of arrival and place, narrowed by source and by a word of the reason."""
        bound = f" LIMIT {int(limit)}" if limit >= 0 else ""
        return self._folder.query(
            f"SELECT {', '.join(SCHEMA.names)} FROM stored"
            " WHERE ($1 = '' OR source = $1) AND ($2 = '' OR contains(reason, $2))"
            f" ORDER BY received_at, place, id{bound}",
            [source, reason],
        ).cast(SCHEMA)

    def remove(self, ids: Sequence[str]) -> None:
        """Forget the rows with these ids, in one commit."""
        with alone(self._folder.path):
            kept = self._folder.query(
                f"SELECT {', '.join(SCHEMA.names)} FROM stored ANTI JOIN gone USING (id)",
                gone=pa.table({"id": pa.array(list(ids), pa.string())}),
            )
            self._folder.write(kept.cast(SCHEMA), replace=True)

    def erase(self, texts: Collection[str]) -> Erased:
        """No row in which one of these texts stands (ids, names, the raw row) is kept, nor any file of an older version."""
        with alone(self._folder.path):
            found = "EXISTS (SELECT 1 FROM (SELECT unnest(?::VARCHAR[]) AS text) WHERE contains(concat_ws(chr(31), {}), text))"
            return self._folder.remove(found.format(", ".join(('"row"', "detail", "place", "id"))), [list(texts)])

    def retain(self, since: int) -> Erased:
        """No row that was received before ``since`` (µs) is kept, nor any file of an older version."""
        with alone(self._folder.path):
            return self._folder.remove("received_at < ?", [since])
