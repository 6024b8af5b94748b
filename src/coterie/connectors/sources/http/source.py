"""A list behind HTTP as a source, whichever way it is asked."""

from __future__ import annotations

from collections.abc import Iterator

from coterie.connectors.sources.compared import Compared, Comparing
from coterie.connectors.sources.http.calling import Caller
from coterie.connectors.sources.http.credentials import proof_of
from coterie.connectors.sources.http.listing import Listing, Question
from coterie.connectors.sources.http.pages import Pages
from coterie.connectors.sources.http.polled import Polled
from coterie.connectors.sources.http.polling import Polling
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.source import Page, Position, Sight
from coterie.segments.durations import us_of


class HttpSource:
    """Rows of one list: those since the last reading, or all, compared with those of the reading before."""

    continuous = False

    def __init__(self, form: Polling, question: Question, pages: Pages | None, place: str, setting: Setting) -> None:
        self._form, self._question, self._pages, self._place, self._setting = form, question, pages, place, setting
        self._caller: Caller | None = None
        self._compared: Compared | None = None

    def look(self) -> Sight:
        """Return what the first page shows. Cost: one request. Raises: the failures."""
        since = self._form.incremental.from_ if self._form.incremental is not None else None
        listing = self._listing()
        rows, after = listing.page(None, since)
        columns = {name: _sort(value) for row in reversed(rows) for name, value in row.items() if value is not None}
        more = "and more behind it" if after is not None else "which is all"
        what = f"{self._place} of {listing.name}, {len(rows):,} rows on the first page, {more}, {len(columns)} columns"
        return Sight(what=what, columns=columns, rows=len(rows) if after is None else None)

    def read(self, position: Position) -> Iterator[Page]:
        """Yield what lies behind ``position``. Raises: the failures."""
        form, limits = self._form, self._setting.limits
        if form.incremental is not None:
            polled = Polled(self._listing(), form.incremental, position, limits.source_window_rows_max, form.asides)
            yield from polled.pages()
            return
        if self._compared is not None:
            self._compared.close()
        how = Comparing(key=form.keys, removals=bool(form.removals), aside=form.asides, limit=limits.source_page_rows)
        self._compared = Compared(self._listing(), how, self._setting.folder, self._setting.name)
        yield from self._compared.pages(position)

    def acknowledge(self, position: Position) -> None:
        """What was compared counts from now on."""
        if self._compared is not None:
            self._compared.acknowledge(position)

    def close(self) -> None:
        """No connection is open."""
        if self._caller is not None:
            self._caller.close()
            self._caller = None
        if self._compared is not None:
            self._compared.close()

    def _listing(self) -> Listing:
        if self._caller is None:
            import requests

            form, session = self._form, requests.Session()
            session.headers.update({"user-agent": "coterie", "accept": "application/json", **(form.headers or {})})
            pace = (form.at_most.requests, us_of(form.at_most.per) / 1e6) if form.at_most else None
            proof, timeout_s = proof_of(form.authentication), us_of(form.timeout) / 1e6
            limits = self._setting.limits
            self._caller = Caller(session, form.url, proof, pace=pace, timeout_s=timeout_s, limits=limits)
        return Listing(self._caller, self._question, self._pages, self._place)


def _sort(value: object) -> str:
    names = {bool: "true or false", int: "number", float: "number", str: "text", list: "list"}
    return names.get(type(value), "object")
