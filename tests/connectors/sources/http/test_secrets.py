"""Secrets of a source go to the host that was configured and nowhere else: not with a redirect, not into errors, not into positions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from coterie.connectors.sources import definitions
from coterie.connectors.sources.failures import (
    CredentialsRefused,
    RateLimited,
    Unreachable,
    Unreadable,
)
from coterie.connectors.sources.http.calling import Caller
from coterie.connectors.sources.source import Source
from coterie.errors import CoterieError, InvalidDefinition
from coterie.limits import Limits
from tests.connectors.sources.contract import pages, refuses
from tests.connectors.sources.http.api import TOKEN, Answer, Api, api
from tests.connectors.sources.http.conftest import MAPPING
from tests.connectors.sources.http.test_failures import answers
from tests.connectors.sources.http.test_rest import KINDS, SINCE, ids

Opened = Callable[..., Source]
KEY = "sk_live_0123456789"


def sheet(root: Path, url: str, limits: Limits | None = None, **environment: str) -> Source:
    data = {"kind": "sheet", "url": url, "mapping": MAPPING, "headers": {"X-Api-Key": "${KEY}"}}
    definition = definitions.parse(data, root, "shop")
    return definitions.open_source(definition, root, {"KEY": KEY, **environment}, limits or Limits())


def redirected(shop: Api, status: int, location: str) -> None:
    def trouble(path: str, asked: dict[str, Any], headers: dict[str, str]) -> None:
        if path.endswith("/here"):
            raise Answer(status, location=location)

    shop.trouble = trouble


@pytest.mark.parametrize("status", [302, 307])
def test_headers_of_a_sheet_stay_with_its_host(status: int, shop: Api, tmp_path: Path) -> None:
    with api() as other:
        other.trouble = lambda path, asked, headers: _raise(Answer(200, b"a\n1\n", content_type="text/csv"))
        redirected(shop, status, f"{other.url}/there")
        assert len(pages(sheet(tmp_path, f"{shop.url}/here"))) == 1
        (_, _, told), *_ = shop.got
        assert told["x-api-key"] == KEY
        (_, _, told), *_ = other.got
        assert KEY not in str(told)


def test_a_sheet_is_not_sent_on_for_ever(shop: Api, tmp_path: Path) -> None:
    redirected(shop, 302, f"{shop.url}/here")
    refuses(Unreadable, lambda: pages(sheet(tmp_path, f"{shop.url}/here")), "redirects in a row")
    assert len(shop.got) == 6


@pytest.mark.parametrize("text", [f"{KEY}\n", f"{KEY}\r\nX-Other: 1", f"{KEY}é"])
def test_a_header_that_cannot_be_sent_is_refused_without_its_text(text: str, shop: Api, tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition) as raised:
        sheet(tmp_path, f"{shop.url}/here", KEY=text)
    assert "X-Api-Key" in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("text", [f"{KEY}\n", f"{KEY}€"])
def test_a_credential_that_cannot_be_sent_is_refused_without_its_text(text: str, shop: Api, tmp_path: Path) -> None:
    data = {
        "kind": "rest",
        "url": f"{shop.url}/all",
        "mapping": MAPPING,
        "authentication": {"bearer": "${KEY}"},
        **SINCE,
    }
    source = definitions.open_source(definitions.parse(data, tmp_path, "orders"), tmp_path, {"KEY": text})
    error = refuses(CredentialsRefused, lambda: pages(source), "cannot be sent")
    assert KEY not in str(error)
    assert not shop.got


@pytest.mark.parametrize("status", [301, 307, 308])
def test_the_secret_for_a_token_is_told_nobody_else(status: int, shop: Api, opened: Opened) -> None:
    with api() as other:
        redirected(shop, status, f"{other.url}/token")
        form = {"oauth2": {"token_url": f"{shop.url}/here", "client": "us", "secret": "${SECRET}"}}
        refuses(Unreadable, lambda: pages(opened("/all", **SINCE, authentication=form)), "sends us on")
        assert not other.got


def test_an_error_that_repeats_the_key_is_told_without_it(shop: Api, opened: Opened) -> None:
    shop.trouble = lambda path, asked, headers: _raise(Answer(403, {"error": f"{headers['authorization']} may not"}))
    source = opened("/all", **SINCE, authentication={"bearer": "${TOKEN}"})
    error = refuses(CredentialsRefused, lambda: pages(source), "Bearer ${TOKEN} may not")
    assert TOKEN not in f"{error} {vars(error)} {error.__cause__}"


def test_a_key_in_the_address_of_the_next_page_is_not_kept(shop: Api, opened: Opened) -> None:
    form = {"api_key": {"name": "key", "key": "${TOKEN}", "in": "query"}}
    found = pages(opened("/next", **KINDS["/next"], **SINCE, authentication=form))
    assert len(ids(found)) == 30
    assert TOKEN not in json.dumps([dict(page.position) for page in found])
    assert all(asked["key"] == TOKEN for _, asked, _ in shop.got)


@pytest.mark.parametrize(
    "location", ["http://[", "http://127.0.0.1:99999999/", "//", "\\\\x", "http://127.0.0.1:1/?\xb2"]
)
def test_addresses_that_cannot_be_are_failures(location: str, shop: Api, opened: Opened) -> None:
    shop.trouble = lambda path, asked, headers: _raise(Answer(302, location=location))
    with pytest.raises(CoterieError):
        pages(opened("/all", **SINCE))


@pytest.mark.parametrize("reset", ["\xb2", "1e999", "-1", "9" * 400, "nan"])
def test_a_pace_that_is_no_number_is_still_a_pace(reset: str, shop: Api, opened: Opened) -> None:
    for more in ({"ratelimit_remaining": "0", "ratelimit_reset": reset}, {"retry_after": reset}):
        answers(shop, Answer(429, **more))
        error = refuses(RateLimited, lambda: pages(opened("/all", **SINCE)), "429")
        assert 0 <= error.retry_after_s <= 86_400  # type: ignore[attr-defined]


@pytest.mark.parametrize("answer", [[], {"expires_in": None, "access_token": "x"}, {"expires_in": "soon"}, "x"])
def test_a_token_that_is_none_is_a_failure(answer: Any, shop: Api, opened: Opened) -> None:
    shop.trouble = lambda path, asked, headers: _raise(Answer(200, answer)) if path == "/token" else None
    form = {"oauth2": {"token_url": f"{shop.url}/token", "client": "us", "secret": "${SECRET}"}}
    refuses(Unreadable, lambda: pages(opened("/all", **SINCE, authentication=form)), "tokens")


def test_an_answer_nested_without_end_is_a_failure(shop: Api, opened: Opened) -> None:
    shop.trouble = lambda path, asked, headers: _raise(Answer(200, b"[" * 100_000))
    refuses(Unreadable, lambda: pages(opened("/all", **SINCE)), "not JSON")


class Dripping:
    """A server whose answer is small pieces without end."""

    def __init__(self, pause_s: float) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                try:
                    while True:
                        self.wfile.write(b" " * 1024)
                        time.sleep(pause_s)
                except OSError:
                    self.close_connection = True

            def log_message(self, *told: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/all"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.parametrize("kind", ["rest", "sheet"])
def test_an_answer_without_end_ends(kind: str, tmp_path: Path) -> None:
    def source(url: str, limits: Limits) -> Source:
        if kind == "sheet":
            return sheet(tmp_path, url, limits)
        data = {"kind": "rest", "url": url, "mapping": MAPPING, **SINCE}
        return definitions.open_source(definitions.parse(data, tmp_path, "orders"), tmp_path, {}, limits)

    for pause_s, limits, failure in (
        (0.0, Limits(source_answer_bytes_max=1 << 20), Unreadable),
        (0.05, Limits(source_answer_s_max=1), Unreachable),
    ):
        server = Dripping(pause_s)
        try:
            refuses(failure, partial(pages, source(server.url, limits)), "/all")
        finally:
            server.close()


def test_redirects_are_followed_by_the_caller_alone() -> None:
    import requests

    with api() as shop:
        redirected(shop, 302, "/all")
        caller = Caller(requests.Session(), f"{shop.url}/here", None, pace=None, timeout_s=5)
        assert caller.read(caller.ask(requests.Request("GET", f"{shop.url}/here"))) == []
        assert [path for path, _, _ in shop.got] == ["/here", "/all"]


def _raise(answer: Answer) -> None:
    raise answer
