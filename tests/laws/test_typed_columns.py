"""Typed columns as the lake makes them change no answer: batch and live say what they say of the JSON alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from coterie.identity.merges import Merges, decision_of
from coterie.segments.batch import statement
from coterie.segments.catalog import Catalog
from coterie.segments.live import Live
from coterie.storage.duck import Duck
from coterie.storage.lake.typed import TYPES, dress
from coterie.storage.log import SCHEMA
from tests.laws.cases import Case
from tests.laws.logs import Log, table_of, without_duplicates
from tests.laws.trial import case_of

SEEDS = range(24)
DEFINITIONS = 16


def plain(log: Log) -> pa.Table:
    """Return the log with everything in the JSON, as it is stored."""
    rows = table_of(without_duplicates(log.events))
    texts = {name: rows[name].cast(pa.string()) for name in ("name", "properties")}
    source = pa.nulls(rows.num_rows, pa.string()).fill_null("")
    columns = [texts.get(name, source if name == "source" else None) for name in SCHEMA.names]
    return pa.table(
        [rows[name] if made is None else made for name, made in zip(SCHEMA.names, columns, strict=True)], schema=SCHEMA
    )


def typed(log: Log, rows: pa.Table) -> tuple[pa.Table, list[str]]:
    """Return the log with every typed column that can be had, as files have them: only those that are whole."""
    seen: dict[str, Counter[str]] = {}
    for event in log.events:
        for key, value in event.properties.items():
            kind = "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
            seen.setdefault(key, Counter())[kind] += 1
    wanted = {key: TYPES[kinds.most_common(1)[0][0]] for key, kinds in seen.items()}
    dressed, whole = dress(rows, wanted)
    return dressed.select([*SCHEMA.names, *whole]), list(whole)


def by_batch(case: Case, catalog: Catalog, rows: pa.Table) -> dict[tuple[str, int], set[str]]:
    found = (decision_of(event, position) for position, event in without_duplicates(case.log.events))
    merges = Merges(one for one in found if one is not None)
    told: dict[tuple[str, int], set[str]] = {}
    with Duck(threads=1) as duck:
        relation = duck.add_log(rows, merges=merges.intervals())
        for key in catalog.keys:
            members = duck.members(statement(catalog, key, case.instants, relation=relation))
            told |= {(key, at): members.get(at, set()) for at in case.instants}
    return told


def by_live(case: Case, catalog: Catalog, rows: pa.Table) -> list[dict[str, Any]]:
    live = Live(catalog, history=lambda profiles: [rows])
    changes: list[dict[str, Any]] = live.apply(rows).table().to_pylist()
    changes += live.advance(max(*case.instants, live.now)).table().to_pylist()
    return changes


@pytest.mark.parametrize("seed", SEEDS)
def test_no_answer_depends_on_a_typed_column(seed: int) -> None:
    case = case_of(seed, DEFINITIONS, 10)[0]
    catalog = Catalog.of(case.nodes)
    rows = plain(case.log)
    dressed, whole = typed(case.log, rows)
    if not whole:
        return
    assert by_batch(case, catalog, dressed) == by_batch(case, catalog, rows)
    assert by_live(case, catalog, dressed) == by_live(case, catalog, rows)


def test_the_seeds_have_columns_of_every_type() -> None:
    kinds: Counter[str] = Counter()
    for seed in SEEDS:
        log = case_of(seed, DEFINITIONS, 10)[0].log
        dressed, whole = typed(log, plain(log))
        kinds += Counter(str(dressed.schema.field(name).type) for name in whole)
    assert kinds["double"] > 5
    assert kinds["string"] > 5
    assert kinds["bool"] > 0
