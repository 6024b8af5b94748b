"""Stability: whether other customers like these would have given the same clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.assignment import assign
from coterie.clusters.choice.quick import Quick
from coterie.clusters.choice.report import Stability
from coterie.clusters.compiled import side_by_side
from coterie.clusters.labels import Floats, Ints, Rule
from coterie.clusters.sampling import sample


def stabilities(
    matrix: Floats, rules: Sequence[Rule], quick: Quick, seed: int, told: Callable[[float], None]
) -> list[Stability]:
    """Return how alike each clustering and those of bootstrap samples are, over the same customers, as adjusted Rand indices.

    Up to 10,000 rows (fewer for slow algorithms) are drawn with replacement, clustered anew, and everybody is put into those
    clusters and into the original ones. Cost: 20 quick fits per clustering.
    Source: Hennig (2007), Cluster-wise assessment of cluster stability, §2, with the index of Hubert and Arabie.
    """
    some = sample(matrix, quick.rows, (seed, 13)).astype(np.float64)
    rng = np.random.default_rng((seed, 14))
    drawn = [rng.integers(0, len(some), len(some)) for _ in range(quick.draws)]
    found = []
    for place, rule in enumerate(rules):
        base = assign(some, rule)[0]
        alike = side_by_side(partial(_alike, some, rule, base, quick, seed), drawn)
        found.append(Stability(mean=float(np.mean(alike)), smallest=float(np.min(alike)), draws=len(alike)))
        told((place + 1) / len(rules))
    return found


def _alike(some: Floats, rule: Rule, base: Ints, quick: Quick, seed: int, rows: Ints) -> float:
    return adjusted_rand(base, assign(some, quick.fit(some[rows], rule.k, seed))[0])
