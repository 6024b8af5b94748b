"""Rows in the order of a cursor: only what lies behind the last ones, ties and late rows included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement

from coterie.connectors.rows import chunk_of
from coterie.connectors.sources.failures import SchemaChanged, Unreadable
from coterie.connectors.sources.marks import Lag, Mark, kept, mark_of, rank, restored
from coterie.connectors.sources.source import Page, Position
from coterie.connectors.sources.sql.database import Database
from coterie.connectors.sources.sql.statements import Rows, at_least, behind, ends, has, page
from coterie.connectors.sources.sql.table import cell
from coterie.connectors.sources.window import Window


class Order(Struct, frozen=True, kw_only=True):
    """What the rows are read by. Without a ``key``, rows with the same cursor are told apart by their content."""

    cursor: str
    key: tuple[str, ...]
    lag: Lag | None
    begin: Mark | None
    limit: int
    window_max: int
    aside: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.cursor, *(name for name in self.key if name != self.cursor))


class Cursored:
    """One reading, from a position to what is the end by then.

    The position holds the window of delivered rows and, inside a reading, ``after``: the cursor and key of the last row. With a
    key the next page is what lies behind that; without one, it begins at its cursor and leaves out what was delivered.
    """

    def __init__(self, database: Database, rows: Rows, order: Order, position: Position) -> None:
        self._database, self._rows, self._order = database, rows, order
        self._window = Window(order.lag, position.get("window", {}), order.window_max)
        self._after: list[Mark] | None = [restored(one) for one in position["after"]] if "after" in position else None
        self._number = int(position.get("rows", 0))
        self._ends: tuple[Mark, Mark] | None = None
        self._told = position

    def pages(self) -> Iterator[Page]:
        """Yield what is there. Raises: the failures."""
        self._ends = self._extent()
        if self._ends is None:
            return
        while True:
            where = self._where()
            limit = self._order.limit + (0 if self._tells_apart else len(self._window))
            found = self._database.ask(page(self._rows, self._order.columns, limit, where))
            told = self._taken(found, last=len(found) < limit)
            if told.position != self._told:
                self._told = told.position
                yield told
            if len(found) < limit:
                return

    @property
    def _tells_apart(self) -> bool:
        return len(self._order.columns) > 1 or self._order.cursor in self._order.key

    def _where(self) -> ColumnElement[bool]:
        order = self._order
        if self._after is not None and self._tells_apart:
            return behind(order.columns, self._after)
        if not self._window.whole:
            raise Unreadable(
                f"{self._database.name}: more than {order.window_max:,} rows of {self._rows.name} lie at the newest "
                f"{order.cursor}, more than can be told apart by their content",
                hint="name the columns that tell rows apart: key: id",
            )
        low = self._window.low() if self._after is None else self._after[0]
        low = order.begin if low is None else low
        if not self._tells_apart:
            self._window.begin()
        return has(order.cursor) if low is None else at_least(order.cursor, low)

    def _taken(self, found: list[dict[str, Any]], *, last: bool) -> Page:
        marks = [
            [mark_of(cell(row, name, self._database, self._rows), name) for name in self._order.columns]
            for row in found
        ]
        fresh = self._window.take([one[0] for one in marks], found, ordered=True)
        self._after = marks[-1] if marks else self._after
        return self._page([row for row, new in zip(found, fresh, strict=True) if new], last=last)

    def _page(self, rows: list[dict[str, Any]], *, last: bool) -> Page:
        first, done = self._number + 1, 1.0 if last else self._share()
        self._number += len(rows)
        position: dict[str, Any] = {"window": self._window.told(), "rows": self._number}
        goes_on = not last or (self._tells_apart and not self._window.whole)
        if goes_on and self._after is not None:
            position["after"] = [kept(one) for one in self._after]
        chunk = chunk_of(rows, first=first, aside=self._order.aside, sparse=not rows)
        return Page(chunk=chunk, position=position, place=self._rows.name, done=done)

    def _extent(self) -> tuple[Mark, Mark] | None:
        """Return the least and greatest cursor of all; ``None`` when no row has one. Raises: SchemaChanged.

        Some databases compare what cannot be compared, and find nothing: so the sorts are compared here.
        """
        cursor = self._order.cursor
        least, greatest = (one for one in self._database.numbers(ends(self._rows, cursor)))
        if greatest is None:
            return None
        found = mark_of(least, cursor), mark_of(greatest, cursor)
        if self._window.high is not None and rank(found[1])[0] != rank(self._window.high)[0]:
            raise SchemaChanged(
                f"{self._database.name}: {self._rows.name}.{cursor} holds {found[1]!r}, and what was read last was {self._window.high!r}",
                hint="has the column another type, or is the cursor another column? coterie sources reset NAME reads from the beginning",
            )
        return found

    def _share(self) -> float:
        if self._ends is None or self._after is None:
            return 0.0
        (sort, low), (_, high), (_, here) = rank(self._ends[0]), rank(self._ends[1]), rank(self._after[0])
        if sort == "text" or high <= low:
            return 0.0
        return min(float((here - low) / (high - low)), 1.0)
