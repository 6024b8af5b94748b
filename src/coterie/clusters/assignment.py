"""Assignment: where somebody belongs by a clustering's rule, with the same bits for one person as for a million."""

from __future__ import annotations

import numpy as np

from coterie.clusters.compiled import compiled, over_parts
from coterie.clusters.labels import NOISE, Floats, Ints, Rule
from coterie.errors import Problem

METRICS = {"euclidean": 0, "manhattan": 1, "gaussian": 2}


def assign(matrix: Floats, rule: Rule) -> tuple[Ints, Floats]:
    """Return the cluster of each row (n,), −1 for none, and its distance (n,) to the centre of that (of the nearest) cluster.

    The distance is in the rule's metric, in its scaled space: Euclidean, Manhattan, or Mahalanobis for ``gaussian``. Every row is
    computed on its own, its features added in their order: a row alone and a row among a million give the same bits. A row with
    a value that is not finite is in no cluster, at an infinite distance. Cost: n · k · d multiplications (a mixture: n · k · d²).
    Raises: Problem when the matrix has another width than the rule.
    """
    matrix = np.ascontiguousarray(matrix, np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != rule.centres.shape[1]:
        raise Problem(
            "these are not the features the clusters were found in", where="matrix",
            received=f"shape {matrix.shape}", allowed=f"(n, {rule.centres.shape[1]})",
        )  # fmt: skip
    labels, distances = np.empty(len(matrix), np.int64), np.empty(len(matrix))
    offsets = rule.offsets()
    whitening = np.zeros((0, 0, 0)) if rule.whitening is None else np.ascontiguousarray(rule.whitening, np.float64)
    scales, centres, reach = (np.ascontiguousarray(each) for each in (rule.scales, rule.centres, rule.reach))
    metric = METRICS[rule.metric]

    def work(start: int, stop: int) -> None:
        rows, told = matrix[start:stop], (labels[start:stop], distances[start:stop])
        _assign(metric, rows, scales, centres, reach, offsets, whitening, *told)

    for _ in over_parts(len(matrix), work):
        pass
    return labels, distances


@compiled
def _assign(
    metric: int, matrix: Floats, scales: Floats, centres: Floats, reach: Floats, offsets: Floats, whitening: Floats,
    labels: Ints, distances: Floats,
) -> None:  # fmt: skip
    n, width = matrix.shape
    k = len(centres)
    columns = np.ascontiguousarray(centres.T)
    sums = np.empty(k)
    for row in range(n):
        sums[:] = 0.0
        if metric == 0:
            for feature in range(width):
                value = matrix[row, feature] * scales[feature]
                for cluster in range(k):
                    difference = value - columns[feature, cluster]
                    sums[cluster] += difference * difference
        elif metric == 1:
            for feature in range(width):
                value = matrix[row, feature] * scales[feature]
                for cluster in range(k):
                    sums[cluster] += abs(value - columns[feature, cluster])
        else:
            for cluster in range(k):
                for first in range(width):
                    whitened = 0.0
                    for second in range(first + 1):
                        difference = matrix[row, second] * scales[second] - columns[second, cluster]
                        whitened += whitening[cluster, first, second] * difference
                    sums[cluster] += whitened * whitened
        chosen, best = -1, np.inf
        for cluster in range(k):
            cost = 0.5 * sums[cluster] - offsets[cluster] if metric == 2 else sums[cluster]
            if cost < best:
                chosen, best = cluster, cost
        if chosen < 0:
            labels[row], distances[row] = NOISE, np.inf
            continue
        distance = sums[chosen] if metric == 1 else np.sqrt(sums[chosen])
        labels[row] = chosen if distance <= reach[chosen] else NOISE
        distances[row] = distance
