"""A clustering as the artefact that is kept: everything but who is where, its figures, and what somebody who uses it has to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from coterie.clusters.assignment import assign
from coterie.clusters.choice import Choice
from coterie.clusters.explanation.facts import Explanation
from coterie.clusters.fitted import FittedClusters
from coterie.clusters.identity import Matching
from coterie.clusters.labels import Floats
from coterie.engine.learning.finding import Clustered
from coterie.engine.learning.models import libraries
from coterie.engine.learning.telling import plain
from coterie.engine.project import Project
from coterie.features.preparation import Preparation
from coterie.learned.artefact import Artefact
from coterie.learned.definition import ClustersModel
from coterie.monitoring.drift.validity import Fitted as Distances
from coterie.segments.durations import us_of
from coterie.segments.parse.written import data_of

if TYPE_CHECKING:
    from coterie.features.definition import FeatureSet


class Learned(Struct, frozen=True, kw_only=True):
    """What a fit found, ready to be kept. ``matrix`` (n, d) are the people it was fitted on; ``retired`` keys no cluster has again."""

    feature_set: FeatureSet
    preparation: Preparation
    matrix: Floats
    fitted: FittedClusters
    clustered: Clustered
    explanation: Explanation
    matching: Matching | None
    retired: tuple[str, ...]


def artefact_of(project: Project, model: ClustersModel, at: int, learned: Learned) -> Artefact:
    """Return the artefact of what was found as of ``at``. It names nobody."""
    found, choice = learned.clustered, learned.clustered.choice
    told = found.clustering.parameters()
    del told["rule"]
    parameters = {
        **learned.fitted.parameters(),
        "clustering": told,
        "explanation": plain(learned.explanation.anonymous()),
        "choice": None if choice is None else choice_told(choice),
        "auto": None if not found.tried else {"words": found.words, "tried": plain(found.tried)},
        "matching": None if learned.matching is None else plain(learned.matching),
        "retired": list(learned.retired),
    }
    return Artefact(
        kind="clusters", key=model.key, title=model.title, fitted_at=project.wall(), as_of=at,
        people=len(learned.matrix), definition=data_of(model), feature_set=data_of(learned.feature_set), seed=model.seed,
        parameters=parameters, quality=_quality(learned), warnings=_warnings(learned),
        valid_until=at + us_of(model.valid_for), coterie=libraries("coterie").get("coterie", ""),
        libraries=libraries("numpy", "scipy", "scikit-learn"),
    )  # fmt: skip


def _quality(learned: Learned) -> dict[str, Any]:
    """Return the figures of a fit; ``distances`` is what a later look at drift compares with."""
    found, clustering = learned.clustered, learned.clustered.clustering
    told: dict[str, Any] = {
        "algorithm": clustering.algorithm, "k": clustering.k, "inertia": clustering.inertia,
        "noise": clustering.noise, "sizes": clustering.sizes.tolist(),
        "distances": plain(Distances.of(assign(learned.matrix, learned.fitted.rule)[1])),
    }  # fmt: skip
    if found.structure is not None:
        told["structure"] = found.structure.verdict
    if found.choice is not None:
        told["recommended"] = found.choice.recommended
    if found.score is not None:
        told |= {name: value for name, value in plain(found.score).items() if name not in told}
    return told


def _warnings(learned: Learned) -> tuple[str, ...]:
    found, clustering = learned.clustered, learned.clustered.clustering
    said = [*learned.preparation.remarks, *found.warnings]
    if not clustering.converged:
        said.append(f"{clustering.algorithm} did not converge after {clustering.iterations} rounds")
    if learned.matching is not None:
        said += said_of(learned.matching, learned.fitted.keys)
    return tuple(dict.fromkeys(said))


def said_of(matching: Matching, keys: Sequence[str]) -> list[str]:
    """Return in words what happened to the clusters of before; ``keys`` are those of the new ones."""
    said = []
    for split in matching.splits:
        parts = [f"{keys[part]} ({share:.0%})" for part, share in zip(split.into, split.shares, strict=True)]
        said.append(f"{split.key} split into {' and '.join(parts)}")
    for merge in matching.merges:
        said.append(f"{' and '.join(merge.keys)} merged into {keys[merge.into]}")
    split_off = {part for split in matching.splits for part in split.into}
    merged = {key for merge in matching.merges for key in merge.keys}
    said += [f"{keys[place]} is new" for place in matching.births if place not in split_off]
    return said + [f"{key} is no more" for key in matching.deaths if key not in merged]


def choice_told(choice: Choice) -> dict[str, Any]:
    """Return a choice as plain data, without the fit."""
    return {name: plain(getattr(choice, name)) for name in choice.__struct_fields__ if name != "clustering"}
