"""What databases say when they refuse, as the failures by which the follower knows whether to try again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from coterie.connectors.sources.definitions import parse
from coterie.connectors.sources.failures import (
    Absent,
    CredentialsRefused,
    RateLimited,
    SchemaChanged,
    Truncated,
    Unreachable,
    Unreadable,
)
from coterie.connectors.sources.source import Source
from coterie.engine.sourcing.mapper import Mapper
from coterie.errors import InvalidDefinition
from coterie.identity.rules import rules_of
from coterie.settings import Settings
from tests.connectors.sources.contract import pages, refuses
from tests.connectors.sources.sql.conftest import MAPPING, open_source
from tests.connectors.sources.sql.shop import Shop, order
from tests.mariadb import MariaDB
from tests.postgres import PASSWORD, Postgres
from tests.servers import free_port

Opened = Callable[..., Source]
FIELDS = {"table": "orders", "cursor": "updated_at"}


@pytest.fixture
def ten(shop: Shop) -> Shop:
    shop.table()
    shop.add(*(order(number) for number in range(10)))
    return shop


def read(opened: Opened, **fields: Any) -> Callable[[], object]:
    source = opened(**fields)
    return lambda: [pages(source), source.close()]


def test_a_wrong_password_is_refused_credentials(ten: Shop, opened: Opened) -> None:
    if ten.kind == "sqlite":
        return
    wrong = ten.fields["url"].replace(PASSWORD, "guessed")
    error = refuses(CredentialsRefused, read(opened, **FIELDS, url=wrong), "check user and password")
    assert "guessed" not in str(error)
    assert not error.retry


def test_a_table_that_may_not_be_read_is_refused_credentials(postgresql_server: Postgres, tmp_path: Path) -> None:
    with Shop.server("postgresql", postgresql_server.database()) as shop:
        shop.table()
        shop.run("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN PASSWORD 'x'")
        url = shop.fields["url"].replace(f"shop:{PASSWORD}", "guest:x")
        source = open_source(shop, tmp_path, {**FIELDS, "url": url})
        refuses(CredentialsRefused, lambda: pages(source), "permission denied")
        source.close()


def test_a_table_that_is_not_there_is_absent(ten: Shop, opened: Opened) -> None:
    refuses(Absent, read(opened, table="nowhere", cursor="updated_at", key="id"))
    refuses(Absent, read(opened, table="nowhere", cursor="updated_at"), "nowhere")
    source = opened(table="nowhere", cursor="updated_at")
    refuses(Absent, source.look, "nowhere")
    source.close()


def test_a_database_that_is_not_there_is_absent(ten: Shop, opened: Opened) -> None:
    if ten.kind == "sqlite":
        refuses(Absent, read(opened, **FIELDS, path="nothing.db"))
    elif ten.kind == "postgresql":
        refuses(Absent, read(opened, **FIELDS, url=ten.fields["url"].rsplit("/", 1)[0] + "/nothing"))


def test_a_cursor_that_is_gone_is_a_changed_schema(ten: Shop, opened: Opened) -> None:
    ten.run("ALTER TABLE orders RENAME COLUMN updated_at TO changed_at")
    error = refuses(SchemaChanged, read(opened, **FIELDS), "updated_at")
    assert not error.retry
    refuses(SchemaChanged, read(opened, table="orders", key="number"), "number")


def test_a_cursor_of_another_type_is_a_changed_schema(ten: Shop, opened: Opened) -> None:
    source = opened(**FIELDS)
    position = pages(source)[-1].position
    source.close()
    ten.run(
        "ALTER TABLE orders RENAME COLUMN updated_at TO old",
        "ALTER TABLE orders ADD COLUMN updated_at bigint",
        "UPDATE orders SET updated_at = 5",
    )
    source = opened(**FIELDS)
    refuses(SchemaChanged, lambda: pages(source, position), "reset")
    source.close()


@pytest.mark.parametrize("fields", [FIELDS, {"table": "orders", "removals": True}])
def test_a_column_of_the_mapping_that_is_gone_is_a_changed_schema(fields: dict[str, Any], tmp_path: Path) -> None:
    with Shop.file(tmp_path) as shop:
        shop.table()
        shop.add(order(1))
        shop.run("ALTER TABLE orders RENAME COLUMN customer TO client")
        source = open_source(shop, tmp_path, fields)
        definition = parse({**shop.fields, **fields, "mapping": MAPPING}, tmp_path, "orders")
        mapper = Mapper(definition, rules_of(Settings().identity))
        (page, *_) = pages(source)
        refuses(SchemaChanged, lambda: mapper.take(page.chunk, page.place, 2**51), "customer", "client")
        source.close()


def test_nobody_listening_is_unreachable(shop: Shop, opened: Opened) -> None:
    if shop.kind != "sqlite":
        url = sqlalchemy.make_url(shop.fields["url"]).set(port=free_port()).render_as_string(hide_password=False)
        error = refuses(Unreachable, read(opened, **FIELDS, url=url), "firewall")
        assert error.retry


def test_a_database_without_free_connections_is_a_rate_limit(
    postgresql_server: Postgres, mariadb_server: MariaDB, tmp_path: Path
) -> None:
    with Shop.server("postgresql", postgresql_server.database()) as shop:
        shop.run("DROP ROLE IF EXISTS few", "CREATE ROLE few LOGIN PASSWORD 'x' CONNECTION LIMIT 0")
        url = shop.fields["url"].replace(f"shop:{PASSWORD}", "few:x")
        error = refuses(RateLimited, lambda: pages(open_source(shop, tmp_path, {**FIELDS, "url": url})))
        assert error.retry
    with Shop.server("mysql", mariadb_server.database()) as shop:
        mariadb_server.run(
            "CREATE USER few@'127.0.0.1' IDENTIFIED BY 'x' WITH MAX_QUERIES_PER_HOUR 1",
            "GRANT ALL ON *.* TO few@'127.0.0.1'",
        )
        url = shop.fields["url"].replace(f"shop:{PASSWORD}", "few:x")
        refuses(RateLimited, lambda: pages(open_source(shop, tmp_path, {**FIELDS, "url": url})), "1226")


def test_a_query_that_takes_too_long_may_be_tried_again(postgresql_server: Postgres, tmp_path: Path) -> None:
    with Shop.server("postgresql", postgresql_server.database()) as shop:
        slow = {"query": "select 1 as id, pg_sleep(5)", "cursor": "id", "timeout": "1s"}
        source = open_source(shop, tmp_path, slow)
        refuses(Unreachable, lambda: pages(source), "longer timeout")
        source.close()


def test_a_connection_that_breaks_is_unreachable_or_mended_and_nothing_is_lost(
    postgresql_server: Postgres, tmp_path: Path
) -> None:
    with Shop.server("postgresql", postgresql_server.database()) as shop:
        shop.table()
        shop.add(*(order(number) for number in range(10)))
        source = open_source(shop, tmp_path, {**FIELDS, "rows": 4})
        kept = []
        for page in source.read({}):
            kept.append(page)
            break
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'coterie%'"
        shop.run(cut)
        with contextlib.suppress(Unreachable):
            kept += pages(source, kept[-1].position)
        kept += pages(source, kept[-1].position)
        assert sum(len(page.chunk.numbers) for page in kept) == 10
        source.close()


def test_a_query_cannot_write(ten: Shop, opened: Opened) -> None:
    gone = {
        "postgresql": "delete from orders returning id",
        "mysql": "select 1; delete from orders",
        "sqlite": "delete from orders",
    }
    if ten.kind == "postgresql":
        ten.run(
            "CREATE FUNCTION gone() RETURNS bigint AS 'WITH d AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM d' LANGUAGE sql"
        )
        gone["postgresql"] = "select gone() as id"
    refuses(Unreadable, read(opened, query=gone[ten.kind], cursor="id"))
    source = opened(**FIELDS)
    assert sum(len(page.chunk.numbers) for page in pages(source)) == 10
    source.close()


def test_a_file_that_is_cut_off_or_no_database_is_told(tmp_path: Path) -> None:
    with Shop.file(tmp_path) as shop:
        shop.table()
        shop.add(*(order(number, customer="u" * 500) for number in range(200)))
    whole = (tmp_path / "shop.db").read_bytes()
    (tmp_path / "shop.db").write_bytes(whole[: len(whole) // 2])
    error = refuses(Truncated, lambda: pages(open_source(shop, tmp_path, FIELDS)), "still being written")
    assert error.retry
    (tmp_path / "shop.db").write_bytes(b"id,customer\n" * 1000)
    refuses(Unreadable, lambda: pages(open_source(shop, tmp_path, FIELDS)))


@pytest.mark.parametrize("url", ["mysql://u@h/d", "postgresql:///d", "nonsense", "postgresql://u:geheim@h"])
def test_an_address_that_is_none_is_told_without_its_password(url: str, tmp_path: Path) -> None:
    shop = Shop("postgresql", {"url": url}, None, lambda: None)
    with pytest.raises(InvalidDefinition, match="not the address of a database") as caught:
        open_source(shop, tmp_path, FIELDS)
    assert "geheim" not in str(caught.value)
