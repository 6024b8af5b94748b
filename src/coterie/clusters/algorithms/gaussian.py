"""Gaussian mixture: clusters of different size, shape and direction, and how sure one is of each customer."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from coterie.clusters.algorithms.coordinates import RIDGE, evened
from coterie.clusters.algorithms.kmeans import sizes_of
from coterie.clusters.algorithms.lloyd import descend, spread
from coterie.clusters.algorithms.numbering import by_size
from coterie.clusters.assignment import assign
from coterie.clusters.labels import NO_MIXTURE, Clustering, Floats, Ints, Rule
from coterie.clusters.sampling import sample
from coterie.errors import not_installed
from coterie.model import Undetermined

SAMPLE = 50_000
STARTS = 3
ROUNDS = 200
FINE = 12
"""Clusters from which the coordinates of a start are made, at least."""


def fit(
    matrix: Floats, k: int, seed: int = 0, *, covariance: Literal["full", "diag"] = "full", starts: int = STARTS
) -> Clustering:
    """Return the mixture of ``k`` Gaussians of highest likelihood among runs of EM: ``starts`` from k-means, one from k-means
    in coordinates in which fine clusters are round, which finds long and thin components beside one another.

    More than 50,000 rows are fitted on a sample. Everybody is in the component that most probably made them. Components that nobody
    is in are left out. Raises: Problem without scikit-learn. Cost: n · k · d² per round.
    Source: Dempster, Laird and Rubin (1977); McLachlan and Peel (2000), Finite Mixture Models, ch. 3.
    """
    some = sample(matrix, SAMPLE, (seed, 4)).astype(np.float64)
    mixture = mix(some, k, seed, covariance=covariance, starts=starts)
    whitening = mixture.precisions_cholesky_
    width = matrix.shape[1]
    if covariance == "diag":
        full = np.zeros((len(whitening), width, width))
        full[:, np.arange(width), np.arange(width)] = whitening
    else:
        full = np.ascontiguousarray(np.transpose(whitening, (0, 2, 1)))
    return by_density(
        matrix, mixture.means_, full, mixture.weights_, np.full(len(full), np.inf),
        algorithm="gaussian", seed=seed, iterations=int(mixture.n_iter_), converged=bool(mixture.converged_),
        log_likelihood=float(mixture.score(some)),
        settings={"covariance": covariance, "starts": starts, "bic": float(mixture.bic(some))},
    )  # fmt: skip


def mix(matrix: Floats, k: int, seed: int, *, covariance: str, starts: int) -> Any:
    """Return scikit-learn's fitted mixture. Raises: Problem without it."""
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError as error:
        raise not_installed("clustering", "learning") from error
    import warnings

    ridge = RIDGE * float(matrix.var(axis=0).mean())
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        told: dict[str, Any] = {
            "covariance_type": covariance,
            "reg_covar": ridge,
            "max_iter": ROUNDS,
            "random_state": seed,
        }
        usual = GaussianMixture(k, n_init=starts, **told).fit(matrix)
        turned = GaussianMixture(k, **told, **_beginning(matrix, k, seed, covariance)).fit(matrix)
    return turned if turned.lower_bound_ > usual.lower_bound_ else usual


def _beginning(matrix: Floats, k: int, seed: int, covariance: str) -> dict[str, Any]:
    """Return the parameters of the groups that k-means finds where fine clusters are round."""

    def cluster(rows: Floats, wanted: int = max(FINE, 2 * k)) -> Ints:
        begin = spread(rows, min(wanted, len(rows)), np.random.default_rng((seed, 18)))
        labels: Ints = descend(rows, begin, iterations=50, tolerance=1e-3).labels.astype(np.int64)
        return labels

    even = evened(matrix, cluster)
    rngs = np.random.default_rng((seed, 19, k)).spawn(5)
    ends = [descend(even, spread(even, k, rng), iterations=100, tolerance=1e-4) for rng in rngs]
    labels = min(ends, key=lambda end: end.inertia).labels.astype(np.int64)
    if np.bincount(labels, minlength=k).min() == 0:
        return {}
    centres, whitening, weights = shapes(matrix, labels, k)
    precisions = np.einsum("kij,kil->kjl", whitening, whitening)
    narrow = 1 / np.array([np.diagonal(np.linalg.inv(each)) for each in precisions])
    return {
        "means_init": centres,
        "weights_init": weights,
        "precisions_init": precisions if covariance == "full" else narrow,
    }


def by_density(
    matrix: Floats, centres: Floats, whitening: Floats, weights: Floats, reach: Floats, *,
    algorithm: str, seed: int, settings: dict[str, float | int | str], iterations: int = 0, converged: bool = True,
    log_likelihood: float | Undetermined = NO_MIXTURE,
) -> Clustering:  # fmt: skip
    """Return the clustering of everybody by the density of Gaussians, numbered by size."""
    scales = np.ones(matrix.shape[1])

    def rule(order: Ints) -> Rule:
        kept = (np.ascontiguousarray(each[order]) for each in (centres, reach, weights, whitening))
        ordered = dict(zip(("centres", "reach", "weights", "whitening"), kept, strict=True))
        return Rule(metric="gaussian", scales=scales, **ordered)

    labels, _ = assign(matrix, rule(np.arange(len(centres))))
    order, labels = by_size(labels, centres)
    final = rule(order)
    labels, distances = assign(matrix, final)
    inside = labels >= 0
    return Clustering(
        algorithm=algorithm, k=len(order), labels=labels, sizes=sizes_of(labels, len(order)), rule=final,
        inertia=float((distances[inside] ** 2).sum()), seed=seed, iterations=iterations, converged=converged, settings=settings,
        log_likelihood=log_likelihood,
    )  # fmt: skip


def shapes(matrix: Floats, labels: Ints, k: int) -> tuple[Floats, Floats, Floats]:
    """Return (centres (k, d), whitening (k, d, d), weights (k,)) of the members of each cluster, covariances drawn to the common one.

    Small clusters borrow: with m members the own covariance weighs m / (m + d + 2).
    """
    width = matrix.shape[1]
    members = [matrix[labels == cluster].astype(np.float64) for cluster in range(k)]
    centres = np.array([each.mean(axis=0) for each in members])
    spreads = [(each - centre).T @ (each - centre) for each, centre in zip(members, centres, strict=True)]
    total = sum(len(each) for each in members)
    common = sum(spreads, np.zeros((width, width))) / total
    floor = np.eye(width) * (RIDGE * max(float(np.trace(common)) / width, 1e-12))
    whitening = np.empty((k, width, width))
    for cluster, (each, own) in enumerate(zip(members, spreads, strict=True)):
        share = len(each) / (len(each) + width + 2)
        covariance = share * own / len(each) + (1 - share) * common + floor
        whitening[cluster] = np.linalg.inv(np.linalg.cholesky(covariance))
    return centres, np.tril(whitening), np.array([len(each) / total for each in members])
