"""Numbers of clusters: the same clustering is numbered alike, however a fit came upon it."""

from __future__ import annotations

import numpy as np

from coterie.clusters.labels import NOISE, Floats, Ints


def by_size(labels: Ints, centres: Floats) -> tuple[Ints, Ints]:
    """Return (order (m,) of those of the k clusters that have members, the labels (n,) renumbered by it).

    The largest cluster comes first; of equally large ones the one whose centre is smaller, feature by feature.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=len(centres))
    keys = (*(centres[:, feature] for feature in range(centres.shape[1] - 1, -1, -1)), -sizes)
    order = np.lexsort(keys)
    order = order[sizes[order] > 0].astype(np.int64)
    places = np.full(len(centres) + 1, NOISE, np.int64)
    places[order] = np.arange(len(order))
    return order, places[labels]


def means(matrix: Floats, labels: Ints, k: int) -> Floats:
    """Return the mean of the members of each of k clusters, (k, d) float64, added in the order of the rows; NaN for nobody."""
    kept = labels >= 0
    members = labels if kept.all() else labels[kept]
    sizes = np.bincount(members, minlength=k).astype(np.float64)
    result = np.empty((k, matrix.shape[1]))
    for feature in range(matrix.shape[1]):
        values = matrix[:, feature] if len(members) == len(labels) else matrix[kept, feature]
        with np.errstate(invalid="ignore"):
            result[:, feature] = np.bincount(members, weights=values, minlength=k) / sizes
    return result
