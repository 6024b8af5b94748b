"""A real PostgreSQL and a real MariaDB for the tests of this folder, and a table of orders in each and in SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.connectors.sources.definitions import parse
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.source import Source
from tests.connectors.sources.sql.shop import Shop
from tests.mariadb import MariaDB, mariadb
from tests.postgres import Postgres, postgres

MAPPING = {"profile": "customer", "occurred_at": "updated_at", "event": "order", "id": "id"}


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    with mariadb() as server:
        yield server


@pytest.fixture(params=["postgresql", "mysql", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """Yield a shop whose orders lie in each kind of database in turn."""
    if request.param == "postgresql":
        found = Shop.server("postgresql", request.getfixturevalue("postgresql_server").database())
    elif request.param == "mysql":
        found = Shop.server("mysql", request.getfixturevalue("mariadb_server").database())
    else:
        found = Shop.file(tmp_path)
    with found as shop:
        yield shop


@pytest.fixture
def opened(shop: Shop, tmp_path: Path) -> Callable[..., Source]:
    """Return a function that opens a source on the shop's database, with these fields."""
    return lambda **fields: open_source(shop, tmp_path, fields)


def open_source(shop: Shop, root: Path, fields: dict[str, Any]) -> Source:
    definition = parse({**shop.fields, **fields, "mapping": MAPPING}, root, "orders")
    kind, config = definition.kind, definition.origin.config
    return kind.open(config, Setting(name="orders", root=root, folder=root / ".coterie" / "sources" / "orders"))
