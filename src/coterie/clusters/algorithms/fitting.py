"""Fitting by name: one door to every algorithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from coterie.clusters.algorithms import density, gaussian, hierarchical, kmeans, mixed
from coterie.clusters.labels import Algorithm, Clustering, Floats
from coterie.errors import Problem, nearest

ALGORITHMS: dict[str, Algorithm] = {
    "kmeans": kmeans.fit,
    "hierarchical": hierarchical.fit,
    "dbscan": density.fit_dbscan,
    "hdbscan": density.fit_hdbscan,
    "gaussian": gaussian.fit,
    "kprototypes": mixed.fit_prototypes,
    "gower": mixed.fit_gower,
}
COUNTED = ("kmeans", "hierarchical", "gaussian", "kprototypes", "gower")
"""Those that are told k; the others find it."""


def fit(matrix: Floats, algorithm: str, k: int, seed: int = 0, **settings: Any) -> Clustering:
    """Return the clustering of a prepared (n, d) matrix, float64 or float32, by an algorithm's name and its own settings.

    Raises: Problem for an unknown algorithm, a value that is not finite, fewer different rows than ``k``, or a missing library.
    """
    found = ALGORITHMS.get(algorithm)
    if found is None:
        raise Problem(
            "an unknown algorithm", where="algorithm", received=algorithm, allowed=", ".join(ALGORITHMS),
            hint=nearest(algorithm, ALGORITHMS),
        )  # fmt: skip
    check(matrix, k if algorithm in COUNTED else 1)
    return found(matrix, k, seed, **settings)


def check(matrix: Floats, k: int) -> None:
    """Return when the matrix can be clustered into ``k``. Raises: Problem."""
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise Problem(
            "nothing to cluster by", where="matrix", received=f"shape {matrix.shape}", allowed="customers × features"
        )
    if not np.isfinite(matrix).all():
        raise Problem(
            "a feature is not finite", where="matrix", received=f"{int((~np.isfinite(matrix)).any(axis=1).sum())} customers",
            hint="prepare the table: impute missing values, or leave those customers out",
        )  # fmt: skip
    if k < 1:
        raise Problem("clusters are at least one", where="k", received=k, allowed="1 and more")
    different = len(np.unique(matrix[: max(10_000, 100 * k)], axis=0))
    if different < k and (len(matrix) <= max(10_000, 100 * k) or len(np.unique(matrix, axis=0)) < k):
        raise Problem("fewer different customers than clusters", where="k", received=k, allowed=f"at most {different}")
