"""A list behind an address, page by page: each page can be asked for by itself, so that a reading goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from coterie.connectors.sources.failures import SchemaChanged, Unreadable
from coterie.connectors.sources.http.calling import Caller
from coterie.connectors.sources.http.pages import Pages, following, paginator_of, path_of, resume
from coterie.connectors.sources.window import digest
from coterie.values import flatten


class Question(Protocol):
    """What is asked: a request for the first page, and what is found in an answer."""

    def request(self, since: Any) -> Any:
        """Return the request; ``since`` goes where the question says, ``None``: nowhere."""
        ...

    def rows(self, answer: Any) -> list[Any]:
        """Return the rows of an answer. Raises: the failures."""
        ...


class Listing:
    """All rows of a list. ``place`` is its name for people."""

    sparse = True

    def __init__(self, caller: Caller, question: Question, pages: Pages | None, place: str) -> None:
        self._caller, self._question, self._pages = caller, question, pages
        self.name, self.place = caller.name, place
        self._last = ""

    def count(self) -> int:
        """Return 0: nobody knows before all is read."""
        return 0

    def page(self, after: Any, since: Any = None) -> tuple[list[dict[str, Any]], Any]:
        """Return flat rows of one page and what names the next, ``None`` after the last. Raises: the failures."""
        request = self._question.request(since)
        paginator = paginator_of(self._pages)
        resume(paginator, request, after)
        response = self._caller.ask(request)
        answer = self._caller.read(response)
        found = self._question.rows(answer)
        try:
            further = self._caller.without_key(following(paginator, response, found))
        except (ValueError, TypeError, AttributeError) as error:
            said = " ".join(str(error).split())[:200]
            raise SchemaChanged(f"{self.name}: the answer does not say whether there is more: {said}") from error
        self._check_moves(found, after, further)
        return [flatten(row) if isinstance(row, dict) else {"value": row} for row in found], further

    def _check_moves(self, found: list[Any], after: Any, further: Any) -> None:
        """Raises: Unreadable when the same page comes again and again, as it does when a parameter is ignored."""
        mark = digest({"rows": found}) if found else ""
        if further is not None and (further == after or (mark and mark == self._last and after is not None)):
            raise Unreadable(
                f"{self.name}: the same page came twice, asked for as {after!r} and the one before",
                hint="does the API have another parameter for pages?",
            )
        self._last = mark


def rows_at(path: str, name: str) -> Callable[[Any], list[Any]]:
    """Return a function that takes the rows out of an answer: those at a JSONPath, or, without one, the list that is there.

    Raises (the function): SchemaChanged when there is none.
    """

    def take(answer: Any) -> list[Any]:
        from dlt.common import jsonpath
        from dlt.sources.helpers.rest_client.detector import find_response_page_data

        if isinstance(answer, list) and not path:
            return answer
        if path:
            found = jsonpath.find_values(path_of(path), answer)
            whole = len(found) == 1 and (found[0] is None or isinstance(found[0], list))
            if found or "[*]" in path:
                return (found[0] or []) if whole else found
        else:
            _, there = find_response_page_data(answer)
            if isinstance(there, list):
                return there
        has = ", ".join(sorted(answer)) if isinstance(answer, dict) else type(answer).__name__
        raise SchemaChanged(f"{name}: the answer has no rows{f' at {path}' if path else ''}; it has {has or 'nothing'}",
                            hint="say where they are: rows: data.items")  # fmt: skip

    return take
