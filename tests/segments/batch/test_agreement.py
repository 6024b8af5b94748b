"""The batch reader says what the oracle says: random definitions over random logs, at instants on the edges."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from msgspec.structs import replace

from coterie.model import Event
from coterie.segments import core
from coterie.segments.batch import Relation, size_statement, statement
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle
from coterie.storage.duck import Duck
from tests.segments.batch.worlds import Definitions, hash_leaf, instants, log, table

TYPES = {"d": pa.string(), "k": pa.string(), "n": pa.float64(), "x/y": pa.int64()}


def a_catalog(rng: random.Random) -> Catalog:
    base = Definitions(rng)
    nodes = {"first": base.node(), "second": base.node(1)}
    over = Definitions(rng, tuple(nodes))
    nodes |= {f"third-{number}": over.node() for number in range(3)}
    nodes["bucket"] = core.All((hash_leaf(rng), over.node(1)))
    return Catalog.of(nodes)


def differences(duck: Duck, relation: Relation, oracle: Oracle, asked: list[int], knowledge: str) -> list[str]:
    """Return every disagreement between a statement and the oracle."""
    found = []
    for key in oracle.catalog.keys:
        sql = statement(oracle.catalog, key, asked, relation=relation, knowledge=knowledge)  # type: ignore[arg-type]
        members = duck.members(sql)
        for at in set(asked):
            expected = oracle.members(key, at, knowledge)  # type: ignore[arg-type]
            if members.get(at, set()) != expected:
                found.append(f"{key} at {at}: {members.get(at, set())} and not {expected}: {oracle.catalog[key].node}")
    return found


@pytest.mark.parametrize("seed", range(16))
def test_random_definitions_have_the_members_the_oracle_names(seed: int) -> None:
    rng = random.Random(seed)
    events = log(rng, rng.randint(1, 60))
    oracle = Oracle(a_catalog(rng), events)
    asked = instants(rng, events, 4)
    with Duck(threads=1) as duck:
        relation = duck.add_log(table(events), merges=oracle.merges.intervals())
        for knowledge in ("then", "now"):
            assert not differences(duck, relation, oracle, asked, knowledge)
        assert not differences(duck, relation, oracle, asked[:1], "then")


@pytest.mark.parametrize("seed", range(8))
def test_typed_columns_mean_what_the_json_means(seed: int) -> None:
    rng = random.Random(1_000 + seed)
    typed = rng.sample(sorted(TYPES), 2)
    events = [fitted(event, typed) for event in log(rng, 50)]
    rows = table(events)
    for key in typed:
        values = pa.array([event.properties.get(key) for event in events], TYPES[key])
        is_text = pa.types.is_string(TYPES[key])
        rows = rows.append_column(f"p.{key}", values.dictionary_encode() if is_text and seed % 2 else values)
    oracle = Oracle(a_catalog(rng), events)
    with Duck(threads=1) as duck:
        relation = duck.add_log(rows, merges=oracle.merges.intervals())
        assert set(relation.typed) == set(typed)
        assert not differences(duck, relation, oracle, instants(rng, events, 3), "then")


def fitted(event: Event, typed: list[str]) -> Event:
    """Return ``event`` with only values of the column's type under the typed keys."""
    kept = {}
    for key, value in event.properties.items():
        if key in typed and value is not None:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if key == "n":
                value = float(value) if is_number else None
            elif not isinstance(value, int if key == "x/y" else str):
                value = None
        kept[key] = value
    return replace(event, properties=kept)


def test_sizes_are_the_numbers_of_members_and_zero_where_there_are_none() -> None:
    rng = random.Random(7)
    events = log(rng, 40)
    catalog = Catalog.of({"a": core.Compare(core.Aggregate("count", core.Selector(names=("a",))), ">=", 1)})
    oracle = Oracle(catalog, events)
    asked = sorted({events[0].received_at - 1, *(event.received_at for event in events)})
    with Duck(threads=1) as duck:
        relation = duck.add_log(table(events), merges=oracle.merges.intervals())
        several = duck.run(size_statement(catalog, "a", asked, relation=relation)).to_pylist()
        single = [duck.run(size_statement(catalog, "a", [at], relation=relation)).to_pylist()[0] for at in asked[:3]]
    expected = [{"at": at, "size": len(oracle.members("a", at))} for at in asked]
    assert several == expected
    assert single == expected[:3]
