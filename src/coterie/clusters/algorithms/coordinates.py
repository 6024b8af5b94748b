"""Coordinates in which clusters are round, found from the clusters themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coterie.clusters.algorithms.numbering import means
from coterie.clusters.labels import Floats, Ints

ROUNDS = 2
RIDGE = 1e-3
"""Added to each variance, as a share of the mean variance of the features: nothing shrinks onto a few people."""


def evened(matrix: Floats, cluster: Callable[[Floats], Ints]) -> Floats:
    """Return the rows in coordinates in which fine clusters are round: features that tell nothing apart weigh least.

    ``cluster`` gives each row of a matrix a label. The coordinates are a linear function of the rows: valleys stay valleys, one piece
    stays one piece, but a fit finds clusters that are narrow in some features and wide in others.
    Source: Art, Gnanadesikan and Kettenring (1982), Data-based metrics for cluster analysis.
    """
    result, width = matrix, matrix.shape[1]
    for _ in range(ROUNDS):
        labels = cluster(result)
        kept = labels >= 0
        inside = matrix[kept] - means(matrix, labels, int(labels.max()) + 1)[labels[kept]]
        within = inside.T @ inside / max(len(inside), 1)
        within += np.eye(width) * (RIDGE * float(np.trace(within)) / width + 1e-12)
        result = matrix @ np.linalg.inv(np.linalg.cholesky(within)).T
    return result
