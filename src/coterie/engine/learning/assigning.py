"""Live assignment: whoever a step touched, and everybody in turns, is asked of the published models; what differs is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import Ints
from coterie.engine.learning.standing import Standing
from coterie.model import Value
from coterie.segments.live import Live

TURNS = 4_096
"""Parts of everybody: in one round of ``every`` each part has its turn, a person always in the same."""
ROWS_MAX = 20_000
"""People looked at for their turn in one step: about 0.2 s in which the runner does nothing else."""


class Told(Struct, frozen=True):
    """What is to be written about one person by one model."""

    model: str
    version: int
    profile: str
    values: dict[str, Value]


class Assigner:
    """Asks ``models`` about people. Owned by the runner's thread, and nothing of it is kept: what was written is in the traits.

    The first look begins a round: everybody is looked at within seconds of a start, a part per step.
    """

    def __init__(self, models: Sequence[Standing] = ()) -> None:
        self.models = tuple(models)
        self.problems: list[str] = []
        """Why a model was left out after it failed, until somebody takes it from here."""
        self._until: dict[str, int] = {}
        """The turn up to which everybody had theirs, per model."""

    @property
    def versions(self) -> tuple[tuple[str, int], ...]:
        """Return (key, version) of every model."""
        return tuple((one.key, one.version) for one in self.models)

    @property
    def segments(self) -> frozenset[str]:
        """Return the segments of which the models want to know who entered or left."""
        return frozenset(key for one in self.models for key in one.segments)

    def due(self, live: Live) -> dict[str, Ints]:
        """Return the rows whose turn it is by now, per model; a round that is behind goes on where it stands."""
        found: dict[str, Ints] = {}
        if live.now < 0:
            return found
        for model in self.models:
            rows = self._turn(model, live)
            if len(rows):
                found[model.key] = rows
        return found

    def _turn(self, model: Standing, live: Live) -> Ints:
        slot = max(model.every_us // TURNS, 1)
        last = live.now // slot
        first = max(self._until.get(model.key, last - TURNS), last - TURNS)
        known = len(live.profiles)
        width = -(-known // TURNS)
        turns = min(last - first, max(ROWS_MAX // max(width, 1), 1))
        self._until[model.key] = first + turns
        if not turns or not known:
            return np.zeros(0, np.int64)
        offsets = np.sort((first + 1 + np.arange(turns)) % TURNS)
        rows = (offsets[None, :] + TURNS * np.arange(width)[:, None]).ravel()
        return rows[rows < known]

    def ask(self, live: Live, touched: Ints, due: dict[str, Ints]) -> list[Told]:
        """Return what is to be written at the instant of the state, in the order of models, then rows. Changes nothing.

        ``touched`` are rows that every model is asked about. A model that fails is asked no more, and ``problems`` says so. Cost: about
        0.1 µs per term and person, and 5 µs per person written about.
        """
        told: list[Told] = []
        for model in self.models:
            try:
                told += self._asked(model, live, touched, due)
            except Exception as error:  # noqa: BLE001  a model that fails must not take the events with it
                self.models = tuple(one for one in self.models if one is not model)
                self.problems.append(
                    f"the model {model.key} failed and is asked no more ({type(error).__name__}: {error}): "
                    "publish it again, or another version"
                )
        return told

    def _asked(self, model: Standing, live: Live, touched: Ints, due: dict[str, Ints]) -> list[Told]:
        rows = live.owners_of(np.concatenate([touched, due.get(model.key, touched[:0])]))
        if not len(rows):
            return []
        verdict = model.judge(live.measure(model.key, rows))
        chosen = np.flatnonzero(verdict.differs)
        places, distances = verdict.places[chosen].tolist(), verdict.distances[chosen].tolist()
        people = [live.profiles.text_of(row) for row in rows[chosen].tolist()]
        return [
            Told(model.key, model.version, who, model.values(place, distance))
            for who, place, distance in zip(people, places, distances, strict=True)
        ]


def rows_of(live: Live, profiles: Iterable[str], more: Collection[str] = ()) -> Ints:
    """Return the rows of these people, those who are not known left out."""
    find = live.profiles.row_of
    found = [find(one, new=False) for one in {*profiles, *more}]
    return np.array([row for row in found if row >= 0], np.int64)
