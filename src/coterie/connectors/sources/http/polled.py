"""Rows since the last reading, asked for by a parameter: ties and late rows included, none twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from coterie.connectors.rows import chunk_of
from coterie.connectors.sources.failures import SchemaChanged
from coterie.connectors.sources.http.listing import Listing
from coterie.connectors.sources.http.polling import Incremental
from coterie.connectors.sources.marks import Mark, back, mark_of, rank
from coterie.connectors.sources.source import Page, Position
from coterie.connectors.sources.window import Window
from coterie.segments.instants import rfc3339


class Polled:
    """One reading. Its position holds the window of delivered rows and, inside a reading, its ``since`` and next page."""

    def __init__(
        self, listing: Listing, how: Incremental, position: Position, window_max: int, aside: tuple[str, ...] = ()
    ) -> None:
        self._listing, self._how, self._aside = listing, how, aside
        self._window = Window(how.lag, position.get("window", {}), window_max)
        self._number = int(position.get("rows", 0))
        self._after: Any = position.get("after")
        self._since: Any = position["since"] if "since" in position else self._beginning()
        self._told = position

    def pages(self) -> Iterator[Page]:
        """Yield what is there. Raises: the failures."""
        while True:
            rows, self._after = self._listing.page(self._after, self._since)
            page = self._taken(rows)
            if page.position != self._told:
                self._told = page.position
                yield page
            if self._after is None:
                return

    def _beginning(self) -> Any:
        high = self._window.high
        return self._how.from_ if high is None else written(back(high, self._how.lag), self._how.written)

    def _taken(self, rows: list[dict[str, Any]]) -> Page:
        marked = [(mark, row) for row in rows if (mark := self._mark(row)) is not None]
        if rows and not marked:
            raise SchemaChanged(
                f"{self._listing.name}: no row has {self._how.column}; they have {', '.join(sorted(rows[0]))}",
                hint="incremental: column: names where a row says when it changed",
            )
        marks, told = [mark for mark, _ in marked], [row for _, row in marked]
        fresh = dict(zip(map(id, told), self._window.take(marks, told, ordered=self._how.ordered), strict=True))
        new = [row for row in rows if fresh.get(id(row), True)]
        first = self._number + 1
        self._number += len(new)
        position: dict[str, Any] = {"window": self._window.told(), "rows": self._number}
        if self._after is not None:
            position |= {"after": self._after, "since": self._since}
        chunk = chunk_of(new, first=first, aside=self._aside)
        return Page(chunk=chunk, position=position, place=self._listing.place, done=float(self._after is None))

    def _mark(self, row: Mapping[str, Any]) -> Mark | None:
        value = row.get(self._how.column)
        return None if value is None else mark_of(value, self._how.column)


def written(mark: Mark, form: str) -> Any:
    """Return a mark as the other side wants it.

    >>> written("2026-01-01T00:00:00Z", "unix_s"), written(1767225600, "date"), written("evt_1", "as_is")
    (1767225600, '2026-01-01', 'evt_1')
    """
    if form == "as_is":
        return mark
    sort, value = rank(mark)
    if sort == "text":
        raise SchemaChanged(f"{mark!r} is no instant, and cannot be written as {form}", hint="written: as_is")
    us = value if sort == "instant" else int(value * (1_000 if value > 1e11 else 1_000_000))
    if form == "date":
        return datetime.fromtimestamp(us // 1_000_000, UTC).date().isoformat()
    return rfc3339(us) if form == "rfc3339" else us // (1_000_000 if form == "unix_s" else 1_000)
