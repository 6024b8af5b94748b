"""Clusters by density: crowds of any shape, however many there are, and those who belong to none."""

from __future__ import annotations

import numpy as np

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.algorithms.gaussian import by_density, shapes
from coterie.clusters.assignment import assign
from coterie.clusters.labels import Clustering, Floats, Ints, Rule
from coterie.clusters.sampling import some_rows
from coterie.errors import Problem, not_installed

DBSCAN_ROWS_MAX = 20_000
HDBSCAN_ROWS_MAX = 100_000
NEIGHBOURS = 10
SHARE_MIN = 0.01
"""Share of the customers that a crowd must have, unless told otherwise."""
REACH = 0.99
"""Share of a cluster's own members that its reach takes in."""


def fit_hdbscan(
    matrix: Floats, k: int = 0, seed: int = 0, *, min_people: int = 0, neighbours: int = NEIGHBOURS
) -> Clustering:
    """Return the crowds that last longest while density falls, and nobody else: HDBSCAN finds their number, ``k`` is not used.

    More than 100,000 rows are fitted on a sample. ``min_people`` (of the rows fitted): 1 % unless told. Afterwards each crowd is
    described by a Gaussian with a reach that takes in 99 % of its members; this rule is what assigns everybody, and
    ``settings["kept"]`` is its adjusted Rand index with the crowds. Raises: Problem without fast-hdbscan, or when there is no crowd.
    Source: Campello, Moulavi and Sander (2013), Density-based clustering based on hierarchical density estimates.
    """
    try:
        from fast_hdbscan import HDBSCAN
    except ModuleNotFoundError as error:
        raise not_installed("HDBSCAN", "density") from error
    rows = some_rows(len(matrix), HDBSCAN_ROWS_MAX, (seed, 5))
    some = np.ascontiguousarray(matrix[rows], np.float64)
    wanted = min_people or max(NEIGHBOURS, round(SHARE_MIN * len(some)))
    model = HDBSCAN(min_cluster_size=wanted, min_samples=min(neighbours, len(some) - 1), reproducible=True).fit(some)
    told: dict[str, float | int | str] = {"min_people": wanted, "neighbours": neighbours}
    return _described(matrix, some, np.asarray(model.labels_, np.int64), "hdbscan", seed, told)


def fit_dbscan(
    matrix: Floats, k: int = 0, seed: int = 0, *, eps: float = 0.0, neighbours: int = NEIGHBOURS
) -> Clustering:
    """Return the crowds in which everybody has ``neighbours`` within ``eps``, and those at their edge; ``k`` is not used.

    ``eps`` is where the sorted distances to the ``neighbours``-th neighbour bend, unless told. More than 20,000 rows are fitted on a
    sample. Described and assigned as HDBSCAN's. Raises: Problem without scikit-learn, or when there is no crowd.
    Source: Ester, Kriegel, Sander and Xu (1996), A density-based algorithm for discovering clusters, §4.2 for ``eps``.
    """
    try:
        from sklearn.cluster import DBSCAN
        from sklearn.neighbors import NearestNeighbors
    except ModuleNotFoundError as error:
        raise not_installed("DBSCAN", "learning") from error
    rows = some_rows(len(matrix), DBSCAN_ROWS_MAX, (seed, 6))
    some = np.ascontiguousarray(matrix[rows], np.float64)
    if not eps:
        far = NearestNeighbors(n_neighbors=min(neighbours, len(some) - 1)).fit(some).kneighbors()[0][:, -1]
        eps = _bend(np.sort(far))
    model = DBSCAN(eps=eps, min_samples=neighbours + 1).fit(some)
    labels = np.asarray(model.labels_, np.int64)
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    labels = np.where((labels >= 0) & (sizes[labels] >= max(NEIGHBOURS, round(SHARE_MIN * len(some)))), labels, -1)
    return _described(matrix, some, labels, "dbscan", seed, {"eps": eps, "neighbours": neighbours})


def _bend(rising: Floats) -> float:
    """Return the value where a rising curve lies farthest under the line from its first to its last point (never 0)."""
    height = rising[-1] - rising[0]
    if not height:
        return float(rising[-1]) or 1.0
    under = np.linspace(0, 1, len(rising)) - (rising - rising[0]) / height
    return float(rising[int(under.argmax())]) or float(rising[rising > 0][0])


def _described(
    matrix: Floats, some: Floats, crowds: Ints, algorithm: str, seed: int, told: dict[str, float | int | str]
) -> Clustering:
    names, numbered = np.unique(crowds[crowds >= 0], return_inverse=True)
    if not len(names):
        raise Problem(
            "nobody is in a crowd: the density is even", where=algorithm, received=told,
            hint="a smaller min_people, or kmeans for parts of a continuum",
        )  # fmt: skip
    labels = crowds.copy()
    labels[crowds >= 0] = numbered
    centres, whitening, weights = shapes(some, labels, len(names))
    free = np.full(len(names), np.inf)
    plain = Rule(
        metric="gaussian",
        centres=centres,
        scales=np.ones(some.shape[1]),
        reach=free,
        weights=weights,
        whitening=whitening,
    )
    reach = np.empty(len(names))
    for cluster in range(len(names)):
        reach[cluster] = float(np.quantile(assign(some[labels == cluster], plain.only(cluster))[1], REACH))
    found = by_density(matrix, centres, whitening, weights, reach, algorithm=algorithm, seed=seed, settings=dict(told))
    mine, _ = assign(some, found.rule)
    found.settings["kept"] = round(adjusted_rand(crowds, mine), 6)
    found.settings["noise"] = round(float((crowds < 0).mean()), 6)
    return found
