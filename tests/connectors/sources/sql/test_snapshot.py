"""Whole tables read again and again, on real databases: what is new, changed or gone is told, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coterie.connectors.sources.failures import Unreadable
from coterie.connectors.sources.source import Page, Source
from coterie.errors import InvalidDefinition
from coterie.storage import snapshots
from tests.connectors.sources.contract import keeps_order, pages, refuses
from tests.connectors.sources.sql.shop import Shop, order

Opened = Callable[..., Source]
WHOLE = {"table": "orders", "rows": 4}
TOLD = {**WHOLE, "removals": True}


def changes(found: list[Page]) -> list[tuple[int, str]]:
    columns = [(page.chunk.columns, len(page.chunk.numbers)) for page in found]
    return [(told["id"].at(row), told["$change"].at(row)) for told, rows in columns for row in range(rows)]


def row_ids(found: list[Page]) -> list[str]:
    columns = [(page.chunk.columns, len(page.chunk.numbers)) for page in found]
    return [told["$id"].at(row) for told, rows in columns for row in range(rows)]


def follow(opened: Opened, position: dict[str, Any], **fields: Any) -> tuple[list[tuple[int, str]], dict[str, Any]]:
    """Return (id, change) of what is told, and the position after it, as JSON gives it back."""
    source = opened(**fields)
    found = pages(source, position)
    source.close()
    after = found[-1].position if found else position
    return changes(found), msgspec.json.decode(msgspec.json.encode(after))


@pytest.fixture
def ten(shop: Shop) -> Shop:
    shop.table()
    shop.add(*(order(number) for number in range(10)))
    return shop


@pytest.fixture
def lite(tmp_path: Path) -> Shop:
    found = Shop.file(tmp_path)
    found.table()
    found.add(*(order(number) for number in range(10)))
    return found


def test_stops_and_resumes_at_random_lose_and_double_nothing(ten: Shop, opened: Opened) -> None:
    keeps_order(lambda: opened(**WHOLE), 10, rounds=4)
    keeps_order(lambda: opened(**TOLD), 10, rounds=2)


def test_what_is_new_changed_or_gone_is_told_once(ten: Shop, opened: Opened) -> None:
    first, position = follow(opened, {}, **TOLD)
    assert first == [(number, "added") for number in range(10)]
    assert follow(opened, position, **TOLD) == ([], position)
    ten.run("UPDATE orders SET total = 77 WHERE id = 3", "DELETE FROM orders WHERE id IN (0, 8)")
    ten.add(order(10))
    found, position = follow(opened, position, **TOLD)
    assert found[:2] == [(3, "changed"), (10, "added")]
    assert sorted(found[2:]) == [(0, "removed"), (8, "removed")]
    assert follow(opened, position, **TOLD) == ([], position)
    ten.add(order(8))
    assert follow(opened, position, **TOLD)[0] == [(8, "added")]


def test_a_value_that_changes_and_changes_back_is_two_changes(ten: Shop, opened: Opened) -> None:
    source, position, told = opened(**WHOLE), {}, list[str]()
    for total in (3, 77, 3, 77):
        ten.run(f"UPDATE orders SET total = {total} WHERE id = 2")
        found = pages(source, position)
        position = dict(found[-1].position)
        told += row_ids(found)
    assert len(told) == len(set(told)) == 10 + 3


def test_after_a_reset_what_is_known_comes_under_the_same_ids(ten: Shop, opened: Opened) -> None:
    first, again = opened(**WHOLE), opened(**WHOLE)
    assert row_ids(pages(first)) == row_ids(pages(again))


def test_a_page_that_nobody_kept_is_told_again(ten: Shop, opened: Opened) -> None:
    _, position = follow(opened, {}, **TOLD)
    ten.run("UPDATE orders SET total = 77 WHERE id IN (1, 6)", "DELETE FROM orders WHERE id = 9")
    expected = [(1, "changed"), (6, "changed"), (9, "removed")]
    for stop in range(4):
        source = opened(**TOLD)
        reading = source.read(position)
        for _ in range(min(stop, 3)):
            next(reading)  # noted, and never kept
        source.close()
        assert follow(opened, position, **TOLD)[0] == expected if stop == 3 else True
    _, position = follow(opened, position, **TOLD)


def test_a_dry_run_changes_nothing(ten: Shop, opened: Opened) -> None:
    _, position = follow(opened, {}, **TOLD)
    ten.add(order(11))
    dry = opened(**TOLD)
    next(dry.read({}))
    dry.close()
    assert follow(opened, position, **TOLD)[0] == [(11, "added")]


def test_digests_of_dry_runs_are_gone_after_a_day_and_those_that_count_stay(
    opened_lite: Opened, tmp_path: Path
) -> None:
    _, position = follow(opened_lite, {}, **WHOLE)
    dry = opened_lite(**WHOLE)
    next(dry.read({}))
    dry.close()
    files = list(tmp_path.rglob("*.snapshot"))
    assert len(files) == 2
    for file in files:
        os.utime(file, (0, 0))
    again = opened_lite(**WHOLE)
    next(again.read({}))
    again.close()
    assert len(set(files) & set(tmp_path.rglob("*.snapshot"))) == 1
    assert follow(opened_lite, position, **WHOLE) == ([], position)


def test_a_lost_file_of_digests_is_told(lite: Shop, opened_lite: Opened, tmp_path: Path) -> None:
    _, position = follow(opened_lite, {}, **WHOLE)
    for file in tmp_path.rglob("*.snapshot"):
        file.unlink()
    refuses(Unreadable, lambda: follow(opened_lite, position, **WHOLE), "coterie sources reset orders")


def test_without_removals_no_key_is_kept(lite: Shop, opened_lite: Opened, tmp_path: Path) -> None:
    lite.run("CREATE TABLE people (mail text PRIMARY KEY, plan text)", "INSERT INTO people VALUES (:mail, :plan)",
             rows=[{"mail": "ada@example.com", "plan": "free"}])  # fmt: skip
    _, position = follow_people(opened_lite, {}, removals=None)
    (file,) = tmp_path.rglob("*.snapshot")
    assert b"ada@example.com" not in file.read_bytes()
    follow_people(opened_lite, position, removals=None)


def test_who_was_erased_is_kept_no_more_and_does_not_come_back(lite: Shop, opened_lite: Opened, tmp_path: Path) -> None:
    lite.run("CREATE TABLE people (mail text PRIMARY KEY, plan text)", "INSERT INTO people VALUES (:mail, :plan)",
             rows=[{"mail": "ada@example.com", "plan": "free"}, {"mail": "bob@example.com", "plan": "free"}])  # fmt: skip
    _, position = follow_people(opened_lite, {})
    (file,) = tmp_path.rglob("*.snapshot")
    assert b"ada@example.com" in file.read_bytes()
    assert snapshots.forget(tmp_path, ["ada@example.com"]) == 1
    assert b"ada@example.com" not in file.read_bytes()
    lite.run("UPDATE people SET plan = 'gold'")
    found, position = follow_people(opened_lite, position)
    assert found == [("ada@example.com", "changed"), ("bob@example.com", "changed")]
    assert b"ada@example.com" not in file.read_bytes()
    lite.run("DELETE FROM people")
    assert follow_people(opened_lite, position)[0] == [("bob@example.com", "removed")]


def follow_people(
    opened: Opened, position: dict[str, Any], removals: bool | None = True
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    source = opened(table="people", removals=removals) if removals else opened(table="people")
    found = pages(source, position)
    source.close()
    told = [(page.chunk.columns["mail"].at(row), page.chunk.columns["$change"].at(row)) for page in found for row in range(len(page.chunk.numbers))]  # fmt: skip
    return told, dict(found[-1].position) if found else position


@pytest.fixture
def opened_lite(lite: Shop, tmp_path: Path) -> Opened:
    from tests.connectors.sources.sql.conftest import open_source

    return lambda **fields: open_source(lite, tmp_path, fields)


def test_a_table_without_a_key_asks_for_one(shop: Shop, opened: Opened) -> None:
    shop.table(key="")
    with pytest.raises(InvalidDefinition, match="no primary key"):
        pages(opened(**WHOLE))
    assert pages(opened(**WHOLE, key="id")) == []
