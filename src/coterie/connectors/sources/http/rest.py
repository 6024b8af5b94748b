"""A list of a REST interface as a source."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import msgspec

from coterie.connectors.sources.http.listing import rows_at
from coterie.connectors.sources.http.pages import Pages
from coterie.connectors.sources.http.polling import Polling
from coterie.connectors.sources.http.source import HttpSource
from coterie.connectors.sources.kinds import Setting
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Name, Plain, Text

if find_spec("dlt") is None:
    raise ImportError("dlt is not installed", name="dlt")


def _refuse_body(method: str, body: str | None) -> Flaw | None:
    if body is None:
        return None
    if method == "get":
        return Flaw("a body goes with method: post", "body", hint="method: post")
    try:
        whole = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        return Flaw(f"not JSON: {error}", "body", received=body, allowed='an object, such as {"status": "paid"}')
    return None if isinstance(whole, dict) else Flaw("not a JSON object", "body", received=body, allowed="{…}")


class Config(Form, frozen=True, kw_only=True):
    """A list of a REST interface: JSON, in pages."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("method", "body"), _refuse_body),)

    polling: Polling
    method: Annotated[Literal["get", "post"], Doc("How it is asked; get when not said.")] = "get"
    parameters: Annotated[dict[Name, Plain] | None, Doc("Parameters of every request, such as `limit: 100`.")] = None
    body: Annotated[
        Text | None, Doc('The body of every request as JSON, with `method: post`: `{"status": "paid"}`.')
    ] = None
    rows: Annotated[
        Text | None,
        Doc(
            "Where in an answer the rows are, as a JSONPath such as `data.orders`; the list that is there when not said."
        ),
    ] = None
    pages: Annotated[Pages | None, Doc("How the list comes in pages; all in one answer when not said.")] = None


class _Question:
    """The question that a REST source puts."""

    def __init__(self, config: Config, name: str) -> None:
        self._config = config
        self.rows = rows_at(config.rows or "", name)

    def request(self, since: Any) -> Any:
        """Return the request for the first page."""
        from requests import Request

        config, form = self._config, self._config.polling
        parameters = {name: _parameter(value) for name, value in (config.parameters or {}).items()}
        if form.incremental is not None and since is not None:
            parameters[form.incremental.parameter] = since
        body = msgspec.json.decode(config.body) if config.body else None
        if config.method == "post" and body is None:
            body = {}
        return Request(config.method.upper(), form.url, params=parameters, json=body)


def open_source(config: Config, setting: Setting) -> HttpSource:
    """Return the source; nothing is asked yet."""
    url = urlsplit(config.polling.url)
    place = url.path.rstrip("/").rpartition("/")[2] or url.hostname or "list"
    return HttpSource(config.polling, _Question(config, place), config.pages, place, setting)


def _parameter(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
