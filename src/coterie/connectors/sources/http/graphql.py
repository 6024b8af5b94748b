"""A connection of a GraphQL interface as a source. Source: the Relay cursor connections specification."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any, ClassVar

from coterie.connectors.sources.failures import (
    CredentialsRefused,
    RateLimited,
    SchemaChanged,
    Unreachable,
    Unreadable,
)
from coterie.connectors.sources.http.pages import Cursor, Pages
from coterie.connectors.sources.http.polling import Polling
from coterie.connectors.sources.http.source import HttpSource
from coterie.connectors.sources.kinds import Setting
from coterie.errors import CoterieError
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Name, Plain, Text

if find_spec("dlt") is None:
    raise ImportError("dlt is not installed", name="dlt")

_CODES: tuple[tuple[tuple[str, ...], type[CoterieError], str], ...] = (
    (("UNAUTHENTICATED", "FORBIDDEN", "UNAUTHORIZED", "ACCESS_DENIED"), CredentialsRefused, "check authentication:"),
    (("THROTTLED", "RATE_LIMITED", "RATELIMITED", "MAX_COST_EXCEEDED"), RateLimited, "fewer rows on a page, or at_most:"),
    (("GRAPHQL_VALIDATION_FAILED", "UNDEFINEDFIELD", "BAD_USER_INPUT", "ARGUMENTNOTACCEPTED"), SchemaChanged, "change query: to what the interface offers"),
    (("INTERNAL_SERVER_ERROR", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"), Unreachable, ""),
)  # fmt: skip
"""What ``extensions.code`` or ``type`` says, as Apollo, Shopify and GitHub write it."""


def _refuse_query(query: str, after: str) -> Flaw | None:
    if f"${after}" not in query or "pageInfo" not in query:
        allowed = f"a query with ${after} and pageInfo {{ hasNextPage endCursor }}"
        return Flaw("the query does not ask for pages", "query", received=query.strip()[:80], allowed=allowed)
    return None


class Config(Form, frozen=True, kw_only=True):
    """A connection: `edges { node }` or `nodes`, and `pageInfo { hasNextPage endCursor }`."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("query", "after"), _refuse_query),)

    polling: Polling
    query: Annotated[Text, Doc("The query, with a variable for the cursor and `pageInfo { hasNextPage endCursor }`.")]
    connection: Annotated[Name, Doc("Where below `data` the connection is, such as `orders` or `shop.orders`.")]
    variables: Annotated[dict[Name, Plain] | None, Doc("Variables of every request, such as `first: 100`.")] = None
    after: Annotated[Name, Doc("The variable for the cursor; after when not said.")] = "after"


class _Question:
    """The question that a GraphQL source puts."""

    def __init__(self, config: Config, name: str) -> None:
        self._config, self._name = config, name

    def request(self, since: Any) -> Any:
        """Return the request for the first page."""
        from requests import Request

        config, form = self._config, self._config.polling
        variables: dict[str, Any] = dict(config.variables or {})
        if form.incremental is not None and since is not None:
            variables[form.incremental.parameter] = since
        return Request("POST", form.url, json={"query": config.query, "variables": variables})

    def rows(self, answer: Any) -> list[Any]:
        """Return the nodes of the connection. Raises: the failures; an answer with errors is no answer."""
        if not isinstance(answer, dict):
            raise Unreadable(f"{self._name}: the answer is no GraphQL", hint="is this the address of the interface?")
        if answer.get("errors"):
            raise _failure(self._name, answer["errors"])
        found: Any = answer.get("data")
        for name in self._config.connection.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if not isinstance(found, dict) or not ("edges" in found or "nodes" in found):
            raise SchemaChanged(
                f"{self._name}: the answer has no connection at data.{self._config.connection}",
                hint="connection: names where edges or nodes are",
            )
        if "nodes" in found:
            return [one for one in found["nodes"] or [] if one is not None]
        return [one["node"] for one in found["edges"] or [] if one and one.get("node") is not None]


def open_source(config: Config, setting: Setting) -> HttpSource:
    """Return the source; nothing is asked yet."""
    info = f"data.{config.connection}.pageInfo"
    pages = Pages(
        cursor=Cursor(
            path=f"{info}.endCursor", more=f"{info}.hasNextPage", parameter=f"variables.{config.after}", in_="body"
        )
    )
    return HttpSource(config.polling, _Question(config, config.connection), pages, config.connection, setting)


def _failure(name: str, errors: Any) -> CoterieError:
    first = (
        errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {"message": str(errors)}
    )
    extensions = first.get("extensions")
    said = extensions.get("code") if isinstance(extensions, dict) else None
    code = str(said or first.get("type") or "").upper()
    text = f"{name}: {first.get('message', 'an error')}{f' ({code})' if code else ''}"
    for codes, kind, hint in _CODES:
        if code in codes:
            return kind(text, hint=hint)
    if "cannot query field" in text.lower() or "doesn't exist on type" in text.lower():
        return SchemaChanged(text, hint="change query: to what the interface offers")
    return Unreadable(text, hint="try the query in the interface's own explorer")
