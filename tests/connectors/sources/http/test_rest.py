"""REST lists in every kind of pages, with every kind of authentication: nothing lost, nothing doubled."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coterie.connectors.sources.definitions import parse
from coterie.connectors.sources.failures import Unreadable
from coterie.connectors.sources.source import Page, Source
from coterie.errors import InvalidDefinition
from tests.connectors.sources.contract import keeps_order, pages, refuses
from tests.connectors.sources.http.api import TOKEN, Answer, Api, order

Opened = Callable[..., Source]
SINCE = {"incremental": {"parameter": "since", "column": "updated_at"}}
KINDS: dict[str, dict[str, Any]] = {
    "/page": {"pages": {"page": {}}},
    "/page/counted": {"pages": {"page": {"total": "pages"}}, "rows": "items"},
    "/offset": {"pages": {"offset": {"limit": 4}}, "rows": "data.items"},
    "/offset/counted": {"pages": {"offset": {"limit": 4, "total": "total"}}},
    "/cursor": {"pages": {"cursor": {"path": "meta.next"}}},
    "/cursor/more": {"pages": {"cursor": {"path": "meta.next", "more": "meta.more"}}, "rows": "$.items[*]"},
    "/cursor/body": {"method": "post", "body": '{"a": 1}', "pages": {"cursor": {"path": "meta.next", "parameter": "paging.cursor", "in": "body"}}},
    "/header": {"pages": {"cursor": {"header": "x-next"}}},
    "/link": {"pages": {"link": "next"}},
    "/next": {"pages": {"next_url": "links.next"}, "rows": "value"},
    "/all": {},
}  # fmt: skip


def ids(found: list[Page]) -> list[int]:
    return [page.chunk.columns["id"].at(row) for page in found for row in range(len(page.chunk.numbers))]


def follow(source: Source, position: dict[str, Any]) -> tuple[list[int], dict[str, Any]]:
    """Return the ids of what is new, and the position after it, as JSON gives it back."""
    found = pages(source, position)
    source.close()
    return ids(found), msgspec.json.decode(msgspec.json.encode(found[-1].position if found else position))


@pytest.mark.parametrize("path", KINDS)
def test_each_kind_of_pages_stops_and_resumes_at_random(path: str, shop: Api, opened: Opened) -> None:
    keeps_order(lambda: opened(path, **KINDS[path], **SINCE), 30, rounds=2)


@pytest.mark.parametrize("path", ["/page", "/cursor/body", "/link", "/all"])
def test_each_kind_of_pages_is_compared_too(path: str, shop: Api, opened: Opened) -> None:
    keeps_order(lambda: opened(path, **KINDS[path], key="id"), 30, rounds=2)


def test_only_what_is_new_is_asked_for(shop: Api, opened: Opened) -> None:
    first, position = follow(opened("/cursor", **KINDS["/cursor"], **SINCE), {})
    assert first == list(range(30))
    assert "since" not in shop.got[0][1]
    shop.got.clear()
    assert follow(opened("/cursor", **KINDS["/cursor"], **SINCE), position) == ([], position)
    assert [asked["since"] for _, asked, _ in shop.got] == ["2026-01-01T00:09:00Z"]
    shop.orders += [order(30, 9), order(31, 11)]
    assert follow(opened("/cursor", **KINDS["/cursor"], **SINCE), position)[0] == [30, 31]


def test_rows_that_appear_late_come_within_the_lag_and_in_any_order(shop: Api, opened: Opened) -> None:
    shop.orders.reverse()
    fields = {**KINDS["/link"], "incremental": {**SINCE["incremental"], "lag": "5m"}}
    first, position = follow(opened("/link", **fields), {})
    assert sorted(first) == list(range(30))
    shop.orders.append(order(50, 4))
    assert follow(opened("/link", **fields), position)[0] == [50]
    assert shop.got[-1][1]["since"] == "2026-01-01T00:04:00Z"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("unix_s", "1767226140"),
        ("unix_ms", "1767226140000"),
        ("date", "2026-01-01"),
        ("rfc3339", "2026-01-01T00:09:00Z"),
    ],
)
def test_since_is_written_as_the_other_side_wants_it(written: str, expected: str, shop: Api, opened: Opened) -> None:
    fields = {"incremental": {**SINCE["incremental"], "written": written, "from": "2020-01-01"}}
    _, position = follow(opened("/all", **fields), {})
    assert shop.got[0][1]["since"] == "2020-01-01"
    shop.got.clear()
    follow(opened("/all", **fields), position)
    assert shop.got[0][1]["since"] == expected


def test_what_changed_and_what_is_gone_is_told(shop: Api, opened: Opened) -> None:
    fields = {**KINDS["/page"], "key": "id", "removals": True}
    _, position = follow(opened("/page", **fields), {})
    shop.orders[3] = {**shop.orders[3], "total": 9}
    del shop.orders[20]
    source = opened("/page", **fields)
    found = pages(source, position)
    told = [(page.chunk.columns["id"].at(row), page.chunk.columns["$change"].at(row)) for page in found for row in range(len(page.chunk.numbers))]  # fmt: skip
    assert told == [(3, "changed"), (20, "removed")]


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ({"bearer": "${TOKEN}"}, ("authorization", f"Bearer {TOKEN}")),
        ({"basic": {"user": "us", "password": "${TOKEN}"}}, ("authorization", "Basic dXM6dDBrZW4=")),
        ({"api_key": {"name": "X-Api-Key", "key": "${TOKEN}"}}, ("x-api-key", TOKEN)),
        ({"api_key": {"name": "key", "key": "${TOKEN}", "in": "query"}}, ("key", TOKEN)),
    ],
)
def test_credentials_go_along_with_every_page(
    form: dict[str, Any], sent: tuple[str, str], shop: Api, opened: Opened
) -> None:
    source = opened("/next", **KINDS["/next"], **SINCE, authentication=form)
    assert len(ids(pages(source))) == 30
    name, value = sent
    assert len(shop.got) == 8
    assert all({**headers, **asked}[name] == value for _, asked, headers in shop.got)


def test_oauth2_asks_for_a_token_once_and_again_when_it_is_taken_back(shop: Api, opened: Opened) -> None:
    def guard(path: str, asked: dict[str, Any], headers: dict[str, str]) -> None:
        if path != "/token" and headers.get("authorization") != f"Bearer {shop.tokens[-1] if shop.tokens else ''}":
            raise Answer(401)
        if path != "/token" and len(shop.got) == 5:
            shop.tokens.append("taken back")
            raise Answer(401)

    shop.trouble = guard
    form = {"oauth2": {"token_url": f"{shop.url}/token", "client": "us", "secret": "${SECRET}", "scope": "orders"}}
    source = opened("/cursor", **KINDS["/cursor"], **SINCE, authentication=form)
    assert len(ids(pages(source))) == 30
    asked = [one for path, one, _ in shop.got if path == "/token"]
    assert len(asked) == 2
    assert asked[0]["scope"] == "orders"
    assert asked[0]["grant_type"] == "client_credentials"


def test_the_pace_is_kept(shop: Api, opened: Opened) -> None:
    source = opened("/cursor", **KINDS["/cursor"], **SINCE, at_most={"requests": 5, "per": "1s"})
    begin = time.monotonic()
    pages(source)
    assert 1.0 <= time.monotonic() - begin < 5


def test_a_look_asks_once(shop: Api, opened: Opened) -> None:
    sight = opened("/cursor", **KINDS["/cursor"], **SINCE).look()
    assert sight.columns == {"id": "number", "customer.id": "text", "total": "number", "updated_at": "text"}
    assert "4 rows on the first page, and more behind it" in sight.what
    assert len(shop.got) == 1


def test_the_same_page_again_and_again_is_told(shop: Api, opened: Opened) -> None:
    error = refuses(Unreadable, lambda: pages(opened("/page", pages={"page": {"parameter": "p"}}, **SINCE)), "twice")
    assert "another parameter" in str(error)
    assert len(shop.got) == 2


@pytest.mark.parametrize("host", ["localhost:1", "localhost"])
def test_credentials_go_to_no_other_host(host: str, shop: Api, opened: Opened) -> None:
    host = host if ":" in host else f"{host}:{shop.url.rsplit(':', 1)[1]}"

    def elsewhere(path: str, asked: dict[str, Any], headers: dict[str, str]) -> None:
        raise Answer(200, {"value": [order(1)], "links": {"next": f"http://{host}/next?page=2"}})

    shop.trouble = elsewhere
    refuses(Unreadable, lambda: pages(opened("/next", **KINDS["/next"], **SINCE)), host, "no other host")
    shop.trouble = lambda path, asked, headers: _raise(Answer(302, location=f"http://{host}/x"))
    refuses(Unreadable, lambda: pages(opened("/next", **KINDS["/next"], **SINCE)), host)


def test_a_redirect_within_the_host_is_followed(shop: Api, opened: Opened) -> None:
    def moved(path: str, asked: dict[str, Any], headers: dict[str, str]) -> None:
        if path == "/old":
            raise Answer(301, location="/all")

    shop.trouble = moved
    assert len(ids(pages(opened("/old", **SINCE, authentication={"bearer": "${TOKEN}"})))) == 30
    assert all(headers["authorization"] == f"Bearer {TOKEN}" for _, _, headers in shop.got)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "incremental"),
        ({"key": "id", "pages": {"page": {}, "link": "next"}}, "exclude"),
        ({"key": "id", "authentication": {"bearer": "geheim"}}, "a secret does not stand in a file"),
        ({"key": "id", "body": "{}"}, "method: post"),
        ({"key": "id", "method": "post", "body": "{"}, "not JSON"),
        ({"key": "id", "url": "ftp://x"}, "not an address"),
        ({"removals": True, **SINCE}, "exclude"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_asked(
    fields: dict[str, Any], word: str, tmp_path: Path
) -> None:
    data = {"kind": "rest", "url": "https://api.example.com/orders", **fields}
    with pytest.raises(InvalidDefinition, match=word):
        parse({**data, "mapping": {"profile": "a", "occurred_at": "b", "event": "c"}}, tmp_path, "orders")


def _raise(answer: Answer) -> None:
    raise answer
