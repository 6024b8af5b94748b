"""Several algorithms and selections of features compared within a time budget: the one whose groups are there, and come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct, structs

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.algorithms import fit
from coterie.clusters.assignment import assign
from coterie.clusters.choice.choosing import choose
from coterie.clusters.choice.quick import QUICK
from coterie.clusters.choice.report import Choice, Estimate, Stability
from coterie.clusters.choice.votes import STABLE, number
from coterie.clusters.labels import Clustering, Floats
from coterie.clusters.sampling import sample
from coterie.clusters.validity.silhouette import silhouettes
from coterie.errors import CoterieError, Problem
from coterie.model import Undetermined

ORDER = ("kmeans", "gaussian", "kprototypes", "hdbscan", "hierarchical", "dbscan", "gower")
"""In which algorithms are tried: those that find most per second first."""
ROWS, DRAWS = 5_000, 6
"""Of how many people, and how often, a density-based clustering is drawn again."""
COVERED = 0.5
"""A clustering that leaves more people than this share in no cluster is not taken."""


class Tried(Struct, frozen=True, kw_only=True):
    """One algorithm on one selection of features, and how it did. ``why`` says why it is not compared, where it is not."""

    algorithm: str
    columns: str
    k: int = 0
    structure: bool = False
    stability: float | Undetermined = Undetermined("not measured")
    silhouette: float | Undetermined = Undetermined("not measured")
    covered: float = 0.0
    """Share of the people who are in a cluster."""
    seconds: float = 0.0
    why: str = ""


class Automatic(Struct, frozen=True, kw_only=True):
    """The best of what was tried: ``columns`` names its selection. ``choice`` is there where its k was chosen."""

    columns: str
    clustering: Clustering
    choice: Choice | None
    tried: tuple[Tried, ...]
    words: str
    warnings: tuple[str, ...]


def automatic(
    matrices: Mapping[str, Floats],
    algorithms: Sequence[str],
    *,
    ks: Sequence[int],
    settings: Callable[[str], dict[str, Any]],
    seed: int,
    budget_s: float,
    clock: Callable[[], float],
    progress: Callable[[str, float], None],
) -> Automatic:
    """Return the best clustering of the prepared ``matrices`` (name → (n, d), the same people) by any of the algorithms.

    Nothing new is begun after ``budget_s`` seconds of ``clock``; the first is always done. Best is, in this order: groups with valleys
    between them; that they come back when customers are drawn again (mean adjusted Rand index of at least 0.8); the silhouette. Silhouettes
    are each of their own selection: a selection of fewer features is not favoured, because stability comes first. What is taken
    depends on the budget only through what was tried, and that is told. Raises: Problem when nothing could be fitted.
    """
    began, tried, best = clock(), list[Tried](), list[tuple[tuple[float, ...], Automatic]]()
    candidates = [(name, algorithm) for algorithm in ORDER if algorithm in algorithms for name in matrices]
    for place, (name, algorithm) in enumerate(candidates):
        if place and clock() - began >= budget_s:
            tried.append(Tried(algorithm=algorithm, columns=name, why="the time budget was spent"))
            continue
        progress(f"trying {algorithm} on {name}", place / len(candidates))
        start = clock()
        try:
            told, found = _try(name, matrices[name], algorithm, ks, settings(algorithm), seed)
        except CoterieError as error:
            tried.append(Tried(algorithm=algorithm, columns=name, why=error.message, seconds=clock() - start))
            continue
        told = structs.replace(told, seconds=clock() - start)
        tried.append(told)
        best.append((_rank(told), found))
    if not best:
        raise Problem(
            "no algorithm found clusters",
            where="auto",
            received="; ".join(f"{one.algorithm}: {one.why}" for one in tried),
        )
    found = max(best, key=lambda one: one[0])[1]
    return structs.replace(found, tried=tuple(tried), words=_words(found, tried))


def _try(
    name: str, matrix: Floats, algorithm: str, ks: Sequence[int], settings: dict[str, Any], seed: int
) -> tuple[Tried, Automatic]:
    if algorithm in QUICK:
        choice = choose(matrix, ks=ks, algorithm=algorithm, seed=seed)
        clustering, score = choice.clustering, choice.at(choice.clustering.k)
        shape = score.silhouette.value if isinstance(score.silhouette, Estimate) else score.silhouette
        stable = score.stability.mean if isinstance(score.stability, Stability) else score.stability
        told = Tried(
            algorithm=algorithm, columns=name, k=clustering.k, structure=choice.structure.verdict == "clusters",
            stability=stable, silhouette=shape, covered=1.0,
        )  # fmt: skip
        return told, Automatic(
            columns=name, clustering=clustering, choice=choice, tried=(), words="", warnings=choice.warnings
        )
    clustering = fit(matrix, algorithm, 0, seed, **settings)
    stable, shape = _again(matrix, clustering, algorithm, settings, seed), _shape(matrix, clustering, seed)
    warnings: tuple[str, ...] = ()
    if isinstance(stable, float) and stable < STABLE:
        warnings = (
            f"the clusters of {algorithm} are not stable: mean adjusted Rand index {stable:.2f}, under {STABLE}",
        )
    told = Tried(
        algorithm=algorithm, columns=name, k=clustering.k, structure=clustering.k > 1, stability=stable, silhouette=shape,
        covered=1.0 - clustering.noise / len(matrix),
    )  # fmt: skip
    return told, Automatic(columns=name, clustering=clustering, choice=None, tried=(), words="", warnings=warnings)


def _again(
    matrix: Floats, clustering: Clustering, algorithm: str, settings: dict[str, Any], seed: int
) -> float | Undetermined:
    """Return how alike the clusterings of people drawn with replacement are, as the stability of a chosen k is."""
    some = np.ascontiguousarray(sample(matrix, ROWS, (seed, 31)), np.float64)
    base, rng = assign(some, clustering.rule)[0], np.random.default_rng((seed, 32))
    alike: list[float] = []
    for _ in range(DRAWS):
        rows = rng.integers(0, len(some), len(some))
        try:
            alike.append(adjusted_rand(base, assign(some, fit(some[rows], algorithm, 0, seed, **settings).rule)[0]))
        except Problem:
            alike.append(0.0)  # no crowd among these: nothing came back
    return float(np.mean(alike))


def _shape(matrix: Floats, clustering: Clustering, seed: int) -> float | Undetermined:
    if clustering.k < 2:
        return Undetermined("there is one cluster")
    some = np.ascontiguousarray(sample(matrix, ROWS, (seed, 33)), np.float64)
    labels = assign(some, clustering.rule)[0]
    if len(set(labels.tolist()) - {-1}) < 2:
        return Undetermined("there is one cluster among these")
    return float(np.nanmean(silhouettes(some * clustering.rule.scales, [labels])[0]))


def _rank(one: Tried) -> tuple[float, ...]:
    stable, shape = number(one.stability), number(one.silhouette)
    return (
        float(one.covered >= COVERED), float(one.structure), float(stable is not None and stable >= STABLE),
        -1.0 if shape is None else shape, -1.0 if stable is None else stable,
    )  # fmt: skip


def _words(found: Automatic, tried: Sequence[Tried]) -> str:
    done = [one for one in tried if not one.why]
    left = [one for one in tried if one.why == "the time budget was spent"]
    on = f" on {found.columns}" if len({one.columns for one in tried}) > 1 else ""
    text = f"{found.clustering.algorithm}{on} with {found.clustering.k} clusters is the best of {len(done)} that were tried"
    text += f"; {len(left)} were not, the time was spent." if left else "."
    return text if found.choice is None else f"{text} {found.choice.words}"
