"""Silhouettes of single customers: how much nearer they are to their own cluster than to the next one."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import Ints
from coterie.features.table import Floats

DRAWN_MAX = 2_000
"""Customers whose silhouettes are drawn; the distances between all of them are computed."""


class Silhouettes(Struct, frozen=True, kw_only=True):
    """``values`` (m,) in −1 … 1 of a sample and their ``labels``; ``mean`` over the sample."""

    values: Floats
    labels: Ints
    mean: float


def silhouettes_of(matrix: Floats, labels: Ints, *, seed: int = 0, drawn_max: int = DRAWN_MAX) -> Silhouettes:
    """Return the silhouettes of a sample of those in clusters, by ascending label and falling value. A cluster with one member in the sample has 0.

    Source: Rousseeuw 1987, s(i) = (b − a) / max(a, b). Cost: m² distances.
    """
    rows = np.flatnonzero(labels >= 0)
    if len(rows) > drawn_max:
        rows = np.sort(np.random.default_rng(seed).choice(rows, drawn_max, replace=False))
    points, groups = matrix[rows], labels[rows]
    names, places = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return Silhouettes(values=np.zeros(len(rows)), labels=groups, mean=0.0)
    sums = _distances(points, places, len(names))
    counts = np.bincount(places)
    own = np.arange(len(rows))
    within = sums[own, places] / np.maximum(counts[places] - 1, 1)
    means = sums / counts
    means[own, places] = np.inf
    nearest = means.min(axis=1)
    largest = np.maximum(within, nearest)
    values = np.where(
        (counts[places] > 1) & (largest > 0), (nearest - within) / np.where(largest > 0, largest, 1.0), 0.0
    )
    order = np.lexsort((-values, groups))
    return Silhouettes(values=values[order], labels=groups[order], mean=float(values.mean()))


def _distances(points: Floats, places: Ints, count: int) -> Floats:
    """Return the sum of the distances of each point to the points of each group, (m, groups)."""
    member = np.zeros((len(points), count))
    member[np.arange(len(points)), places] = 1.0
    squares = (points**2).sum(axis=1)
    found = np.empty((len(points), count))
    for start in range(0, len(points), 512):
        part = points[start : start + 512]
        apart = squares[start : start + 512, None] + squares[None, :] - 2.0 * (part @ points.T)
        found[start : start + 512] = np.sqrt(np.maximum(apart, 0.0)) @ member
    return found
