"""Scenes of a clustering: who is where at an instant by the frozen model, what they are like, and what came of them in a window."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from msgspec import Struct, structs

from coterie.clusters.fitted import FittedClusters
from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.learning.tables import measured
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.features.parse import parse
from coterie.features.table import FeatureTable, Floats, Texts
from coterie.learned.artefact import Artefact
from coterie.learned.definition import ClustersModel
from coterie.learned.parse import definition_of
from coterie.learned.words import Picked, events_of
from coterie.monitoring.drift.observation import Scene
from coterie.segments.core import Aggregate, Rolling, Selector, Trait
from coterie.segments.measures import Measurable

CONVERSION = "conversion"
"""What the share of people who did the chosen event in a window is called."""


class Outcomes(Struct, frozen=True, kw_only=True):
    """What is asked of people afterwards: whether they did ``conversion`` within the window, and what ``traits`` say in numbers."""

    conversion: Selector | None = None
    traits: tuple[str, ...] = ()

    def terms(self, window_us: int) -> dict[str, Measurable]:
        """Return what has to be measured at the end of a window, by name."""
        found: dict[str, Measurable] = {name: Trait(name) for name in self.traits}
        if self.conversion is not None:
            found[CONVERSION] = Aggregate("count", self.conversion, "", Rolling(window_us))
        return found


class Looking:
    """The log through the eyes of one kept clustering. Close it, or use it as a context.

    Every table is measured with the model's own frozen features: fifths and categories are those of the fit. Cost: one scan of the log
    per instant that was not asked for before.
    """

    def __init__(self, project: Project, artefact: Artefact) -> None:
        model = definition_of(artefact)
        if not isinstance(model, ClustersModel):
            raise Problem("drift is asked of clusters", where=artefact.key, received=artefact.kind, allowed="clusters")
        self.artefact, self.model = artefact, model
        self.fitted = FittedClusters.read(artefact.parameters)
        preparation = self.fitted.preparation
        self._seen = {*preparation.columns, *(one.name for one in preparation.left_out)}
        self._features = parse(artefact.feature_set)
        self._context = definitions.context(project)
        self._catalog = definitions.catalog(project, definitions.candidates(project))
        self._history = History(project.events)
        self._tables: dict[int, FeatureTable] = {}

    def selector(self, told: Picked) -> Selector:
        """Return which events are meant, in the project's time zone."""
        return events_of(told).picker.selector(self._context.time_zone)

    def table(self, at: int) -> FeatureTable:
        """Return the features that the model was to look at, of its population as of ``at``."""
        if at not in self._tables:
            built = measured(
                self._history, self._features, at,
                context=self._context, catalog=self._catalog, population=self.model.population,
            )  # fmt: skip
            seen = tuple(one for one in built.table.columns if one.name in self._seen)
            self._tables[at] = structs.replace(built.table, columns=seen)
        return self._tables[at]

    def scene(self, at: int) -> Scene:
        """Return the people as of ``at``, each in the cluster that the frozen model says."""
        table = self.table(at)
        places, distances = self.fitted.assign_table(table)
        keys = np.array([*self.fitted.keys, None], object)
        return Scene(table=table, segments=keys[places], distances=distances)

    def afterwards(self, scene: Scene, at: int, outcomes: Outcomes) -> Scene:
        """Return the people where they were in ``scene``, with what came of them until ``at``."""
        return outcomes_in(self._history, outcomes, at, at - scene.at).of(scene) if at > scene.at else scene

    def close(self) -> None:
        self._history.close()

    def __enter__(self) -> Looking:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Came(Struct, frozen=True):
    """What came of people until an instant: the answer of a measurement, and the names of its columns in order."""

    answer: pa.Table | None
    names: tuple[str, ...]

    def of(self, scene: Scene) -> Scene:
        """Return the people of ``scene`` where they were, with what came of them."""
        if self.answer is None:
            return scene
        found = _columns(self.answer, self.names, scene.table.profiles)
        rates = {CONVERSION: (found.pop(CONVERSION) > 0).astype(np.float64)} if CONVERSION in found else {}
        return structs.replace(scene, rates=rates, values=found)


def outcomes_in(history: History, outcomes: Outcomes, at: int, window_us: int) -> Came:
    """Return what came of everybody in the window that ends ``at``. Cost: one scan of the log, nothing when nothing is asked."""
    terms = outcomes.terms(window_us)
    return Came(history.measures(list(terms.values()), at) if terms else None, tuple(terms))


def _columns(answer: pa.Table, names: tuple[str, ...], people: Texts) -> dict[str, Floats]:
    """Return each measured column for ``people`` in their order; NaN for who is not there any more (merged since)."""
    places = {profile: row for row, profile in enumerate(answer["profile"].to_pylist())}
    rows = np.array([places.get(one, -1) for one in people.tolist()], np.int64)
    found = {}
    for number, name in enumerate(names):
        values = np.append(answer.column(f"m{number}").to_numpy(zero_copy_only=False).astype(np.float64), np.nan)
        found[name] = values[rows]
    return found
