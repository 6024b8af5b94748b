"""Samples: some rows of many, the same ones for the same seed."""

from __future__ import annotations

import numpy as np

from coterie.clusters.labels import Floats, Ints


def some_rows(rows: int, wanted: int, seed: int | tuple[int, ...]) -> Ints:
    """Return the places of ``wanted`` different rows in ascending order, all of them when there are no more."""
    if rows <= wanted:
        return np.arange(rows, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(rows, wanted, replace=False)).astype(np.int64)


def sample(matrix: Floats, wanted: int, seed: int | tuple[int, ...]) -> Floats:
    """Return ``wanted`` different rows of the matrix in their order, the matrix itself when it has no more."""
    return matrix if len(matrix) <= wanted else np.ascontiguousarray(matrix[some_rows(len(matrix), wanted, seed)])
