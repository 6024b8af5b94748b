"""Quick fits: of samples, many times over, for everything that compares one fit with another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from coterie.clusters.algorithms import gaussian, hierarchical, mixed
from coterie.clusters.algorithms.lloyd import descend, spread
from coterie.clusters.labels import Floats, Rule

MANY = 5_000
"""Rows from which k-means is started three times, not five: starts differ less."""


class Quick(Struct, frozen=True, kw_only=True):
    """How an algorithm is fitted when it is fitted hundreds of times."""

    fit: Callable[[Floats, int, int], Rule]
    rows: int
    """Most rows of one fit."""
    draws: int
    """Bootstrap samples per k."""
    references: int = 0
    """Reference samples of the gap; 0: the gap says nothing of this algorithm."""


def _kmeans(matrix: Floats, k: int, seed: int) -> Rule:
    """Return the rule of the best of five starts of Lloyd's steps, of three where there are many rows."""
    rngs = np.random.default_rng((seed, k)).spawn(5 if len(matrix) < MANY else 3)
    ends = [descend(matrix, spread(matrix, k, rng), iterations=100, tolerance=1e-4) for rng in rngs]
    centres = min(ends, key=lambda end: end.inertia).centres
    return Rule(centres=centres, scales=np.ones(matrix.shape[1]), reach=np.full(k, np.inf))


QUICK: dict[str, Quick] = {
    "kmeans": Quick(fit=_kmeans, rows=10_000, draws=20, references=10),
    "hierarchical": Quick(
        fit=lambda matrix, k, seed: hierarchical.fit(matrix, k, seed).rule, rows=3_000, draws=10, references=5
    ),
    "gaussian": Quick(fit=lambda matrix, k, seed: gaussian.fit(matrix, k, seed, starts=1).rule, rows=5_000, draws=10),
    "kprototypes": Quick(
        fit=lambda matrix, k, seed: mixed.fit_prototypes(matrix, k, seed, starts=3).rule, rows=5_000, draws=10
    ),
    "gower": Quick(fit=lambda matrix, k, seed: mixed.fit_gower(matrix, k, seed).rule, rows=1_000, draws=5),
}
