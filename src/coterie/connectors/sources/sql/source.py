"""A database as a source, whichever it is: what its kinds share."""

from __future__ import annotations

from collections.abc import Iterator

from coterie.connectors.sources.compared import Compared, Comparing
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.source import Page, Position, Sight
from coterie.connectors.sources.sql.cursored import Cursored, Order
from coterie.connectors.sources.sql.database import Database, Way
from coterie.connectors.sources.sql.reading import Reading
from coterie.connectors.sources.sql.statements import count, nothing, rows_of
from coterie.connectors.sources.sql.table import Table
from coterie.errors import InvalidDefinition, Problem


class SqlSource:
    """Rows of one table or query: behind a cursor, or compared with those of the reading before."""

    continuous = False

    def __init__(self, way: Way, form: Reading, setting: Setting) -> None:
        self._form, self._setting = form, setting
        self._database = Database(way)
        self._rows = rows_of(form)
        self._compared: Compared | None = None

    def look(self) -> Sight:
        """Return what is there. Cost: one count of the rows. Raises: the failures."""
        form, name = self._form, self._rows.name
        if form.table is not None:
            columns = self._database.types(form.table)
        else:
            columns = dict.fromkeys(self._database.columns(nothing(self._rows)), "")
        rows = int(self._database.numbers(count(self._rows))[0])
        what = f"{'table ' if form.table else ''}{name} of {self._database.name}, {rows:,} rows, {len(columns)} columns"
        if form.cursor is not None:
            without = int(self._database.numbers(count(self._rows, form.cursor))[0])
            what += f"; {without:,} rows without {form.cursor} are not read" if without else ""
        return Sight(what=what, columns=columns, rows=rows)

    def read(self, position: Position) -> Iterator[Page]:
        """Yield what lies behind ``position``. Raises: the failures; InvalidDefinition when nothing tells rows apart."""
        form, limits = self._form, self._setting.limits
        key, limit = self._key(), form.rows or limits.source_page_rows
        if form.cursor is not None:
            order = Order(
                cursor=form.cursor, key=key, lag=form.lag, begin=form.from_, limit=limit,
                window_max=limits.source_window_rows_max, aside=form.asides,
            )  # fmt: skip
            yield from Cursored(self._database, self._rows, order, position).pages()
            return
        if not key:
            raise InvalidDefinition([self._keyless()])
        if self._compared is not None:
            self._compared.close()
        how = Comparing(key=key, removals=bool(form.removals), limit=limit, aside=form.asides)
        table = Table(self._database, self._rows, key, limit)
        self._compared = Compared(table, how, self._setting.folder, self._setting.name)
        yield from self._compared.pages(position)

    def acknowledge(self, position: Position) -> None:
        """What was compared counts from now on; a cursor needs nothing."""
        if self._compared is not None:
            self._compared.acknowledge(position)

    def close(self) -> None:
        """The connection is closed."""
        self._database.close()
        if self._compared is not None:
            self._compared.close()

    def _key(self) -> tuple[str, ...]:
        form = self._form
        return form.keys if form.keys or form.table is None else self._database.primary_key(form.table)

    def _keyless(self) -> Problem:
        return Problem(
            "nothing tells the rows apart",
            where=f"sources/{self._setting.name}.yaml",
            received=self._rows.name,
            allowed="key: id, or key: [shop, number], or cursor: updated_at",
            hint="the table has no primary key" if self._form.table else "a query has no primary key",
        )
