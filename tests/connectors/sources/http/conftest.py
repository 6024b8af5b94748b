"""The interface of the tests, and sources that are opened on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.connectors.sources.definitions import open_source, parse
from coterie.connectors.sources.source import Source
from tests.connectors.sources.http.api import TOKEN, Api, api, order

MAPPING = {"profile": "customer.id", "occurred_at": "updated_at", "event": "order", "id": "id"}
ENVIRONMENT = {"TOKEN": TOKEN, "WRONG": "wr0ng", "SECRET": "s3cret"}
Opened = Callable[..., Source]


@pytest.fixture
def shop() -> Iterator[Api]:
    """Yield an interface with thirty orders."""
    with api() as served:
        served.orders = [order(number) for number in range(30)]
        yield served


@pytest.fixture
def opened(shop: Api, tmp_path: Path) -> Opened:
    """Return a function that opens a source at a path of the interface, with these fields."""

    def open_(path: str, **fields: Any) -> Source:
        data = {"kind": "rest", "url": f"{shop.url}{path}", "mapping": MAPPING, **fields}
        return open_source(parse(data, tmp_path, "orders"), tmp_path, ENVIRONMENT)

    return open_
