"""A history driven through the live reader with a model kept up to date, as a server would have done it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.learning.assigning import Assigner
from coterie.engine.learning.standing import Standing, measuring
from coterie.engine.learning.tables import matrix_of
from coterie.engine.project import Project
from coterie.engine.replay import micro_batches
from coterie.engine.running.effects import Effects
from coterie.engine.running.learning import assign
from coterie.engine.running.state import State
from coterie.features.table import Floats
from coterie.identity.identities import Identities
from coterie.limits import DEFAULT
from coterie.segments.live import Live
from coterie.segments.live.duplicates import Duplicates
from coterie.storage.log import SCHEMA


class Look(Struct, frozen=True):
    """What the live reader measured of everybody at an instant: profiles (n,) ascending, (n, terms)."""

    at: int
    profiles: list[str]
    measured: Floats


class Replay:
    """Drives the log of ``project`` with ``models``; what came of it, the records of the models among it, is the log of ``whole``."""

    def __init__(self, project: Project, models: tuple[Standing, ...], rows: int) -> None:
        self.project, self.models, self.rows = project, models, rows
        self.catalog = measuring(definitions.catalog(project), models)
        self.state = State(
            live=Live(self.catalog), identities=Identities(None), seen=Duplicates(DEFAULT), limits=DEFAULT,
            decode=lambda entry, at: None, assigner=Assigner(models),
        )  # fmt: skip
        self.tables: list[pa.Table] = []
        self.records = 0

    def steps(self) -> Iterator[int]:
        """Yield the number of each step, after it."""
        state = self.state
        for number, table in enumerate(micro_batches(self.project.events, self.rows)):
            rows = self._later(table)
            state.live.apply(rows)
            state.log_position += rows.num_rows
            effects = Effects(journal=0, advanced_to=0, first=0, rows=rows)
            assign(state, effects)
            assert effects.rows is not None
            self.records += effects.rows.num_rows - rows.num_rows
            self.tables.append(effects.rows)
            yield number

    def _later(self, table: pa.Table) -> pa.Table:
        """Return the rows as arriving after everything before them, with the next positions."""
        received = np.maximum(table["received_at"].to_numpy(), self.state.live.now + 1)
        positions = np.arange(self.state.log_position, self.state.log_position + table.num_rows)
        told = {"received_at": received, "position": positions}
        columns = [pa.array(told[name]) if name in told else table[name].combine_chunks() for name in SCHEMA.names]
        return pa.Table.from_arrays(
            [one.cast(field.type) for one, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
        )

    def look(self, key: str) -> Look:
        """Return what is measured of everybody now."""
        live = self.state.live
        rows = live.known_rows()
        profiles = live.profiles.ids_of(rows).to_pylist()
        order = sorted(range(len(rows)), key=profiles.__getitem__)
        return Look(live.now, [profiles[place] for place in order], live.measure(key, rows)[order])

    def whole(self, folder: Path) -> Project:
        """Return a project whose log is the history with the records of the models."""
        made = Project(folder, settings=self.project.settings)
        folder.mkdir()
        made.events.append(pa.concat_tables(self.tables))
        return made


def agree(project: Project, replay: Replay, looks: list[Look], key: str) -> int:
    """Return how many people were compared: of each, the batch reader measures what the live reader did, bit for bit."""
    model = next(one for one in replay.models if one.key == key)
    compared = 0
    with History(project.events) as history:
        for look in looks:
            table = history.measures(model.terms, look.at, catalog=replay.catalog.measuring({})).sort_by("profile")
            assert table["profile"].to_pylist() == look.profiles
            batch = matrix_of(table, len(model.terms))
            np.testing.assert_array_equal(look.measured, batch)
            live_says, batch_says = model.judge(look.measured), model.judge(batch)
            np.testing.assert_array_equal(live_says.places, batch_says.places)
            np.testing.assert_array_equal(live_says.distances, batch_says.distances)
            compared += len(look.profiles)
    return compared
