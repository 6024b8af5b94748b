"""Crowding: whether customers are spread evenly over the features or gather somewhere."""

from __future__ import annotations

import numpy as np

from coterie.features.table import Floats
from coterie.model import Undetermined

PROBES_MAX = 300
ROWS_MAX = 10_000
ROWS_MIN = 20


def hopkins(matrix: Floats, seed: int = 0) -> float | Undetermined:
    """Return the Hopkins statistic of an (n, d) matrix: ½ for evenly spread rows, towards 1 for crowded ones.

    Distances from random places of the box around the rows to their nearest row are compared with those from rows to theirs. It says
    that the rows are not uniform, not that there are groups: one round crowd, or one skewed one, is far above ½ too.
    More than 10,000 rows are sampled. Cost: 300 · n · d.
    Source: Hopkins and Skellam (1954); Lawson and Jurs (1990), New index for clustering tendency, eq. (1), without the power.
    """
    rng = np.random.default_rng((seed, 17))
    if len(matrix) > ROWS_MAX:
        matrix = matrix[np.sort(rng.choice(len(matrix), ROWS_MAX, replace=False))]
    matrix = np.unique(np.asarray(matrix, np.float64), axis=0)
    n, width = matrix.shape
    if n < ROWS_MIN or not width:
        return Undetermined(f"fewer than {ROWS_MIN} different customers")
    probes = min(PROBES_MAX, n // 5)
    rows = rng.choice(n, probes, replace=False)
    low, high = matrix.min(axis=0), matrix.max(axis=0)
    places = low + rng.random((probes, width)) * (high - low)
    own, random = _squares(matrix[rows], matrix), _squares(places, matrix)
    own[np.arange(probes), rows] = np.inf
    near, far = float(np.sqrt(own.min(axis=1)).sum()), float(np.sqrt(random.min(axis=1)).sum())
    return far / (far + near)


def _squares(one: Floats, other: Floats) -> Floats:
    cross: Floats = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :] - 2 * one @ other.T
    return np.maximum(cross, 0.0)
