"""Live assignment: what a published clustering costs a step, per person whom the step touched.

Usage: python benchmarks/assign.py [--people N] [--steps N] [--touched N] [--alone N]; the last line is one JSON object. People have
thirty events each. Every step brings one event of ``touched`` people each; they are measured, prepared, assigned, and who moved is
written, as in a server, commit apart. ``at_worst``: everybody who is touched is written about. In the same run people are asked one by one: that is the baseline. ``us_per_person`` has a bar of 20.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from coterie.clusters.fitted import FittedClusters, Group
from coterie.clusters.labels import Rule
from coterie.engine.learning.assigning import Assigner
from coterie.engine.learning.standing import Standing, measuring, standing
from coterie.engine.running.effects import Effects
from coterie.engine.running.learning import assign
from coterie.engine.running.state import State
from coterie.features.preparation.preparation import NumberStep, Preparation
from coterie.identity.identities import Identities
from coterie.learned.artefact import Artefact
from coterie.limits import DEFAULT, SECOND_US
from coterie.segments.catalog import Catalog
from coterie.segments.conditions.form import Context
from coterie.segments.live import Live
from coterie.segments.live.duplicates import Duplicates
from coterie.segments.live.hashing import keys_of
from coterie.storage.log import SCHEMA

START = 1_790_000_000_000_000
FEATURES: dict[str, Any] = {
    "recency": {"since": {"of": "latest", "event": "order"}},
    "frequency": {"aggregate": {"kind": "count", "event": "order"}},
    "monetary": {"aggregate": {"kind": "sum", "property": "total", "event": "order"}},
    "views": {"aggregate": {"kind": "count", "event": "view", "within": "30d"}},
    "mean_total": {"aggregate": {"kind": "mean", "property": "total", "event": "order"}},
    "largest": {"aggregate": {"kind": "largest", "property": "total", "event": "order"}},
    "view_share": {"formula": "views / (views + frequency)"},
    "tenure": {"since": {"of": "first", "event": "any"}},
}


def model(tolerance: float = 0.1, k: int = 8) -> Standing:
    """Return a live model of ``k`` clusters over the eight features."""
    names = tuple(FEATURES)
    steps = tuple(NumberStep(column=name, fill=0.0, curve="log1p", centre=1.0, spread=1.5) for name in names)
    rng = np.random.default_rng(0)
    fitted = FittedClusters(
        preparation=Preparation(numbers=steps, categories=(), made=names, kept=tuple(range(len(names)))),
        rule=Rule(centres=rng.normal(0, 1, (k, len(names))), scales=np.ones(len(names)), reach=np.full(k, np.inf)),
        groups=tuple(Group(key=f"c{number}") for number in range(k)),
    )
    written = {"key": "bench", "kind": "clusters", "features": "bench", "live": {"every": "1d", "tolerance": tolerance}}
    made = Artefact(
        kind="clusters", key="bench", version=1, fitted_at=1, as_of=1, people=1, definition=written,
        feature_set={"key": "bench", "features": FEATURES}, parameters=fitted.parameters(),
    )  # fmt: skip
    return standing(made, Context())


def rows_of(first: int, people: np.ndarray, at: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """Return one event of each of these people."""
    n = len(people)
    ids = pa.array([f"e{number}" for number in range(first, first + n)], pa.string())
    is_order = rng.random(n) < 0.3
    texts = [
        f'{{"total":{cents / 100}}}' if order else "{}"
        for order, cents in zip(is_order, rng.integers(100, 20_000, n), strict=True)
    ]
    columns = [
        pa.array(np.arange(first, first + n)), ids, pa.array(keys_of(ids)), pa.array([f"u{who}" for who in people], pa.string()),
        pa.array(np.where(is_order, "order", "view").tolist(), pa.string()), pa.array(at), pa.array(at), pa.array(texts, pa.string()),
        pa.array([""] * n, pa.string()),
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def stage(one: Standing, people: int, events: int, rng: np.random.Generator) -> State:
    """Return a state in which everybody has ``events`` events behind them, and has their cluster."""
    catalog = measuring(Catalog.of({}), (one,))
    state = State(
        live=Live(catalog), identities=Identities(None), seen=Duplicates(DEFAULT), limits=DEFAULT,
        decode=lambda entry, at: None, assigner=Assigner((one,)),
    )  # fmt: skip
    for number in range(events):
        at = np.full(people, START + number * 86_400 * SECOND_US)
        rows = rows_of(state.log_position, np.arange(people), at, rng)
        state.live.apply(rows)
        state.log_position += people
    while True:
        effects = Effects(journal=0, advanced_to=0, first=0)
        assign(state, effects)
        if effects.rows is None and not state.assigner.due(state.live):
            return state


class Steps(NamedTuple):
    """What steps cost per person touched: beside the live reader, and the reader itself; how many people were written about."""

    us: float
    us_apply: float
    written: int


def steps(state: State, asked: argparse.Namespace, rng: np.random.Generator) -> Steps:
    """Return the cost of steps that bring one event of each of some people."""
    plain = looked = 0.0
    written = 0
    for _ in range(asked.steps):
        people = rng.choice(asked.people, asked.touched, replace=False)
        rows = rows_of(state.log_position, people, np.full(asked.touched, state.live.now + SECOND_US), rng)
        began = time.perf_counter()
        state.live.apply(rows)
        applied = time.perf_counter()
        state.log_position += rows.num_rows
        effects = Effects(journal=0, advanced_to=0, first=0, rows=rows)
        assign(state, effects)
        looked += time.perf_counter() - applied
        plain += applied - began
        assert effects.rows is not None
        written += effects.rows.num_rows - rows.num_rows
    touched = asked.steps * asked.touched
    return Steps(looked / touched * 1e6, plain / touched * 1e6, written)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--events", type=int, default=30)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--touched", type=int, default=5_000)
    parser.add_argument("--alone", type=int, default=2_000)
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    one, rng = model(), np.random.default_rng(1)
    state = stage(one, asked.people, asked.events, rng)
    usual = steps(state, asked, rng)
    state.assigner = Assigner((model(tolerance=0.0),))
    while state.assigner.due(state.live):
        pass  # a round is over: those whose turn it is are no part of this figure
    worst = steps(state, asked, rng)
    rows_alone = rng.choice(asked.people, asked.alone, replace=False)
    began = time.perf_counter()
    for row in rows_alone:
        one.judge(state.live.measure(one.key, np.array([row])))
    alone = (time.perf_counter() - began) / asked.alone
    began = time.perf_counter()
    everybody = one.judge(state.live.measure(one.key))
    whole = (time.perf_counter() - began) / len(everybody.places)
    figures = {
        "people": asked.people,
        "touched": asked.steps * asked.touched,
        "terms": len(one.terms),
        "written": usual.written,
        "us_per_person": round(usual.us, 2),
        "written_at_worst": worst.written,
        "us_per_person_at_worst": round(worst.us, 2),
        "us_apply_per_event": round(usual.us_apply, 2),
        "us_to_judge": round(whole * 1e6, 2),
        "us_alone": round(alone * 1e6, 1),
        "ratio_to_alone": round(alone * 1e6 / usual.us, 1),
        "state_mb": round(state.live.state_bytes() / 1e6),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
