"""GraphQL connections, answered by a real GraphQL engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.connectors.sources.definitions import open_source, parse
from coterie.connectors.sources.failures import CredentialsRefused, RateLimited, SchemaChanged, Unreachable, Unreadable
from coterie.connectors.sources.source import Source
from coterie.errors import InvalidDefinition
from tests.connectors.sources.contract import keeps_order, pages, refuses
from tests.connectors.sources.http.api import Answer, Api, order
from tests.connectors.sources.http.conftest import ENVIRONMENT, MAPPING
from tests.connectors.sources.http.test_rest import ids

Opened = Callable[..., Source]
EDGES = """
query ($after: String, $since: String) {
  orders(first: 4, after: $after, since: $since) {
    edges { node { id customer total updatedAt } }
    pageInfo { endCursor hasNextPage }
  }
}
"""
NODES = """
query ($after: String, $first: Int!) {
  shop { orders(first: $first, after: $after) { nodes { id total updatedAt } pageInfo { endCursor hasNextPage } } }
}
"""
SINCE = {"incremental": {"parameter": "since", "column": "updatedAt"}}
FIELDS: dict[str, Any] = {"query": EDGES, "connection": "orders", **SINCE}


@pytest.fixture
def opened(shop: Api, tmp_path: Path) -> Opened:
    def open_(**fields: Any) -> Source:
        data = {"kind": "graphql", "url": f"{shop.url}/graphql", "mapping": MAPPING, **fields}
        return open_source(parse(data, tmp_path, "orders"), tmp_path, ENVIRONMENT)

    return open_


def test_stops_and_resumes_at_random_lose_and_double_nothing(opened: Opened) -> None:
    keeps_order(lambda: opened(**FIELDS), 30, rounds=3)
    keeps_order(lambda: opened(query=NODES, connection="shop.orders", variables={"first": 7}, key="id"), 30, rounds=2)


def test_only_what_is_new_is_asked_for(shop: Api, opened: Opened) -> None:
    found = pages(opened(**FIELDS))
    assert ids(found) == list(range(30))
    shop.orders.append(order(40, 9))
    shop.got.clear()
    assert ids(pages(opened(**FIELDS), found[-1].position)) == [40]
    assert shop.got[0][1]["variables"] == {"since": "2026-01-01T00:09:00Z"}


def test_a_field_that_is_gone_is_a_changed_schema(opened: Opened) -> None:
    error = refuses(SchemaChanged, lambda: pages(opened(**{**FIELDS, "query": EDGES.replace("total", "sum")})), "sum")
    assert not error.retry
    refuses(SchemaChanged, lambda: pages(opened(**{**FIELDS, "connection": "sales"})), "data.sales")
    wrong = {"incremental": {"parameter": "since", "column": "changedAt"}}
    refuses(SchemaChanged, lambda: pages(opened(**{**FIELDS, **wrong})), "changedAt")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"message": "who?", "extensions": {"code": "UNAUTHENTICATED"}}, CredentialsRefused),
        ({"message": "slowly", "extensions": {"code": "THROTTLED"}}, RateLimited),
        ({"message": "slowly", "type": "RATE_LIMITED"}, RateLimited),
        ({"message": "oh", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}, Unreachable),
        ({"message": "oh"}, Unreadable),
        ("oh", Unreadable),
    ],
)
def test_errors_in_an_answer_are_failures(said: Any, error: type[Exception], shop: Api, opened: Opened) -> None:
    def refuse(path: str, asked: dict[str, Any], headers: dict[str, str]) -> None:
        raise Answer(200, {"data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False}}}, "errors": [said]})

    shop.trouble = refuse
    refuses(error, lambda: pages(opened(**FIELDS)), "orders")  # type: ignore[arg-type]


def test_a_query_without_pages_is_told_before_anything_is_asked(opened: Opened) -> None:
    with pytest.raises(InvalidDefinition, match="does not ask for pages"):
        opened(query="{ orders { nodes { id } } }", connection="orders", key="id")
