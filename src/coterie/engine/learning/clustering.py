"""Clusters of a project's customers: features measured, prepared, clustered, explained, named as before, and kept as an artefact."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from msgspec import Struct, structs

from coterie.clusters.choice import Choice
from coterie.clusters.explanation.facts import Explanation
from coterie.clusters.fitted import FittedClusters, Group
from coterie.clusters.identity import Matching, match_clusters, side_of
from coterie.clusters.labels import Clustering, Floats, Ints
from coterie.clusters.naming import key_of
from coterie.engine import definitions
from coterie.engine.learning.artefacts import Learned, artefact_of
from coterie.engine.learning.finding import Clustered, clustered, compared, ks_of
from coterie.engine.learning.models import models_of
from coterie.engine.learning.tables import Built, build, feature_set_of
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.privacy.stages import suppression_of
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem
from coterie.features.parse import parse
from coterie.features.preparation import Preparation
from coterie.features.table import FeatureTable, Rows
from coterie.learned.artefact import Artefact
from coterie.learned.definition import WITHOUT_K, ClustersModel
from coterie.learned.parse import definition_of

if TYPE_CHECKING:
    from coterie.features.definition import FeatureSet

PEOPLE_MIN = 10
"""With fewer customers nothing is clustered."""
WORTH = "monetary"
"""The feature that says what somebody brought in, where the model names none and the set has one of this name."""


class Ready(Struct, frozen=True, kw_only=True):
    """Customers as an algorithm sees them: ``table`` of everybody measured, ``inside`` (n,) who is fitted on, their ``matrix``."""

    table: FeatureTable
    feature_set: FeatureSet
    preparation: Preparation
    inside: Rows
    matrix: Floats


class Found(Struct, frozen=True, kw_only=True):
    """A fit that is not kept yet. ``labels`` and ``distances`` (n,) are of everybody in ``ready.table``, by the rule."""

    artefact: Artefact
    ready: Ready
    clustering: Clustering
    explanation: Explanation
    choice: Choice | None
    matching: Matching | None
    labels: Ints
    distances: Floats

    @property
    def fitted(self) -> FittedClusters:
        return FittedClusters.read(self.artefact.parameters)


# ── from the log to a matrix ─────────────────────────────────────────────────────────────────────────────────


def prepared(project: Project, model: ClustersModel, at: int, told: Told = quiet) -> Ready:
    """Return the customers of a model as of ``at``, prepared. Raises: NotFound, Problem with too few of them."""
    built = _measured(project, model, at, told)
    return _prepared(built, model, model.columns)


def _measured(project: Project, model: ClustersModel, at: int, told: Told) -> Built:
    told("measuring features", 0.0)
    asked = feature_set_of(project, model.features)
    asked = structs.replace(asked, time_zone=asked.time_zone or project.settings.time_zone)
    built = build(project, asked, at, population=model.population)
    told(f"preparing {len(built.table):,} customers", 0.1)
    _enough(len(built.table))
    return built


def _prepared(built: Built, model: ClustersModel, columns: tuple[str, ...] | None) -> Ready:
    from coterie.features.preparation import fit

    preparation = fit(built.table, model.prepare, model.seed, columns)
    inside = preparation.inside(built.table)
    matrix = preparation.apply(built.table)[inside]
    _enough(len(matrix))
    return Ready(
        table=built.table, feature_set=built.feature_set, preparation=preparation, inside=inside, matrix=matrix
    )


def _enough(people: int) -> None:
    if people < PEOPLE_MIN:
        raise Problem(
            "too few customers to look for clusters", received=people, allowed=f"at least {PEOPLE_MIN}",
            hint="is there a log, and does the population have members as of this instant?",
        )  # fmt: skip


# ── the fit ──────────────────────────────────────────────────────────────────────────────────────────────────


def choose(project: Project, model: ClustersModel, at: int, told: Told = quiet) -> tuple[Ready, Choice]:
    """Return the customers and every criterion for every k of the model's range, with a recommendation. Nothing is kept."""
    from coterie.clusters.choice import choose as chosen

    ready = prepared(project, model, at, told)
    algorithm = "kmeans" if model.algorithm in ("auto", *WITHOUT_K) else model.algorithm
    found = chosen(
        ready.matrix, ks=ks_of(model, len(ready.matrix)), algorithm=algorithm, seed=model.seed,
        progress=lambda doing, share: told(doing, 0.15 + 0.85 * share),
    )  # fmt: skip
    return ready, found


def fit(
    project: Project, model: ClustersModel, at: int, told: Told = quiet, clock: Callable[[], float] = time.monotonic
) -> Found:
    """Return the model fitted on what had arrived by ``at``; it is neither saved nor published. See ``keep``.

    Clusters that go on from those of the published version (else of the newest one) keep their keys and titles; what split, merged, was
    born and died is in ``matching``. The same data and seed give the same fit. Raises: NotFound, Problem.
    """

    def progress(doing: str, share: float) -> None:
        told(doing, 0.15 + 0.7 * share)

    if model.algorithm != "auto":
        ready = prepared(project, model, at, told)
        return described(project, model, at, ready, clustered(model, ready.matrix, progress), told)
    built = _measured(project, model, at, told)
    told_of = model.auto.columns if model.auto is not None else None
    wanted: Mapping[str, tuple[str, ...] | None] = told_of or {"all features": model.columns}
    tried = {name: _prepared(built, model, columns) for name, columns in wanted.items()}
    coded = any(one.preparation.categories for one in tried.values())
    name, found = compared(model, {key: one.matrix for key, one in tried.items()}, coded, progress, clock)
    return described(project, model, at, tried[name], found, told)


