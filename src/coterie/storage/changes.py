"""The change log: every membership change that a replay or an apply produced, kept as facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from coterie.errors import Problem
from coterie.limits import DAY_US
from coterie.storage.delta import Commit, DeltaFolder
from coterie.storage.erased import Erased

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
"""``sequence`` is the place in the change log, counted from 1; the other columns are those of ``model.MembershipChange``."""

_COLUMNS = ", ".join(f'"{name}"' for name in SCHEMA.names)


class ChangeStore:
    """Membership changes in a Delta table at ``path``."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._folder = DeltaFolder(self.path, SCHEMA)

    def replace(self, changes: Iterable[pa.Table]) -> int:
        """Make ``changes`` (in order) the whole log, in one commit, and return how many there are."""
        rows = _numbered(changes, 1)
        self._folder.write(rows, replace=True)
        return int(rows.num_rows)

    def append(self, changes: Iterable[pa.Table]) -> int:
        """Add ``changes`` at the end and return how many they are."""
        start = self._folder.query("SELECT coalesce(max(sequence), 0) + 1 AS n FROM stored")["n"][0].as_py()
        rows = _numbered(changes, start)
        if rows.num_rows:
            self._folder.write(rows)
        return int(rows.num_rows)

    def extend(self, rows: pa.Table, marks: Mapping[str, object]) -> None:
        """Add changes that have their sequence already, in one commit that carries ``marks``; nothing stored is read.

        Raises: Problem when the first sequence is not the next one.
        """
        if not rows.num_rows:
            return
        first, have = rows["sequence"][0].as_py(), self._folder.length()
        if first != have + 1:
            raise Problem("changes do not continue the log", where="sequence", received=first, allowed=str(have + 1))
        self._folder.write(rows.cast(SCHEMA), marks=marks)

    def erase(self, profiles: Collection[str]) -> Erased:
        """No change of these profiles is in the log, nor in any file of an older version; the sequences of the others stay."""
        return self._folder.remove("profile IN (SELECT unnest(?::VARCHAR[]))", [list(profiles)])

    def retain(self, since: int) -> Erased:
        """No change of before ``since`` (µs) is in the log, nor in any file of an older version."""
        return self._folder.remove('"at" < ?', [since])

    def length(self) -> int:
        """Return the number of changes, which is the last sequence, without reading any of them."""
        return self._folder.length()

    def version(self) -> int:
        """Return the number of the newest commit, −1 before the first."""
        return self._folder.version()

    def commits(self, newest: int = 100) -> list[Commit]:
        """Return the newest commits with their marks, newest first."""
        return self._folder.commits(newest)

    def page(self, after: int, until: int, limit: int, segment: str = "", profile: str = "") -> pa.Table:
        """Return at most ``limit`` changes with ``after`` < sequence ≤ ``until`` in order, of one segment or profile if named."""
        return self._folder.query(
            f"SELECT {_COLUMNS} FROM stored WHERE sequence > $1 AND sequence <= $2 AND ($3 = '' OR segment = $3)"
            " AND ($4 = '' OR profile = $4) ORDER BY sequence LIMIT $5",
            [after, until, segment, profile, limit],
        ).cast(SCHEMA)

    def standing(self) -> pa.Table:
        """Return (profile, segment, version, at, cause, event_id) of the entry of everybody who has not left since."""
        return self._folder.query(
            "SELECT profile, segment, version, \"at\", cause, coalesce(event_id, '') AS event_id FROM stored"
            " QUALIFY row_number() OVER (PARTITION BY profile, segment ORDER BY sequence DESC) = 1"
            " AND direction = 'entered' ORDER BY profile, segment"
        )

    def table(self, segment: str = "", profile: str = "") -> pa.Table:
        """Return the changes in order, of one segment or profile if named."""
        return self._folder.query(
            f"SELECT {_COLUMNS} FROM stored WHERE ($1 = '' OR segment = $1) AND ($2 = '' OR profile = $2)"
            " ORDER BY sequence",
            [segment, profile],
        ).cast(SCHEMA)

    def daily(self) -> pa.Table:
        """Return (day since 1970 UTC, segment, direction, changes) of what people did or time brought, not of edited definitions."""
        return self._folder.query(
            f"SELECT \"at\" // {DAY_US} AS day, segment, direction, count(*) AS changes FROM stored"
            " WHERE cause IN ('event', 'timer', 'trait', 'late') GROUP BY ALL ORDER BY ALL"
        )

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
