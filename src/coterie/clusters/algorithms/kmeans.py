"""k-means: the fastest, and the one whose clusters are easiest to say: everybody is with the nearest of k averages."""

from __future__ import annotations

import numpy as np

from coterie.clusters.algorithms.lloyd import descend
from coterie.clusters.algorithms.numbering import by_size
from coterie.clusters.assignment import assign
from coterie.clusters.labels import Clustering, Floats, Ints, Rule
from coterie.clusters.sampling import sample
from coterie.errors import not_installed

STARTS = 10
ITERATIONS = 300
SAMPLE = 30_000
"""Rows that several starts are tried on; the best one is refined on all."""
TOLERANCE = 1e-4
"""Squared moves of the centres, as a share of the mean variance, that end the refinement (scikit-learn's own bound)."""


def fit(matrix: Floats, k: int, seed: int = 0, *, starts: int = STARTS) -> Clustering:
    """Return the best of ``starts`` k-means clusterings of the rows, (n, d) float32 or float64.

    Up to 30,000 rows this is scikit-learn's ``KMeans`` with k-means++ on one thread. Of more rows a sample is clustered so, and the
    best start is refined on all by Lloyd's steps in a fixed order. The same rows and seed give the same bits, however many
    processors there are. Cost: 1 million × 20 with k = 8 takes about a second on two cores. Raises: Problem without scikit-learn.
    Source: Lloyd (1982), Least squares quantization in PCM; Arthur and Vassilvitskii (2007), k-means++.
    """
    matrix = np.ascontiguousarray(matrix)
    centres, iterations = best_start(sample(matrix, SAMPLE, (seed, 1)), k, seed, starts=starts)
    converged = iterations < ITERATIONS
    if len(matrix) > SAMPLE:
        found = descend(matrix, centres, iterations=ITERATIONS, tolerance=TOLERANCE)
        centres, iterations, converged = found.centres, found.iterations, found.converged
    return around(
        matrix, centres, algorithm="kmeans", seed=seed, iterations=iterations, converged=converged, starts=starts
    )


def best_start(matrix: Floats, k: int, seed: int, *, starts: int = STARTS) -> tuple[Floats, int]:
    """Return (centres (k, d) float64, iterations) of the best of ``starts`` runs of scikit-learn on one thread."""
    try:
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError as error:
        raise not_installed("clustering", "learning") from error
    with threadpool_limits(1):
        model = KMeans(k, n_init=starts, max_iter=ITERATIONS, tol=TOLERANCE, random_state=seed, copy_x=False).fit(
            matrix.copy()
        )
    return model.cluster_centers_.astype(np.float64), int(model.n_iter_)


def around(
    matrix: Floats, centres: Floats, *, algorithm: str, seed: int, iterations: int = 0, converged: bool = True, **settings: float | int | str
) -> Clustering:  # fmt: skip
    """Return the clustering of everybody with the nearest of ``centres``; centres that nobody is nearest to are left out."""
    rule = Rule(centres=centres, scales=np.ones(matrix.shape[1]), reach=np.full(len(centres), np.inf))
    labels, distances = assign(matrix, rule)
    order, labels = by_size(labels, centres)
    rule = Rule(centres=np.ascontiguousarray(centres[order]), scales=rule.scales, reach=rule.reach[order])
    return Clustering(
        algorithm=algorithm, k=len(order), labels=labels, sizes=sizes_of(labels, len(order)), rule=rule,
        inertia=float((distances**2).sum()), seed=seed, iterations=iterations, converged=converged, settings=dict(settings),
    )  # fmt: skip


def sizes_of(labels: Ints, k: int) -> Ints:
    """Return how many are in each of k clusters, (k,)."""
    return np.bincount(labels[labels >= 0], minlength=k).astype(np.int64)