def described(
    project: Project, model: ClustersModel, at: int, ready: Ready, found: Clustered, told: Told = quiet
) -> Found:
    """Return a clustering explained, with keys for ever, as an artefact that is not saved yet."""
    from coterie.clusters.explanation.conversion import columns_of
    from coterie.clusters.explanation.explain import explain_clusters

    told("explaining", 0.85)
    clustering = found.clustering
    people = ready.table.only(ready.inside)
    seen = tuple(column for column in people.columns if column.name in ready.preparation.columns)
    table = structs.replace(people, columns=seen)
    writable = columns_of(ready.feature_set, definitions.context(project))
    explanation = explain_clusters(
        table, ready.matrix, clustering, _worth(model, people),
        rule_columns=[name for name in table.names if name in writable], seed=model.seed,
    )  # fmt: skip
    told("matching with the clusters of before", 0.95)
    before = previous(project, model.key)
    matching = _matched(project, before, ready, clustering, at) if before is not None else None
    groups, retired = _named(model, before, matching, explanation)
    fitted = FittedClusters(preparation=ready.preparation, rule=clustering.rule, groups=groups)
    labels, distances = fitted.assign_table(ready.table)
    learned = Learned(
        preparation=ready.preparation, feature_set=ready.feature_set, matrix=ready.matrix, fitted=fitted, clustered=found,
        explanation=explanation, matching=matching, retired=retired,
    )  # fmt: skip
    return Found(
        artefact=artefact_of(project, model, at, learned), ready=ready, clustering=clustering, explanation=explanation,
        choice=found.choice, matching=matching,
        labels=labels, distances=distances,
    )  # fmt: skip


def _worth(model: ClustersModel, table: FeatureTable) -> Floats | None:
    name = model.worth or (WORTH if WORTH in table.names else None)
    return None if name is None else np.asarray(table.numbers([name])[:, 0])


# ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────


def previous(project: Project, key: str) -> Artefact | None:
    """Return the version whose clusters the next fit goes on from: the published one, else the newest; nothing before the first."""
    store = models_of(project)
    try:
        return store.load("clusters", key, store.published_version("clusters", key))
    except NotFound:
        return None


def labels_by(project: Project, artefact: Artefact, people: FeatureTable, at: int) -> Ints:
    """Return where a kept model says that the people of a table are as of ``at``, (n,): −1 for none, and for those it does not know."""
    fitted, model = FittedClusters.read(artefact.parameters), definition_of(artefact)
    assert isinstance(model, ClustersModel)
    table = build(project, parse(artefact.feature_set), at, population=model.population).table
    labels, _ = fitted.assign_table(table)
    places = (
        np.searchsorted(table.profiles.astype(str), people.profiles.astype(str))
        if len(table)
        else np.zeros(len(people), int)
    )
    places = np.minimum(places, max(len(table) - 1, 0))
    known = table.profiles[places] == people.profiles if len(table) else np.zeros(len(people), bool)
    return np.where(known, labels[places], -1) if len(table) else np.full(len(people), -1, np.int64)


def _matched(project: Project, before: Artefact, ready: Ready, clustering: Clustering, at: int) -> Matching:
    fitted = FittedClusters.read(before.parameters)
    people = ready.table.only(ready.inside)
    old = labels_by(project, before, people, at)
    numbers = [str(place) for place in range(clustering.k)]
    return match_clusters(side_of(fitted.keys, old, ready.matrix), side_of(numbers, clustering.labels, ready.matrix))


def _named(
    model: ClustersModel, before: Artefact | None, matching: Matching | None, explanation: Explanation
) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Return the clusters with their keys and titles, and the keys that no cluster may ever have again."""
    old = {} if before is None else {one.key: one for one in FittedClusters.read(before.parameters).groups}
    retired = set() if before is None else set(before.parameters.get("retired", ()))
    taken = {*old, *retired}
    assigned = matching.assigned if matching is not None else (None,) * len(explanation.clusters)
    groups: list[Group] = []
    for one, kept in zip(explanation.clusters, assigned, strict=True):
        key = kept if kept is not None else key_of(one.name, taken)
        taken.add(key)
        title = (model.names or {}).get(key) or (old[key].title if key in old else one.name)
        groups.append(Group(key=key, title=title, size=one.size))
    return tuple(groups), tuple(sorted((retired | old.keys()) - {group.key for group in groups}))


# ── kept ─────────────────────────────────────────────────────────────────────────────────────────────────────


def keep(project: Project, found: Found, by: str = "") -> Artefact:
    """Return the artefact as it is kept, with its version; who was where is beside it, where an erasure finds it."""
    people, suppression = assignments_of(found), suppression_of(project)
    if suppression is not None:  # who was erased while the fit went on
        stay = [not suppression.bars_fact(one, {}) for one in people["profile"].to_pylist()]
        people = people.filter(pa.array(stay, pa.bool_()))
    return models_of(project).save(found.artefact, people, by=by)


def assignments_of(found: Found) -> pa.Table:
    """Return (profile, cluster key or null, distance, role) of everybody measured; typical and border members say so."""
    keys = [*found.fitted.keys, None]
    roles = {one.profile: "typical" for each in found.explanation.clusters for one in each.typical}
    roles |= {
        one.profile: "border" for each in found.explanation.clusters for one in each.border if one.profile not in roles
    }
    distances = np.where(np.isfinite(found.distances), found.distances, np.nan)
    return pa.table(
        {
            "profile": pa.array(found.ready.table.profiles, pa.string()),
            "cluster": pa.array([keys[label] for label in found.labels.tolist()], pa.string()),
            "distance": pa.array(distances, from_pandas=True),
            "role": pa.array([roles.get(one) for one in found.ready.table.profiles], pa.string()),
        }
    )
