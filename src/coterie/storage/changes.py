"""The change log: every membership change that a replay or an apply produced, kept as facts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from coterie.storage.delta import DeltaFolder

SCHEMA = pa.schema(
    [
        pa.field("segment", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("profile", pa.string(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        pa.field("event_id", pa.string()),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
    ]
)
"""``sequence`` is the place in the change log; the other columns are those of ``model.MembershipChange``."""

_COLUMNS = ", ".join(f'"{name}"' for name in SCHEMA.names)


class ChangeStore:
    """Membership changes in a Delta table at ``path``."""

    def __init__(self, path: str | Path) -> None:
        self._folder = DeltaFolder(Path(path), SCHEMA)

    def replace(self, changes: Iterable[pa.Table]) -> int:
        """Make ``changes`` (in order) the whole log, in one commit, and return how many there are."""
        rows = _numbered(changes, 0)
        self._folder.write(rows, replace=True)
        return int(rows.num_rows)

    def append(self, changes: Iterable[pa.Table]) -> int:
        """Add ``changes`` at the end and return how many they are."""
        start = self._folder.query("SELECT coalesce(max(sequence) + 1, 0) AS n FROM stored")["n"][0].as_py()
        rows = _numbered(changes, start)
        if rows.num_rows:
            self._folder.write(rows)
        return int(rows.num_rows)

    def table(self, segment: str = "", profile: str = "") -> pa.Table:
        """Return the changes in order, of one segment or profile if named."""
        return self._folder.query(
            f"SELECT {_COLUMNS} FROM stored WHERE ($1 = '' OR segment = $1) AND ($2 = '' OR profile = $2)"
            " ORDER BY sequence",
            [segment, profile],
        ).cast(SCHEMA)

    def counts(self) -> pa.Table:
        """Return (segment, direction, cause, changes)."""
        return self._folder.query(
            "SELECT segment, direction, cause, count(*) AS changes FROM stored GROUP BY ALL ORDER BY ALL"
        )


def _numbered(changes: Iterable[pa.Table], start: int) -> pa.Table:
    plain = []
    for one in changes:
        columns = [
            one[name].cast(SCHEMA.field(name).type)
            if name in one.column_names
            else pa.nulls(one.num_rows, SCHEMA.field(name).type)
            for name in SCHEMA.names[:-1]
        ]
        plain.append(pa.table(columns, names=SCHEMA.names[:-1]))
    rows = pa.concat_tables(plain) if plain else pa.table([[]] * (len(SCHEMA) - 1), schema=pa.schema(list(SCHEMA)[:-1]))
    return rows.append_column("sequence", pa.array(range(start, start + rows.num_rows), pa.int64())).cast(SCHEMA)
