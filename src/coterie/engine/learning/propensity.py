"""Propensities over a project's log: features as of instants of the past, and of whom the outcome came within the time after."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from msgspec import Struct, to_builtins

from coterie.engine import definitions
from coterie.engine.history import History, merges_of
from coterie.engine.learning import chances
from coterie.engine.learning.chances import Chances
from coterie.engine.learning.models import libraries
from coterie.engine.learning.tables import build, feature_set_of
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.project import Project
from coterie.errors import NotFound, nearest
from coterie.features.definition import FeatureSet
from coterie.features.table import FeatureTable, Rows
from coterie.identity.merges import Merges
from coterie.learned.artefact import Artefact
from coterie.learned.definition import PropensityModel
from coterie.learned.parse import definition_of
from coterie.learned.words import events_of
from coterie.model import Undetermined
from coterie.segments.catalog import Catalog
from coterie.segments.core import Aggregate, Rolling, Selector
from coterie.segments.durations import us_of
from coterie.segments.instants import rfc3339
from coterie.segments.parse.written import data_of
from coterie.value.boosting import Settings
from coterie.value.propensity import Learned, Sample, learn, words


class Cutoffs(Struct, frozen=True):
    """Instants: those to learn from, the one to tune with, the one to test on. The time after each ends before the next begins."""

    past: tuple[int, ...]
    tuning: int
    test: int


def cutoffs_of(model: PropensityModel, at: int) -> Cutoffs:
    """Return the instants of a model whose data end at ``at``: the test as late as its outcome is known.

    With two, learning and tuning share one instant, and each person is in one of the two.
    """
    within = us_of(model.within)
    apart = max(within, us_of(model.step))
    test = at - within
    tuning = test - apart
    past = tuple(tuning - apart * number for number in range(model.cutoffs - 2, 0, -1))
    return Cutoffs(past, tuning, test)


def fit(project: Project, model: PropensityModel, at: int, told: Told = quiet) -> Artefact | Undetermined:
    """Return the model learned from what had arrived by ``at``; it is neither saved nor published. Undetermined with too few cases.

    Cutoffs from before the first arrival are left out. Raises: NotFound, InvalidDefinition. Cost: two scans of the log per cutoff.
    """
    cutoffs, first = cutoffs_of(model, at), project.events.extent().first_received_at
    if cutoffs.tuning < first:
        return Undetermined(
            f"the log begins at {rfc3339(first)}: after the instant to tune with, {rfc3339(cutoffs.tuning)}; "
            "ask for less: within, step"
        )
    past = [one for one in cutoffs.past if one >= first]
    latest = past[-1] if past else cutoffs.tuning
    asked = feature_set_of(project, model.features)
    told("features of the past", 0.05)
    frozen = build(project, asked, latest, population=model.population).feature_set
    labels = _Labels(project, model)
    samples: dict[int, Sample] = {}
    instants = [*past, cutoffs.tuning, cutoffs.test]
    for number, instant in enumerate(instants, 1):
        told(f"features and outcomes as of {rfc3339(instant)[:10]}", 0.05 + 0.75 * number / len(instants))
        samples[instant] = labels.sample(_table(project, frozen, instant, model), instant)
    tuning = samples[cutoffs.tuning]
    earlier = [samples[one] for one in past]
    if not earlier:
        some = np.random.default_rng(model.seed).random(len(tuning.outcomes)) < 0.6
        earlier, tuning = [tuning.only(some)], tuning.only(~some)
    told("learning", 0.85)
    settings = Settings(trees=model.trees, leaves=model.leaves, learning_rate=model.learning_rate, seed=model.seed)
    found = learn(
        earlier, tuning, samples[cutoffs.test], settings,
        asked=model.calibration, positives_min=model.positives_min, columns=model.columns,
    )  # fmt: skip
    if isinstance(found, Undetermined):
        return found
    return _artefact(project, model, at, frozen, found, Cutoffs(tuple(past), cutoffs.tuning, cutoffs.test))


def scored(project: Project, artefact: Artefact, at: int) -> Chances:
    """Return the probability of everybody in question as of ``at``: for a segment to be entered, those outside of it; to be left, its
    members. Cost: one scan of the log and 3 s per million people."""
    model = definition_of(artefact)
    assert isinstance(model, PropensityModel), "the store keeps each kind apart"
    labels = _Labels(project, model)
    table = labels.in_question(chances.table_then(project, artefact, at), at)
    values = chances.model_of(artefact).chances(table)
    expired = artefact.valid_until is not None and artefact.valid_until < at
    return Chances(
        kind="propensity", key=artefact.key, version=artefact.version, at=at, profiles=table.profiles, values=values,
        expired=expired,
    )  # fmt: skip


def _table(project: Project, frozen: FeatureSet, at: int, model: PropensityModel) -> FeatureTable:
    return build(project, frozen, at, population=model.population).table


class _Labels:
    """Of whom the outcome came. What had arrived at the end of the time counts: a label is what one would have known then."""

    def __init__(self, project: Project, model: PropensityModel) -> None:
        self._project, self._model, self._within = project, model, us_of(model.within)
        self._merges: Merges = merges_of(project.events)
        self._catalog: Catalog = definitions.catalog(project, definitions.candidates(project))
        key = model.target.entered or model.target.exited
        if key is not None and key not in self._catalog:
            raise NotFound(f"no segment {key!r}", hint=nearest(key, self._catalog.keys))

    def in_question(self, table: FeatureTable, at: int) -> FeatureTable:
        """Return the people of whom the outcome can come: not those who are in a segment that is to be entered."""
        target = self._model.target
        key = target.entered or target.exited
        if key is None:
            return table
        members = self._members(key, at)
        return table.only(_among(table, members, inside=target.exited is not None))

    def sample(self, table: FeatureTable, at: int) -> Sample:
        """Return the people in question with their outcomes within the time after ``at``."""
        table, end, target = self.in_question(table, at), at + self._within, self._model.target
        now = [self._merges.canonical(profile, end) for profile in table.profiles]
        key = target.entered or target.exited
        if key is not None:
            found = self._members(key, end)
            outcomes = np.array([one in found for one in now], bool)
            return Sample(table=table, outcomes=outcomes if target.entered is not None else ~outcomes)
        told = target.did if target.did is not None else target.did_not
        assert told is not None, "a target says one of the four"
        did = self._did(events_of(told).picker.selector(self._project.settings.time_zone), end)
        outcomes = np.array([one in did for one in now], bool)
        return Sample(table=table, outcomes=outcomes if target.did is not None else ~outcomes)

    def _members(self, key: str, at: int) -> set[str]:
        with History(self._project.events) as history:
            return history.members_at(self._catalog, key, at)

    def _did(self, selector: Selector, end: int) -> set[str]:
        count = Aggregate("count", selector, "", Rolling(self._within))
        with History(self._project.events) as history:
            rows = history.values(count, end).to_pylist()
        return {row["profile"] for row in rows if row["value"]}


def _among(table: FeatureTable, people: Collection[str], *, inside: bool) -> Rows:
    return np.array([(one in people) == inside for one in table.profiles], bool)


def _artefact(
    project: Project, model: PropensityModel, at: int, frozen: FeatureSet, found: Learned, cutoffs: Cutoffs
) -> Artefact:
    quality = {
        "auc": chances.area_told(found.area),
        "reliability": to_builtins(found.reliability),
        "best_single_feature": {"feature": found.simplest, "auc": chances.area_told(found.simplest_area)},
        "calibration": found.model.calibration.method,
        "learned_from": {"cases": found.learned_from, "positives": found.learned_positives},
        "learned_at": [rfc3339(one) for one in cutoffs.past or (cutoffs.tuning,)],
        "tuned_at": [rfc3339(cutoffs.tuning)],
        "tested_at": [rfc3339(cutoffs.test)],
        "trees": found.rounds,
        "influences": chances.influences_told(found.influences),
    }
    return Artefact(
        kind="propensity", key=model.key, title=model.title, fitted_at=project.wall(), as_of=at,
        since=project.events.extent().first_received_at, people=found.reliability.people, definition=data_of(model),
        feature_set=data_of(frozen), seed=model.seed, parameters={"model": found.model.told()}, quality=quality,
        warnings=tuple(words(found)), valid_until=at + us_of(model.valid_for), coterie=libraries("coterie").get("coterie", ""),
        libraries=libraries("numpy", "scipy", "scikit-learn", "lightgbm"),
    )  # fmt: skip
