"""Gap: how much tighter clusters are than those of customers spread evenly over the same box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from coterie.clusters.assignment import assign
from coterie.clusters.choice.quick import Quick
from coterie.clusters.choice.report import Estimate
from coterie.clusters.compiled import side_by_side
from coterie.clusters.labels import Floats
from coterie.clusters.sampling import sample

ROWS_MAX = 5_000


def gaps(
    matrix: Floats, ks: Sequence[int], quick: Quick, seed: int, told: Callable[[float], None]
) -> dict[int, Estimate]:
    """Return Gap(k) and its standard error s(k), for k = 1 and each k: mean log W of references minus log W of the customers.

    References are uniform in the box along the principal axes. Cost: 10 quick fits of up to 5,000 rows per k.
    Source: Tibshirani, Walther and Hastie (2001), Estimating the number of clusters via the gap statistic, §3, choice (b).
    """
    some = sample(matrix, min(ROWS_MAX, quick.rows), (seed, 11)).astype(np.float64)
    some = some - some.mean(axis=0)
    axes = np.linalg.svd(some, full_matrices=False)[2]
    along = some @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    rng = np.random.default_rng((seed, 12))
    references = [(low + rng.random(along.shape) * (high - low)) @ axes for _ in range(quick.references)]
    found = {}
    for place, k in enumerate((1, *ks)):
        own, *others = side_by_side(partial(_log_within, k=k, quick=quick, seed=seed), [some, *references])
        spread = float(np.std(others)) * float(np.sqrt(1 + 1 / len(others)))
        found[k] = Estimate(value=float(np.mean(others)) - own, error=spread)
        told((place + 1) / (len(ks) + 1))
    return found


def first_within(found: dict[int, Estimate]) -> int:
    """Return the smallest k whose gap is at least that of the next k less its error; the largest gap when there is none."""
    ks = sorted(found)
    for k, following in pairwise(ks):
        if found[k].value >= found[following].value - found[following].error:
            return k
    return max(ks, key=lambda k: found[k].value)


def _log_within(matrix: Floats, k: int, quick: Quick, seed: int) -> float:
    if k == 1:
        within = float(((matrix - matrix.mean(axis=0)) ** 2).sum())
    else:
        within = float((assign(matrix, quick.fit(matrix, k, seed))[1] ** 2).sum())
    return float(np.log(max(within, 1e-300)))
