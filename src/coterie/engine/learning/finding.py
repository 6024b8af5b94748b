"""The clustering that a model asks for: its own number of clusters judged, or the number chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from coterie.clusters.choice import Choice, Score, Structure
from coterie.clusters.choice.automatic import Automatic, Tried, automatic
from coterie.clusters.labels import Clustering, Floats
from coterie.engine.learning.telling import Told
from coterie.learned.definition import WITHOUT_K, Auto, ClustersModel
from coterie.limits import SECOND_US
from coterie.segments.durations import us_of

STARTS, COVARIANCE = 10, "full"
"""What the choice of k fits with."""


JUDGED_FROM = 4
"""Customers per cluster that are needed to draw from."""


class Clustered(Struct, frozen=True, kw_only=True):
    """A clustering and what is known of it. ``choice`` is there where k was chosen, ``score`` and ``structure`` where it was judged."""

    clustering: Clustering
    choice: Choice | None = None
    score: Score | None = None
    structure: Structure | None = None
    warnings: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    """What was compared, where the model left the algorithm open."""
    words: str = ""
    """What was compared and chosen, in words."""


def clustered(model: ClustersModel, matrix: Floats, told: Told) -> Clustered:
    """Return the clustering of a prepared (n, d) matrix. Raises: Problem.

    A number of clusters that somebody wrote is taken as it is, but judged: one that does not come back when customers are drawn
    again, or that cuts a continuum, gets its warning.
    """
    from coterie.clusters.algorithms import fit
    from coterie.clusters.choice import choose

    if model.algorithm in WITHOUT_K:
        told(f"fitting {model.algorithm} on {len(matrix):,} customers", 0.0)
        found = fit(matrix, model.algorithm, 0, model.seed, **settings_of(model))
        return Clustered(clustering=found, warnings=_agreeing(found))
    if isinstance(model.k, int):
        return _judged(model, matrix, model.k, told)
    choice = choose(matrix, ks=ks_of(model, len(matrix)), algorithm=model.algorithm, seed=model.seed, progress=told)
    return _chosen(choice)


def _chosen(choice: Choice) -> Clustered:
    return Clustered(
        clustering=choice.clustering, choice=choice, score=choice.at(choice.clustering.k), structure=choice.structure,
        warnings=choice.warnings + _agreeing(choice.clustering), words=choice.words,
    )  # fmt: skip


def compared(
    model: ClustersModel, matrices: Mapping[str, Floats], coded: bool, told: Told, clock: Callable[[], float]
) -> tuple[str, Clustered]:
    """Return (the selection of features, the clustering) that ``algorithm: auto`` takes of the prepared ``matrices``.

    ``coded``: whether some feature is a category. Raises: Problem when nothing could be fitted.
    """
    auto = model.auto or Auto()
    usual = ("kmeans", "gaussian", "hdbscan", "hierarchical", *(("kprototypes",) if coded else ()))
    found = automatic(
        matrices, auto.algorithms or usual, ks=ks_of(model, min(map(len, matrices.values()))),
        settings=lambda algorithm: settings_of(structs.replace(model, algorithm=algorithm)), seed=model.seed,
        budget_s=us_of(auto.within) / SECOND_US, clock=clock, progress=told,
    )  # fmt: skip
    return found.columns, _taken(found)


def _taken(found: Automatic) -> Clustered:
    if found.choice is not None:
        return structs.replace(_chosen(found.choice), tried=found.tried, words=found.words)
    warnings = found.warnings + _agreeing(found.clustering)
    return Clustered(clustering=found.clustering, warnings=warnings, tried=found.tried, words=found.words)


def ks_of(model: ClustersModel, people: int) -> range:
    """Return the numbers of clusters that are tried, as many of the model's range as ``people`` allow."""
    low, high = model.k_range
    return range(low, max(min(high, people // 4), low) + 1)


def _judged(model: ClustersModel, matrix: Floats, k: int, told: Told) -> Clustered:
    """Return the clustering into the written number, judged where there are enough customers to draw from."""
    from coterie.clusters.algorithms import fit
    from coterie.clusters.choice import choose
    from coterie.clusters.choice.words import warn

    usual = model.starts == STARTS and model.covariance == COVARIANCE
    if k < 2 or len(matrix) < JUDGED_FROM * k:
        told(f"fitting {k} clusters", 0.0)
        found = fit(matrix, model.algorithm, k, model.seed, **settings_of(model))
        return Clustered(clustering=found, warnings=_unjudged(k, len(matrix)) + _agreeing(found))
    choice = choose(matrix, ks=(k,), algorithm=model.algorithm, seed=model.seed, progress=told)
    found = choice.clustering if usual else fit(matrix, model.algorithm, k, model.seed, **settings_of(model))
    score = choice.at(k)
    said = warn(choice.structure, k, choice.recommended, None, (k,), score, len(matrix))
    return Clustered(clustering=found, score=score, structure=choice.structure, warnings=said + _agreeing(found))


def _unjudged(k: int, people: int) -> tuple[str, ...]:
    """Return a warning where too few customers share the clusters to know whether these come back."""
    if k < 2:
        return ()
    return (
        f"{k} clusters of {people:,} customers are too few people each to judge: whether they come back is not known",
    )


def _agreeing(found: Clustering) -> tuple[str, ...]:
    """Return a warning where the rule that is published says something else than the algorithm did."""
    kept = found.settings.get("kept", 1.0)
    if not isinstance(kept, float) or kept >= 0.9:
        return ()
    return (
        f"the rule that assigns people agrees with what {found.algorithm} found only to {kept:.2f} (adjusted Rand index)",
    )


def settings_of(model: ClustersModel) -> dict[str, Any]:
    """Return what the model tells its algorithm beside k."""
    found: dict[str, Any] = {}
    if model.algorithm == "dbscan":
        found = {"eps": model.eps, "neighbours": model.min_samples}
    elif model.algorithm == "hdbscan":
        found = {"min_people": model.min_cluster_size, "neighbours": model.min_samples}
    elif model.algorithm == "gaussian":
        found = {"covariance": model.covariance, "starts": model.starts}
    elif model.algorithm in ("kmeans", "kprototypes"):
        found = {"starts": model.starts}
    return {name: value for name, value in found.items() if value is not None}
