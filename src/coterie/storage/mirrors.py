"""Tables that repeat the committed state for other tools: who is known, by which identifiers, and what triggers began."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from coterie.storage.erased import Erased
from coterie.storage.lake.compaction import Compacted, compact, joined
from coterie.storage.lake.erasing import Gone, count, erase
from coterie.storage.lake.parquet import Layout, Written
from coterie.storage.lake.place import Place
from coterie.storage.lake.table import LakeTable, Look
from coterie.storage.lock import alone

SCHEMAS: dict[str, pa.Schema] = {
    "profiles": pa.schema(
        [
            pa.field("profile", pa.string(), nullable=False),
            pa.field("first_seen", pa.int64(), nullable=False),
            pa.field("merged_into", pa.string()),
            pa.field("traits", pa.string(), nullable=False),
        ]
    ),
    "identities": pa.schema(
        [
            pa.field("kind", pa.string(), nullable=False),
            pa.field("value", pa.string(), nullable=False),
            pa.field("profile", pa.string(), nullable=False),
        ]
    ),
    "triggers": pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("trigger", pa.string(), nullable=False),
            pa.field("profile", pa.string(), nullable=False),
            pa.field("run", pa.string(), nullable=False),
            pa.field("started_at", pa.int64(), nullable=False),
            pa.field("held_out", pa.bool_(), nullable=False),
            pa.field("delivery", pa.string(), nullable=False),
        ]
    ),
}
"""Name of the table → its columns. Instants are int64 µs UTC; ``traits`` is a JSON object, ``run`` the value of ``key_by``."""
_BOUNDED = {"profiles": ("first_seen",), "identities": (), "triggers": ("id", "started_at")}
UNTIL = "until"
"""What commits say: how far of the state they repeat, in positions of the log or ids of runs."""


class Mirror:
    """One of these tables at ``place``."""

    def __init__(self, place: Place, name: str) -> None:
        self.place, self.name = place, name
        plain = ("profile", "traits", "value")
        self._table = LakeTable(place, SCHEMAS[name], Layout(bounded=_BOUNDED[name], plain=plain))

    def reached(self) -> int:
        """Return how far the table repeats the state, −1 when it never did."""
        said = self._table.said(UNTIL)
        return -1 if said is None else said

    def count(self) -> int:
        """Return the number of rows."""
        return self._table.count()

    def replace(self, tables: Iterable[pa.Table], until: int) -> None:
        """The table is exactly this, as of ``until``, in one commit."""
        with alone(self.place.lock):
            before = self._table.files()
            self._table.commit(self._written(tables), before, {UNTIL: until})

    def extend(self, tables: Iterable[pa.Table], until: int) -> None:
        """The rows are there too, and it reaches ``until``; done once, it changes nothing more."""
        with alone(self.place.lock):
            if until > self.reached():
                self._table.commit(self._written(tables), (), {UNTIL: until})

    def _written(self, tables: Iterable[pa.Table]) -> list[Written]:
        schema = SCHEMAS[self.name]
        return joined(self._table, ((one.select(schema.names).cast(schema), ()) for one in tables), None)

    def erase(self, profiles: Collection[str]) -> Erased:
        """No row of these profiles is in the table, nor in any file of an older version; nobody is told to be merged into them."""
        columns, gone = self._meant(profiles)
        with alone(self.place.lock):
            return erase(self._table, self._table.files(), columns, gone)

    def about(self, profiles: Collection[str]) -> int:
        """Return how many rows ``erase`` would remove."""
        columns, gone = self._meant(profiles)
        return count(self._table, self._table.files(), columns, gone)

    def _meant(self, profiles: Collection[str]) -> tuple[list[str], Gone]:
        wanted = pa.array(sorted(profiles), pa.string())
        columns = [name for name in ("profile", "merged_into") if name in SCHEMAS[self.name].names]
        return columns, lambda rows: reduce(pc.or_, [pc.is_in(rows[name], value_set=wanted) for name in columns])

    def table(self) -> pa.Table:
        """Return all rows."""
        return self._table.query("FROM stored").cast(SCHEMAS[self.name])

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
