"""What the simulator counts is what the oracle finds, on a log with late events, wrong clocks, copies and merges."""

from __future__ import annotations

import json

import pytest

from coterie.lab import Shop
from coterie.limits import DAY_US
from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.core import Absent, Aggregate, Compare, Not, Selector, Sequence, Step
from coterie.segments.oracle import Oracle

ORDERS = Selector(names=("order_completed",))
CATALOG = Catalog.of(
    {
        "at-risk": Sequence(
            steps=(Step(Selector(names=("add_to_cart",))),),
            absent=Absent(Selector(names=("checkout_started",)), for_us=DAY_US),
        ),
        "spenders": Compare(Aggregate("sum", ORDERS, "total"), ">=", 100.0),
        "window-shoppers": Not(Compare(Aggregate("count", ORDERS), ">=", 1)),
    }
)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(people=250, days=20, seed=11, hot=False, duplicates=0.01)


@pytest.fixture(scope="module")
def oracle(shop: Shop) -> Oracle:
    rows = shop.table().select(["event_id", "profile", "name", "occurred_at", "received_at", "properties"]).to_pylist()
    return Oracle(
        CATALOG,
        [
            Event(
                id=row["event_id"],
                profile=row["profile"],
                name=row["name"],
                occurred_at=row["occurred_at"],
                received_at=row["received_at"],
                properties=json.loads(row["properties"]),
            )
            for row in rows
        ],
    )


def test_the_same_people_are_known(shop: Shop, oracle: Oracle) -> None:
    assert oracle.profiles(shop.end) == set(shop.truth().column("profile").to_pylist())


def test_the_same_people_are_members(shop: Shop, oracle: Oracle) -> None:
    truth = shop.truth().to_pylist()
    expected = {
        "at-risk": {row["profile"] for row in truth if row["at_risk"]},
        "spenders": {row["profile"] for row in truth if round(row["spent"] * 100) >= 10_000},
        "window-shoppers": {row["profile"] for row in truth if row["orders"] == 0},
    }
    for key, members in expected.items():
        assert 5 < len(members) < len(truth)
        assert oracle.members(key, shop.end) == members, key
