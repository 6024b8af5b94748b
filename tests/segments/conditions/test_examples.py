"""Every example of every condition holds in every reader."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest

from coterie.model import Event
from coterie.segments.batch import statement
from coterie.segments.catalog import Catalog
from coterie.segments.conditions import CONDITIONS, Example
from coterie.segments.conditions.form import happened
from coterie.segments.conditions.thresholds import Thresholds
from coterie.segments.definition import Context, lower_all
from coterie.segments.instants import instant_of
from coterie.segments.oracle import Oracle
from coterie.segments.parse import parse
from coterie.storage.duck import Duck
from coterie.values import canonical, event_key

Ask = Callable[[Catalog, Sequence[Event], int], frozenset[str]]


def by_oracle(catalog: Catalog, log: Sequence[Event], now: int) -> frozenset[str]:
    return frozenset(Oracle(catalog, log).members("example", now))


def by_batch(catalog: Catalog, log: Sequence[Event], now: int) -> frozenset[str]:
    with Duck() as duck:
        relation = duck.add_log(table_of(log))
        return frozenset(duck.members(statement(catalog, "example", [now], relation=relation)).get(now, ()))


def by_live(catalog: Catalog, log: Sequence[Event], now: int) -> frozenset[str]:
    live: Any = importlib.import_module("coterie.segments.live").Live(catalog)
    live.apply(table_of(log))
    live.advance(now)
    return frozenset(live.members("example"))


def table_of(log: Sequence[Event]) -> pa.Table:
    """Return events as log columns."""
    rows = [
        {
            "position": position,
            "event_id": event.id,
            "event_key": event_key(event.id),
            "profile": event.profile,
            "name": event.name,
            "occurred_at": event.occurred_at,
            "received_at": event.received_at,
            "properties": canonical(event.properties),
        }
        for position, event in enumerate(log)
    ]
    return pa.Table.from_pylist(rows)


READERS: dict[str, Ask] = {"oracle": by_oracle, "batch": by_batch, "live": by_live}
EXAMPLES = [
    pytest.param(word, example, id=f"{word}-{number}")
    for word, kind in CONDITIONS.items()
    for number, example in enumerate(kind.examples)
]


def catalog_of(word: str, example: Example) -> Catalog:
    """Return the catalog of an example: the condition as segment ``example``, and the segments it refers to."""
    segments = [parse({"key": "example", "when": {word: example.data}})]
    segments += [parse({"key": key, "when": when}) for key, when in example.others.items()]
    version = example.data.get("thresholds", 1) if isinstance(example.data, dict) else 1
    published = Thresholds(segment="example", version=version, cuts=example.cuts)
    return lower_all(segments, Context(thresholds={("example", version): published}))


@pytest.mark.parametrize("reader", list(READERS))
@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_example_holds(word: str, example: Example, reader: str) -> None:
    now = instant_of(example.now)
    assert now is not None
    members = READERS[reader](catalog_of(word, example), happened(example, now), now)
    assert members == (frozenset({example.profile}) if example.member else frozenset())


@pytest.mark.parametrize("word", list(CONDITIONS))
def test_every_condition_shows_a_member(word: str) -> None:
    assert any(example.member for example in CONDITIONS[word].examples)


@pytest.mark.parametrize("word", [word for word in CONDITIONS if word != "everyone"])
def test_every_condition_shows_somebody_outside(word: str) -> None:
    assert any(not example.member for example in CONDITIONS[word].examples)
