"""A typed column says the truth about every row of a file, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coterie.storage.duck import Duck
from coterie.storage.lake.typed import TYPES, type_columns
from coterie.storage.log import SCHEMA
from tests.storage.lake.logs import COLUMNS, contents, events, store

WANTED = {"n": TYPES["number"], "t": TYPES["text"], "b": TYPES["boolean"]}


def columns(*rows: dict[str, Any]) -> dict[str, list[Any]]:
    texts = pa.table({"properties": [json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows]})
    return {key: column.to_pylist() for key, column in type_columns(texts, WANTED).items()}


def test_values_of_the_type_and_absent_ones_make_a_column() -> None:
    told = columns({"n": 1, "t": 'a "quoted"\nlineü', "b": True}, {"n": 2.5, "other": [1, {}]}, {})
    assert told == {"n": [1.0, 2.5, None], "t": ['a "quoted"\nlineü', None, None], "b": [True, None, None]}


@pytest.mark.parametrize(
    "row", [{"n": "1"}, {"n": True}, {"n": [1]}, {"n": None}, {"n": 2**53 + 1}, {"n": 10**400}, {"n": {"a": 1}}]
)
def test_one_value_that_is_not_makes_none(row: dict[str, Any]) -> None:
    assert set(columns({"n": 1}, row)) == {"t", "b"}


def test_one_spoilt_key_does_not_spoil_the_others() -> None:
    assert columns({"n": "x", "t": "kept"}, {"t": "too", "b": 0}) == {"t": ["kept", "too"]}


def test_a_column_is_read_only_where_all_files_have_it_whole(tmp_path: Path) -> None:
    log = store(tmp_path / "log")
    log.append(events(0, 30))
    assert log.files().columns == (*SCHEMA.names, "p.amount", "p.product")
    with_columns = log.scan(properties=["amount", "product"])
    spoilt = events(30, 3).set_column(7, SCHEMA.field("properties"), pa.array(['{"amount":"many"}', "{}", "{}"]))
    log.append(spoilt)
    assert log.files().columns == (*SCHEMA.names, "p.product")
    assert "p.amount" not in log.scan(properties=["amount"]).column_names, "one text: no reader takes the column"
    assert log.between(0, 30, ["amount"])["p.amount"].to_pylist() == with_columns["p.amount"].to_pylist()


def test_a_column_that_is_wanted_later_comes_with_the_next_compaction(tmp_path: Path) -> None:
    from coterie.storage.events import EventStore

    plain = EventStore(tmp_path / "log", span_rows=1_000)
    for first in range(0, 400, 50):
        plain.append(events(first, 50))
    before = contents(plain)
    log = store(tmp_path / "log")
    log.append(events(400, 10))
    assert log.files().columns == tuple(SCHEMA.names)
    log.compact(everything=True)
    assert set(log.files().columns) == {*SCHEMA.names, "p.amount", "p.product"}
    assert contents(log)[:400] == before
    assert contents(plain) == contents(log), "who knows nothing of the columns reads the same"
    plain.append(events(410, 5))
    assert plain.files().columns == tuple(SCHEMA.names)
    assert log.scan().num_rows == 415


def test_a_type_that_was_changed_in_the_settings_leaves_the_column_alone(tmp_path: Path) -> None:
    from coterie.storage.events import EventStore

    store(tmp_path / "log").append(events(0, 10))
    other = EventStore(tmp_path / "log", columns={"amount": TYPES["text"], "product": COLUMNS["product"]})
    other.append(events(10, 10))
    assert other.files().columns == (*SCHEMA.names, "p.product")
    assert other.scan().num_rows == 20


def test_sql_says_the_same_with_and_without_columns(tmp_path: Path) -> None:
    from coterie.segments.batch import statement
    from coterie.segments.catalog import Catalog
    from coterie.segments.core import Aggregate, Compare, Selector
    from coterie.storage.events import EventStore

    told = {}
    total = Aggregate("sum", Selector(names=("order",)), "amount")
    catalog = Catalog.of({"spender": Compare(total, ">", 15)})
    for name, made in (("typed", store(tmp_path / "typed")), ("plain", EventStore(tmp_path / "plain"))):
        made.append(events(0, 900))
        with Duck() as duck:
            relation = duck.add_log(made.files(), empty=SCHEMA)
            assert set(relation.typed) == (set(COLUMNS) if name == "typed" else set())
            instants = [1_300, 1_899, 5_000]
            told[name] = duck.members(statement(catalog, "spender", instants, relation=relation))
    assert told["typed"] == told["plain"]
    assert 0 < len(told["typed"][5_000]) < 97
