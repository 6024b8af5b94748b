"""Two versions of a clustering side by side, on the same customers as of the same instant."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.fitted import FittedClusters
from coterie.clusters.identity import match_clusters, side_of
from coterie.clusters.labels import Floats, Ints
from coterie.engine.learning.artefacts import said_of
from coterie.engine.learning.clustering import labels_by
from coterie.engine.learning.models import models_of
from coterie.engine.learning.tables import build
from coterie.engine.project import Project
from coterie.errors import Conflict
from coterie.features.parse import parse
from coterie.learned.artefact import Artefact
from coterie.learned.definition import ClustersModel
from coterie.learned.parse import definition_of
from coterie.model import Undetermined
from coterie.monitoring.drift.migration import ABSENT, Migration, migration


class VersionFigures(Struct, frozen=True, kw_only=True):
    """One side: people per cluster (``""``: none). ``spread`` is the mean squared distance to the mean of the own cluster, on both
    sides in the prepared features of the new version: the lower, the tighter."""

    version: int
    as_of: int
    sizes: dict[str, int]
    titles: dict[str, str]
    spread: float | Undetermined


class Compared(Struct, frozen=True, kw_only=True):
    """What changes for ``people`` customers as of ``at`` when ``new`` takes the place of ``old``.

    ``agreement`` is the adjusted Rand index of the two partitions (1: the same groups, whatever they are called), ``stayed`` the share
    of people, of those in a cluster on both sides, whose cluster has the same key. ``words`` say splits, merges, births and deaths.
    """

    key: str
    at: int
    people: int
    old: VersionFigures
    new: VersionFigures
    agreement: float | Undetermined
    stayed: float | Undetermined
    moves: Migration
    words: tuple[str, ...]


def compare(project: Project, key: str, old: int | None, new: int | None, at: int) -> Compared:
    """Return two versions compared: ``old`` is the published one when not said, else the one before the newest; ``new`` the newest.

    Raises: NotFound, Conflict when there is only one version. Cost: two scans of the log.
    """
    store = models_of(project)
    after = store.load("clusters", key, new)
    before = store.load(
        "clusters",
        key,
        _old(store.versions("clusters", key), store.published_version("clusters", key), old, after.version),
    )
    table = build(project, parse(after.feature_set), at, population=_model(after).population).table
    left, right = FittedClusters.read(before.parameters), FittedClusters.read(after.parameters)
    then, now = labels_by(project, before, table, at), labels_by(project, after, table, at)
    prepared = right.preparation.apply(table)
    inside = np.isfinite(prepared).all(axis=1)
    matching = match_clusters(
        side_of(left.keys, then[inside], prepared[inside]), side_of(right.keys, now[inside], prepared[inside])
    )
    moves = migration(
        _named(table.profiles.tolist(), then, left.keys), _named(table.profiles.tolist(), now, right.keys)
    )
    return Compared(
        key=key, at=at, people=len(table), old=_figures(before, left, then, _spread(then[inside], prepared[inside])),
        new=_figures(after, right, now, _spread(now[inside], prepared[inside])),
        agreement=_agreement(then, now), stayed=moves.stayed(), moves=moves,
        words=tuple(said_of(matching, right.keys)),
    )  # fmt: skip


def _old(versions: list[int], published: int | None, old: int | None, new: int) -> int:
    if old is not None:
        return old
    if published is not None and published != new:
        return published
    earlier = [version for version in versions if version < new]
    if not earlier:
        raise Conflict("there is one version only: nothing to compare it with", hint="fit again: coterie cluster fit")
    return earlier[-1]


def _model(artefact: Artefact) -> ClustersModel:
    model = definition_of(artefact)
    assert isinstance(model, ClustersModel)  # the store keeps kinds apart
    return model


def _named(profiles: list[str], labels: Ints, keys: tuple[str, ...]) -> dict[str, str]:
    names = [*keys, ABSENT]
    return {who: names[label] for who, label in zip(profiles, labels.tolist(), strict=True)}


def _figures(artefact: Artefact, fitted: FittedClusters, labels: Ints, spread: float | Undetermined) -> VersionFigures:
    names = [*fitted.keys, ABSENT]
    counts = np.bincount(np.where(labels < 0, len(fitted.keys), labels), minlength=len(names))
    return VersionFigures(
        version=artefact.version, as_of=artefact.as_of,
        sizes={name: int(count) for name, count in zip(names, counts, strict=True) if name or count},
        titles={group.key: group.title for group in fitted.groups}, spread=spread,
    )  # fmt: skip


def _spread(labels: Ints, prepared: Floats) -> float | Undetermined:
    squares, people = 0.0, 0
    for label in np.unique(labels[labels >= 0]).tolist():
        members = prepared[labels == label]
        squares += float(((members - members.mean(axis=0)) ** 2).sum())
        people += len(members)
    return squares / people if people else Undetermined("nobody is in a cluster")


def _agreement(one: Ints, other: Ints) -> float | Undetermined:
    both = (one >= 0) & (other >= 0)
    return adjusted_rand(one[both], other[both]) if both.any() else Undetermined("nobody is in a cluster on both sides")
