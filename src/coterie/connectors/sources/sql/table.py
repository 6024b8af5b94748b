"""A table or query read whole, in the order of its key."""

from __future__ import annotations

from typing import Any

from coterie.connectors.sources.failures import SchemaChanged
from coterie.connectors.sources.marks import kept, mark_of, restored
from coterie.connectors.sources.sql.database import Database
from coterie.connectors.sources.sql.statements import Rows, behind, count, page


class Table:
    """All rows, a page at a time; where a page ends is the key of its last row."""

    sparse = False

    def __init__(self, database: Database, rows: Rows, key: tuple[str, ...], limit: int) -> None:
        self._database, self._rows, self._key, self._limit = database, rows, key, limit
        self.name, self.place = database.name, rows.name

    def count(self) -> int:
        """Return the number of rows."""
        return int(self._database.numbers(count(self._rows))[0])

    def page(self, after: Any) -> tuple[list[dict[str, Any]], Any]:
        """Return the rows whose key comes after this one, and the key of the last. Raises: the failures."""
        where = None if after is None else behind(self._key, [restored(one) for one in after])
        found = self._database.ask(page(self._rows, self._key, self._limit, where))
        if len(found) < self._limit:
            return found, None
        last = found[-1]
        return found, [kept(mark_of(cell(last, name, self._database, self._rows), name)) for name in self._key]


def cell(row: dict[str, Any], name: str, database: Database, rows: Rows) -> Any:
    """Return a row's value in a column that the source's file names. Raises: SchemaChanged."""
    if name not in row:
        raise SchemaChanged(
            f"{database.name}: {rows.name} has no column {name}, which cursor or key names; it has {', '.join(sorted(row))}"
        )
    return row[name]
