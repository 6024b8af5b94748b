"""The last part of a step: what published models say of the people it touched becomes records of the log, in the same commit."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.learning.assigning import Told, rows_of
from coterie.engine.running import moved
from coterie.engine.running.columns import Columns
from coterie.engine.running.effects import Effects
from coterie.engine.running.state import State
from coterie.model import SET
from coterie.segments.live.layout import Ints
from coterie.storage.state.profiles import Write

SOURCE = "coterie"
"""The source of the records that models write."""


def assign(state: State, effects: Effects) -> None:
    """Everybody whom the step touched, and whose turn it is, has the traits that the models say; the effects hold the records.

    The models are asked at an instant of their own after everything that arrived, and nothing else happens at it: what a record
    says is what the model says of everything that had arrived by the record's instant. Cost: nothing without models; with them
    10 µs per person touched.
    """
    assigner, live = state.assigner, state.live
    if not assigner.models or live.now < 0:
        return
    touched, due = _touched(state, effects), assigner.due(live)
    if not len(touched) and not due:
        return
    at = live.now + 1
    effects.changes += moved.rows_of(live.advance(at))
    told = assigner.ask(live, touched, due)
    if told:
        _write(state, effects, told, at)
    effects.changes += moved.rows_of(live.advance(at + 1))
    effects.advanced_to = state.now


def _touched(state: State, effects: Effects) -> Ints:
    profiles: list[Any] = [] if effects.rows is None else pc.unique(effects.rows["profile"]).to_pylist()
    wanted = state.assigner.segments
    moved_by = [change[2] for change in effects.changes if change[0] in wanted] if wanted else []
    return rows_of(state.live, profiles, [*moved_by, *effects.rebuilt])


def _write(state: State, effects: Effects, told: list[Told], at: int) -> None:
    """The records are rows of the log after those of the step, applied and folded."""
    columns, first = Columns(), state.log_position
    for number, one in enumerate(told):
        record = f"cluster.{one.model}@{one.version}:{at}#{first + number}"
        columns.add(record, one.profile, SET, at, at, one.values, SOURCE)
    rows = columns.table(first)
    keys = rows["event_key"].to_pylist()
    effects.writes += [Write(one.profile, one.values, at, key) for one, key in zip(told, keys, strict=True)]
    effects.changes += moved.rows_of(state.live.apply(rows), columns.ids, rows["position"].to_numpy())
    effects.rows = rows if effects.rows is None else pa.concat_tables([effects.rows, rows]).combine_chunks()
    state.log_position += rows.num_rows
