"""Reading behind a cursor, on real databases: nothing is lost or doubled, whatever order rows become visible in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from coterie.connectors.sources.failures import SchemaChanged, Unreadable
from coterie.connectors.sources.source import Page, Source
from coterie.errors import InvalidDefinition
from tests.connectors.sources.contract import keeps_order, pages, refuses
from tests.connectors.sources.sql.shop import Shop, order

Opened = Callable[..., Source]


def ids(found: list[Page]) -> list[int]:
    return [page.chunk.columns["id"].at(row) for page in found for row in range(len(page.chunk.numbers))]


def follow(opened: Opened, position: dict[str, Any], **fields: Any) -> tuple[list[int], dict[str, Any]]:
    """Return the ids of what is new behind ``position``, and the position after it, as JSON gives it back."""
    source = opened(**fields)
    found = pages(source, position)
    source.close()
    after = found[-1].position if found else position
    return ids(found), msgspec.json.decode(msgspec.json.encode(after))


BY_TIME = {"table": "orders", "cursor": "updated_at", "rows": 4}


@pytest.fixture
def forty(shop: Shop) -> Shop:
    shop.table()
    shop.add(*(order(number) for number in range(40)))
    return shop


def test_stops_and_resumes_at_random_lose_and_double_nothing(forty: Shop, opened: Opened) -> None:
    keeps_order(lambda: opened(**BY_TIME), 40, rounds=4)


def test_a_query_without_a_key_resumes_at_random_too(forty: Shop, opened: Opened) -> None:
    keeps_order(lambda: opened(query="select * from orders where id >= 0;", cursor="updated_at", rows=4), 40, rounds=3)


def test_equal_rows_without_a_key_are_all_read(shop: Shop, opened: Opened) -> None:
    shop.table(key="")
    shop.add(*(order(1, 5) for _ in range(11)), *(order(2, 6) for _ in range(11)))
    keeps_order(lambda: opened(**BY_TIME), 22, rounds=3)


def test_only_what_is_new_is_read_again(forty: Shop, opened: Opened) -> None:
    first, position = follow(opened, {}, **BY_TIME)
    assert first == list(range(40))
    assert follow(opened, position, **BY_TIME) == ([], position)
    forty.add(order(40))
    assert follow(opened, position, **BY_TIME)[0] == [40]


def test_a_row_that_comes_later_with_the_same_instant_and_a_smaller_key_is_read(shop: Shop, opened: Opened) -> None:
    shop.table()
    shop.add(order(5, 10), order(7, 10))
    _, position = follow(opened, {}, **BY_TIME)
    shop.add(order(3, 10))
    assert follow(opened, position, **BY_TIME)[0] == [3]


def test_rows_that_become_visible_late_are_read_within_the_lag(forty: Shop, opened: Opened) -> None:
    fields = {**BY_TIME, "lag": "10s"}
    _, position = follow(opened, {}, **fields)
    forty.add(order(41, 5), order(42, 4.999), order(43, 3.5))
    found, position = follow(opened, position, **fields)
    assert found == [43, 42, 41]
    assert follow(opened, position, **fields) == ([], position)


def test_what_is_older_than_the_lag_is_not_read(forty: Shop, opened: Opened) -> None:
    _, position = follow(opened, {}, **BY_TIME, lag="5s")
    forty.add(order(41, 2))
    assert follow(opened, position, **BY_TIME, lag="5s")[0] == []


def test_a_changed_row_comes_again(forty: Shop, opened: Opened) -> None:
    _, position = follow(opened, {}, **BY_TIME)
    forty.run(
        "UPDATE orders SET total = 99, updated_at = (SELECT m FROM (SELECT max(updated_at) AS m FROM orders) AS x) WHERE id = 4"
    )
    assert follow(opened, position, **BY_TIME)[0] == [4]


def test_a_number_is_a_cursor_with_a_lag_in_numbers(forty: Shop, opened: Opened) -> None:
    fields = {"table": "orders", "cursor": "id", "lag": 20, "rows": 7}
    keeps_order(lambda: opened(**fields), 40, rounds=3)
    forty.run("DELETE FROM orders WHERE id = 30")
    _, position = follow(opened, {}, **fields)
    forty.add(order(30))
    assert follow(opened, position, **fields)[0] == [30]


def test_from_leaves_out_what_is_older(forty: Shop, opened: Opened) -> None:
    assert follow(opened, {}, **BY_TIME, **{"from": "2026-01-01 00:00:10"})[0] == list(range(30, 40))
    assert follow(opened, {}, table="orders", cursor="id", **{"from": 33})[0] == list(range(33, 40))


def test_values_come_as_json_and_instants_in_utc(forty: Shop, opened: Opened) -> None:
    source = opened(**BY_TIME)
    (first, *_) = pages(source)
    source.close()
    row = {name: column.at(1) for name, column in first.chunk.columns.items()}
    assert row["id"] == 1
    assert row["total"] == 1.5
    assert row["updated_at"].replace(" ", "T").startswith("2026-01-01T00:00:00")
    assert first.place == "orders"
    assert 0 < first.done < 1


def test_a_look_tells_what_is_there(forty: Shop, opened: Opened) -> None:
    forty.add(order(77, updated_at=None))
    source = opened(**BY_TIME)
    sight = source.look()
    source.close()
    assert sight.rows == 41
    assert set(sight.columns) == {"id", "customer", "total", "updated_at"}
    assert "41 rows, 4 columns" in sight.what
    assert "1 rows without updated_at are not read" in sight.what
    assert follow(opened, {}, **BY_TIME)[0] == list(range(40))


def test_a_cursor_that_changes_its_type_is_told(forty: Shop, opened: Opened) -> None:
    _, position = follow(opened, {}, **BY_TIME)
    refuses(SchemaChanged, lambda: follow(opened, position, table="orders", cursor="id"), "reset")


def test_a_lag_of_another_sort_is_told(forty: Shop, opened: Opened) -> None:
    refuses(SchemaChanged, lambda: follow(opened, {}, table="orders", cursor="id", lag="5s"), "whole number")


def test_more_ties_than_can_be_told_apart_ask_for_a_key(
    shop: Shop, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.table(key="")
    shop.add(*(order(number, 1) for number in range(30)))
    source = opened(**BY_TIME)
    limits = msgspec.structs.replace(source._setting.limits, source_window_rows_max=20)  # type: ignore[attr-defined]
    source._setting = msgspec.structs.replace(source._setting, limits=limits)  # type: ignore[attr-defined]
    refuses(Unreadable, lambda: pages(source), "key: id")
    source.close()


def test_more_ties_than_fit_are_no_trouble_with_a_key(shop: Shop, opened: Opened) -> None:
    shop.table()
    shop.add(*(order(number, 1) for number in range(30)))

    def small() -> Source:
        source = opened(**BY_TIME)
        limits = msgspec.structs.replace(source._setting.limits, source_window_rows_max=20)  # type: ignore[attr-defined]
        source._setting = msgspec.structs.replace(source._setting, limits=limits)  # type: ignore[attr-defined]
        return source

    keeps_order(small, 30, rounds=3)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"table": "a", "query": "b"}, "exclude"),
        ({}, "table"),
        ({"table": "a", "lag": "5m"}, "cursor"),
        ({"table": "a", "cursor": "b", "removals": True}, "snapshots"),
        ({"table": "a", "cursor": "b", "lag": "soon"}, "duration"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_read(fields: dict[str, Any], word: str, opened: Opened) -> None:
    with pytest.raises(InvalidDefinition, match=word):
        opened(**fields)
