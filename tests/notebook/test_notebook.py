"""The functions for notebooks: the same answers from Arrow, Polars, pandas and a project, given back as what was given."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import coterie
from coterie.errors import InvalidDefinition, NotFound, Problem
from coterie.segments.builder import did, in_segment, not_, segment
from coterie.segments.instants import instant_of
from tests.engine.projects import NOW, project

CART = "key: cart\nwhen: {did: {event: add_to_cart, where: {value: {at_least: 20}}, within: 24h}}\n"
ROWS = [
    {"profile": "ada", "name": "add_to_cart", "occurred_at": datetime(2026, 1, 5, 10, tzinfo=UTC), "value": 25.0},
    {"profile": "bob", "name": "add_to_cart", "occurred_at": datetime(2026, 1, 5, 11, tzinfo=UTC), "value": 15.0},
    {"profile": "eve", "name": "viewed", "occurred_at": datetime(2026, 1, 5, 12, tzinfo=UTC), "value": None},
]


def table(kind: str) -> Any:
    arrow = pa.Table.from_pylist(ROWS)
    return {"arrow": lambda: arrow, "polars": lambda: pl.from_arrow(arrow), "pandas": lambda: arrow.to_pandas()}[kind]()


def rows_of(answer: Any) -> list[dict[str, Any]]:
    return pa.table(answer).to_pylist()


@pytest.mark.parametrize(("kind", "home"), [("arrow", pa.Table), ("polars", pl.DataFrame), ("pandas", pd.DataFrame)])
def test_every_function_gives_back_the_kind_that_it_was_given(kind: str, home: type) -> None:
    events = table(kind)
    answers = {
        "members": coterie.members(CART, events),
        "sizes": coterie.size_over_time(
            CART, events, ["2026-01-05T10:00:00Z", "2026-01-06T09:59:59Z", "2026-01-06T10:00:00Z"]
        ),
        "evaluated": coterie.evaluate([CART, segment("all", when=not_(did("bought")))], events),
        "verified": coterie.verify(CART, events, [None, "2026-01-06"]),
        "replayed": coterie.replay(CART, events, "2026-01-07"),
    }
    assert {type(answer) for answer in answers.values()} == {home}
    assert rows_of(answers["members"]) == [{"profile": "ada"}]
    assert [row["size"] for row in rows_of(answers["sizes"])] == [1, 1, 0]
    assert rows_of(answers["evaluated"]) == [
        {"profile": "ada", "cart": True, "all": True},
        {"profile": "bob", "cart": False, "all": True},
        {"profile": "eve", "cart": False, "all": True},
    ]
    assert [(row["oracle"], row["batch"], row["live"], row["agree"]) for row in rows_of(answers["verified"])] == [
        (1, 1, 1, True),
        (1, 1, 1, True),
    ]
    assert [
        (row["profile"], row["direction"], row["cause"], row["at"].isoformat()) for row in rows_of(answers["replayed"])
    ] == [
        ("ada", "entered", "event", "2026-01-05T10:00:00+00:00"),
        ("ada", "exited", "timer", "2026-01-06T10:00:00+00:00"),
    ]


def test_definitions_come_in_many_forms(tmp_path: Path) -> None:
    events = table("arrow")
    (tmp_path / "cart.yaml").write_text(CART)
    data = {
        "key": "cart",
        "when": {"did": {"event": "add_to_cart", "where": {"value": {"at_least": 20}}, "within": "24h"}},
    }
    others = segment("others", when=not_(in_segment("cart")))
    for definition in (
        CART,
        tmp_path,
        tmp_path / "cart.yaml",
        str(tmp_path / "cart.yaml"),
        data,
        coterie.segments_of(CART),
    ):
        assert coterie.members(definition, events)["profile"].to_pylist() == ["ada"]
    assert coterie.members([CART, others], events)["profile"].to_pylist() == ["bob", "eve"], "the last is asked about"
    assert coterie.members([CART, others], events, key="cart")["profile"].to_pylist() == ["ada"]
    with pytest.raises(NotFound, match="did you mean 'cart'"):
        coterie.members([CART, others], events, key="carts")
    with pytest.raises(InvalidDefinition):
        coterie.members("key: x\nwhen: {didd: {}}\n", events)


def test_an_explanation_reads_as_text() -> None:
    told = coterie.explain(CART, table("arrow"), "ada", "2026-01-05T20:00:00Z")
    assert told.member
    assert told.text().startswith("ada is in cart (version 1) at 2026-01-05T20:00:00Z.")
    assert "Leaves in 14 h" in told.text()


def test_late_events_merges_and_knowledge() -> None:
    events = pa.Table.from_pylist(
        [
            {
                "event_id": "1",
                "profile": "eve",
                "name": "bought",
                "occurred_at": 10,
                "received_at": 30,
                "properties": "{}",
            },
            {
                "event_id": "2",
                "profile": "ada",
                "name": "$merge",
                "occurred_at": 40,
                "received_at": 40,
                "properties": '{"loser":"eve"}',
            },
            {
                "event_id": "2",
                "profile": "ada",
                "name": "$merge",
                "occurred_at": 40,
                "received_at": 40,
                "properties": '{"loser":"eve"}',
            },
        ]
    )
    bought = segment("bought", when=did("bought"))
    assert coterie.members(bought, events, 20).num_rows == 0
    assert coterie.members(bought, events, 20, knowledge="now")["profile"].to_pylist() == ["ada"]
    assert coterie.members(bought, events, 30)["profile"].to_pylist() == ["eve"]
    assert coterie.evaluate(bought, events, 40).to_pylist() == [{"profile": "ada", "bought": True}]
    with pytest.raises(Problem, match="unknown word"):
        coterie.members(bought, events, knowledge="later")


def test_properties_may_be_a_struct_json_or_columns() -> None:
    nested = pa.Table.from_pylist([{**ROWS[0], "value": None, "properties": {"value": 30, "cart": {"id": "c"}}}])
    assert coterie.members(CART, nested.drop_columns("value"))["profile"].to_pylist() == ["ada"]
    text = pa.table(
        {"profile": ["ada"], "name": ["add_to_cart"], "occurred_at": ["2026-01-05"], "properties": ['{"value":30}']}
    )
    assert coterie.members(CART, text)["profile"].to_pylist() == ["ada"]
    both = text.append_column("value", pa.array([10.0]))
    assert coterie.members(CART, both)["profile"].to_pylist() == [], "a column wins over the JSON"
    where = "key: c\nwhen: {did: {event: add_to_cart, where: {cart.id: c}}}\n"
    assert coterie.members(where, nested.drop_columns("value"))["profile"].to_pylist() == ["ada"]


def test_a_project_is_asked_like_a_table(tmp_path: Path) -> None:
    made = project(
        tmp_path / "p", {"viewers": "{did: {event: viewed, within: 2d}}"}, {"days": 1}, {"days": 0, "profile": "bob"}
    )
    assert coterie.members(None, made, NOW)["profile"].to_pylist() == ["ada", "bob"]
    assert coterie.verify(None, coterie.Project(tmp_path / "p"))["agree"].to_pylist() == [True]


def test_what_is_no_table_or_no_instant_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="not a table"):
        coterie.members(CART, [{"profile": "ada"}])
    with pytest.raises(InvalidDefinition, match="did you mean 'profil'"):
        coterie.members(CART, pa.table({"profil": ["a"], "name": ["b"], "occurred_at": [1]}))
    with pytest.raises(Problem, match="occurred_at, row 1"):
        coterie.members(
            CART, pa.table({"profile": ["a", "b"], "name": ["x", "x"], "occurred_at": ["2026-01-05", "soon"]})
        )
    with pytest.raises(Problem, match="not an instant"):
        coterie.members(CART, table("arrow"), "soon")


def test_equal_rows_are_two_events_unless_their_id_says_otherwise() -> None:
    twice = segment("twice", when=did("add_to_cart", at_least=2))
    doubled = pa.concat_tables([table("arrow")] * 2)
    assert coterie.members(twice, doubled)["profile"].to_pylist() == ["ada", "bob"]
    assert coterie.members(twice, doubled.append_column("event_id", pa.array(["a", "b", "c"] * 2))).num_rows == 0


def test_days_and_clock_times_of_any_unit_are_instants() -> None:
    moment = datetime(2026, 1, 5, 10)
    for column in (
        pa.array([moment], pa.timestamp("ms")),
        pa.array([moment], pa.timestamp("ns", "Europe/Oslo")),
        pa.array([moment.date()]),
    ):
        events = pa.table({"profile": ["ada"], "name": ["add_to_cart"], "occurred_at": column, "value": [30]})
        assert coterie.members(CART, events).num_rows == 1
    assert coterie.members(CART, events, instant_of("2026-01-05T23:59:59Z")).num_rows == 1
    assert coterie.members(CART, events, moment.date()).num_rows == 1


def test_importing_coterie_imports_nothing_heavy_and_its_names_are_there() -> None:
    code = (
        "import sys, coterie; heavy = {'pyarrow', 'numba', 'duckdb', 'numpy', 'polars', 'pandas'} & set(sys.modules);"
        "assert not heavy, heavy; assert 'members' in dir(coterie); coterie.Segment"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert set(coterie.__all__) <= set(dir(coterie))
    with pytest.raises(AttributeError):
        coterie.nothing  # noqa: B018
