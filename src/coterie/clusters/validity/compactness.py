"""Compactness: how tight clusters are against how far their centres lie apart, on everybody."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from coterie.clusters.algorithms.numbering import means
from coterie.clusters.compiled import compiled, over_parts
from coterie.clusters.labels import Floats, Ints
from coterie.model import Undetermined

TOO_FEW = Undetermined("fewer than two clusters")


class Compactness(Struct, frozen=True, kw_only=True):
    """Indices of one clustering. Davies–Bouldin: smaller is better. Calinski–Harabasz: larger is better."""

    inertia: float
    """Σ squared Euclidean distance to the mean of the own cluster."""
    davies_bouldin: float | Undetermined
    calinski_harabasz: float | Undetermined


def compactness(matrix: Floats, labels: Ints, k: int) -> Compactness:
    """Return the indices of the clustering of the rows, those with the label −1 left out. Cost: n · d.

    Source: Davies and Bouldin (1979), eq. (6) with p = 2, q = 1; Caliński and Harabasz (1974), eq. (3).
    """
    centres = means(matrix, labels, k)
    sums, squares = np.zeros(k), np.zeros(k)
    for part in over_parts(len(matrix), lambda start, stop: _within(matrix[start:stop], labels[start:stop], centres)):
        sums += part[0]
        squares += part[1]
    sizes = np.bincount(labels[labels >= 0], minlength=k).astype(np.float64)
    inside, inertia = float(sizes.sum()), float(squares.sum())
    if k < 2 or inside <= k:
        return Compactness(inertia=inertia, davies_bouldin=TOO_FEW, calinski_harabasz=TOO_FEW)
    spread = sums / sizes
    apart = np.sqrt(((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    with np.errstate(divide="ignore"):
        likeness = (spread[:, None] + spread[None, :]) / apart
    middle = sizes @ centres / inside
    between = float(sizes @ ((centres - middle) ** 2).sum(axis=1))
    ratio = between / (k - 1) / (inertia / (inside - k)) if inertia else float("inf")
    flat = Undetermined("customers of a cluster do not differ at all")
    return Compactness(
        inertia=inertia,
        davies_bouldin=float(likeness.max(axis=1).mean()) if np.isfinite(likeness).all() else flat,
        calinski_harabasz=ratio if np.isfinite(ratio) else flat,
    )


@compiled
def _within(matrix: Floats, labels: Ints, centres: Floats) -> tuple[Floats, Floats]:
    k, width = centres.shape
    sums, squares = np.zeros(k), np.zeros(k)
    for row in range(len(matrix)):
        cluster = labels[row]
        if cluster >= 0:
            square = 0.0
            for feature in range(width):
                difference = matrix[row, feature] - centres[cluster, feature]
                square += difference * difference
            sums[cluster] += np.sqrt(square)
            squares[cluster] += square
    return sums, squares
