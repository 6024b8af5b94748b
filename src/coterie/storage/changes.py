"""The change log: every membership change that a replay or an apply produced, kept as facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import Problem
from coterie.limits import DAY_US
from coterie.storage.erased import Erased
from coterie.storage.lake.compaction import Compacted, compact, joined
from coterie.storage.lake.erasing import Gone, count, erase
from coterie.storage.lake.parquet import Layout
from coterie.storage.lake.place import Place, local_place
from coterie.storage.lake.table import File, LakeTable, Look
from coterie.storage.lock import alone

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


LAYOUT = Layout(bounded=("sequence", "at"), plain=("event_id",), person="profile")
SEQUENCE, EDITION = "sequence", "edition"
"""What commits say: the last sequence, and how often the change log was changed by anything but a landing."""


class ChangeStore:
    """Membership changes in a Delta table at ``path``. Sequences have holes where people were erased."""

    def __init__(self, path: str | Path | Place) -> None:
        self.place = path if isinstance(path, Place) else local_place(path)
        self._table = LakeTable(self.place, SCHEMA, LAYOUT)

    def replace(self, changes: Iterable[pa.Table]) -> int:
        """Make ``changes`` (in order) the whole log, in one commit, and return how many there are."""
        rows = _numbered(changes, 1)
        with alone(self.place.lock):
            self._write(rows, self._table.files(), {SEQUENCE: rows.num_rows, EDITION: self.edition() + 1})
        return int(rows.num_rows)

    def append(self, changes: Iterable[pa.Table]) -> int:
        """Add ``changes`` at the end and return how many they are."""
        with alone(self.place.lock):
            last = self.length()
            rows = _numbered(changes, last + 1)
            if rows.num_rows:
                self._write(rows, (), {SEQUENCE: last + rows.num_rows, EDITION: self.edition() + 1})
        return int(rows.num_rows)

    def extend(self, rows: pa.Table, until: int, said: Mapping[str, int]) -> None:
        """Add changes that have their sequence already and reach ``until``, in one commit that says ``said``.

        Nothing stored is read; done once, it changes nothing more. Raises: Problem when a sequence is there already.
        """
        with alone(self.place.lock):
            have = self.length()
            if until <= have:
                return
            first = rows["sequence"][0].as_py() if rows.num_rows else have + 1
            if first <= have:
                raise Problem(
                    "changes do not continue the log", where="sequence", received=first, allowed=f"from {have + 1}"
                )
            self._write(rows.cast(SCHEMA), (), {**said, SEQUENCE: until})

    def _write(self, rows: pa.Table, remove: Iterable[File], said: Mapping[str, int]) -> None:
        self._table.commit(joined(self._table, [(rows, ())], None), remove, said)

    def erase(self, profiles: Collection[str]) -> Erased:
        """No change of these profiles is in the log, nor in any file of an older version; the sequences of the others stay."""
        wanted = pa.array(sorted(profiles), pa.string())
        return self._remove("profile", lambda rows: pc.is_in(rows["profile"], value_set=wanted))

    def retain(self, since: int) -> Erased:
        """No change of before ``since`` (µs) is in the log, nor in any file of an older version."""
        return self._remove("at", lambda rows: pc.less(rows["at"], since))

    def _remove(self, column: str, gone: Gone) -> Erased:
        with alone(self.place.lock):
            said = {EDITION: self.edition() + 1}
            return erase(self._table, self._table.files(), [column], gone, said)

    def older(self, since: int) -> int:
        """Return how many rows ``retain`` would remove."""
        return count(self._table, self._table.files(), ["at"], lambda rows: pc.less(rows["at"], since))

    def about(self, profiles: Collection[str]) -> int:
        """Return how many changes are of these profiles."""
        wanted = pa.array(sorted(profiles), pa.string())
        return count(
            self._table, self._table.files(), ["profile"], lambda rows: pc.is_in(rows["profile"], value_set=wanted)
        )

    def look(self) -> Look:
        """Return what the table is made of."""
        return self._table.look()

    def compact(self, *, everything: bool = False) -> Compacted:
        """Small files are large ones; the rows and their order stay."""
        return compact(self._table, everything=everything)

    def vacuum(self, hours: float) -> dict[str, int]:
        """Files that no version needs, older than ``hours``, are gone; return them with their sizes."""
        with alone(self.place.lock):
            return self._table.vacuum(hours)

    def length(self) -> int:
        """Return the last sequence, without reading any change."""
        return self._table.said(SEQUENCE) or 0

    def edition(self) -> int:
        """Return how often the change log was changed by anything but a landing."""
        return self._table.said(EDITION) or 0

    def said(self, name: str) -> int:
        """Return what the last landing said of ``name``, 0 when none did."""
        return self._table.said(name) or 0

    def version(self) -> int:
        """Return the number of the newest commit, −1 before the first."""
        return self._table.version()

    def page(self, after: int, until: int, limit: int, segment: str = "", profile: str = "") -> pa.Table:
        """Return at most ``limit`` changes with ``after`` < sequence ≤ ``until`` in order, of one segment or profile if named."""
        return self._table.query(
            f"SELECT {_COLUMNS} FROM stored WHERE sequence > $1 AND sequence <= $2 AND ($3 = '' OR segment = $3)"
            " AND ($4 = '' OR profile = $4) ORDER BY sequence LIMIT $5",
            [after, until, segment, profile, limit],
            lambda file: file.highest["sequence"] > after and file.lowest["sequence"] <= until,
        ).cast(SCHEMA)

    def standing(self) -> pa.Table:
        """Return (profile, segment, version, at, cause, event_id) of the entry of everybody who has not left since."""
        return self._table.query(
            "SELECT profile, segment, version, \"at\", cause, coalesce(event_id, '') AS event_id FROM stored"
            " QUALIFY row_number() OVER (PARTITION BY profile, segment ORDER BY sequence DESC) = 1"
            " AND direction = 'entered' ORDER BY profile, segment"
        )

    def table(self, segment: str = "", profile: str = "") -> pa.Table:
        """Return the changes in order, of one segment or profile if named."""
        return self._table.query(
            f"SELECT {_COLUMNS} FROM stored WHERE ($1 = '' OR segment = $1) AND ($2 = '' OR profile = $2)"
            " ORDER BY sequence",
            [segment, profile],
        ).cast(SCHEMA)

    def daily(self) -> pa.Table:
        """Return (day since 1970 UTC, segment, direction, changes) of what people did or time brought, not of edited definitions."""
        return self._table.query(
            f'SELECT "at" // {DAY_US} AS day, segment, direction, count(*) AS changes FROM stored'
            " WHERE cause IN ('event', 'timer', 'trait', 'late') GROUP BY ALL ORDER BY ALL"
        )

    def counts(self) -> pa.Table:
        """Return (segment, direction, cause, changes)."""
        return self._table.query(
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
