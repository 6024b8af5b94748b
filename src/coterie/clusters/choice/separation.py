"""Separation: whether there is a valley between neighbouring clusters, judged on customers who had no part in the fit.

Cut anything in two and the halves differ; that makes no groups. Between two groups there are fewer people than in either. For two
clusters i and j take those whose two nearest centres are these. That region is convex, and any density of one piece (uniform on
something convex, Gaussian, exponential, their like) stays of one piece in it and along any line through it. So along the line that
tells i and j apart best, people of one piece have one peak, and two peaks mean two groups. The dip test asks that, and its hardest
case, the uniform, is the one its tail is taken from. Centres and lines come from one half of the customers, the test from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from msgspec import Struct

from coterie.clusters.algorithms import coordinates
from coterie.clusters.algorithms.gaussian import shapes
from coterie.clusters.assignment import assign
from coterie.clusters.choice.dip import chance_of, dip_of
from coterie.clusters.choice.quick import Quick
from coterie.clusters.compiled import side_by_side
from coterie.clusters.labels import Floats, Ints, Rule
from coterie.clusters.sampling import sample

ROWS_MAX = 20_000
SPLITS = 3
"""Times the customers are halved; each half is fitted and judged on the other."""
VALLEY = 0.66
"""Scaled dip from which two clusters are apart: one peak shows it in 1 of 200 cases."""
FINER_MAX = 3
"""Clusters more than groups in a fit that is still believed."""
SIDE_MIN, SIDE_SHARE = 12, 0.15
"""People on each side of the middle between two clusters who make them neighbours."""


class Valley(Struct, frozen=True, kw_only=True):
    """The scaled dip between two clusters, and whether it was looked for in a convex region, so that its chance is known."""

    left: int
    right: int
    dip: float
    convex: bool


class Parted(Struct, frozen=True, kw_only=True):
    """One fit of k, judged on the other half."""

    groups: int
    """Clusters after those without a valley between them are put together."""
    apart: float
    """Share of the pairs that were tested with a valley between them."""
    clearest: float
    """The smallest chance, over the pairs and times their number, that one piece shows such a valley."""
    unseen: float
    """Mean squared distance of the unseen to their centres over that of the fitted."""


class Separation(Struct, frozen=True, kw_only=True):
    """What all fits of one k say: medians."""

    k: int
    groups: int
    apart: float
    clearest: float
    unseen: float


def number_of_groups(found: Sequence[Separation]) -> int:
    """Return the most groups that any k near it shows: of fits much finer than their groups the leftovers are not believed."""
    return max((one.groups for one in found if one.k <= one.groups + FINER_MAX), default=1)


def evened(matrix: Floats, finest: int, quick: Quick, seed: int) -> Floats:
    """Return the rows that separation looks at, in coordinates in which ``finest`` clusters are round. See ``coordinates``."""
    some = sample(matrix, min(ROWS_MAX, 2 * quick.rows), (seed, 9)).astype(np.float64)

    def cluster(rows: Floats) -> Ints:
        return assign(rows, quick.fit(sample(rows, quick.rows, (seed, 16)), finest, seed))[0]

    return coordinates.evened(some, cluster)


def separations(
    matrix: Floats, ks: Sequence[int], quick: Quick, seed: int, told: Callable[[float], None]
) -> list[Separation]:
    """Return what separation says of each k. Cost: 6 quick fits of up to half of 20,000 rows per k."""
    some = sample(matrix, min(ROWS_MAX, 2 * quick.rows), (seed, 9)).astype(np.float64)
    halves = list(_halves(len(some), seed))
    found = []
    for place, k in enumerate(ks):
        each = side_by_side(partial(_of_halves, some, quick, k, seed), halves)
        found.append(
            Separation(
                k=k,
                groups=int(np.floor(np.median([one.groups for one in each]))),
                apart=float(np.median([one.apart for one in each])),
                clearest=float(np.median([one.clearest for one in each])),
                unseen=float(np.median([one.unseen for one in each])),
            )
        )
        told((place + 1) / len(ks))
    return found


def _of_halves(some: Floats, quick: Quick, k: int, seed: int, halves: tuple[Ints, Ints]) -> Parted:
    return part(some[halves[0]], some[halves[1]], quick.fit, k, seed)


def part(fitted: Floats, unseen: Floats, fit: Callable[[Floats, int, int], Rule], k: int, seed: int) -> Parted:
    """Return how k clusters of ``fitted`` stand apart among ``unseen``."""
    rule = fit(fitted, k, seed)
    labels, distances = assign(fitted, rule)
    k = rule.k
    costs, others = distances_to_all(unseen, rule), assign(unseen, rule)[1]
    centres, whitening, _ = shapes(fitted * rule.scales, _filled(labels, k), k)
    tested = list(_valleys(unseen * rule.scales, costs, centres, whitening, np.bincount(labels, minlength=k)))
    parted = [one.dip >= VALLEY for one in tested]
    sure = [chance_of(one.dip) for one in tested if one.convex]
    inside = float((distances**2).mean())
    return Parted(
        groups=_groups(tested, k),
        apart=float(np.mean(parted)) if parted else 0.0,
        clearest=min(1.0, min(sure, default=1.0) * 2 * len(sure)),
        unseen=float((others**2).mean()) / inside if inside else 1.0,
    )


def distances_to_all(matrix: Floats, rule: Rule) -> Floats:
    """Return the cost (n, k) of putting each row into each cluster; the smallest is the cluster it belongs to."""
    found = np.empty((len(matrix), rule.k))
    for cluster in range(rule.k):
        found[:, cluster] = assign(matrix, rule.only(cluster))[1]
    if rule.metric == "gaussian":
        found = 0.5 * found**2 - rule.offsets()
    return found


def _valleys(unseen: Floats, costs: Floats, centres: Floats, whitening: Floats, sizes: Ints) -> Iterator[Valley]:
    """Yield each pair of neighbours; a cluster without neighbours beside the one nearest to it, with everybody of both."""
    k = len(centres)
    if k < 2:
        return
    nearest = np.argpartition(costs, 1, axis=1)[:, :2]
    first = costs.argmin(axis=1)
    low, high = nearest.min(axis=1), nearest.max(axis=1)
    covariances = np.array([np.linalg.inv(each.T @ each) for each in whitening])
    alone = set(range(k))
    for one in range(k):
        for other in range(one + 1, k):
            rows = (low == one) & (high == other)
            total = int(rows.sum())
            side = int((first[rows] == one).sum())
            if min(side, total - side) >= max(SIDE_MIN, SIDE_SHARE * total):
                alone -= {one, other}
                line = _line(one, other, centres, covariances, sizes)
                dip = _deepest(unseen[rows] @ line, float((centres[one] + centres[other]) @ line) / 2)
                yield Valley(left=one, right=other, dip=dip, convex=True)
    for one in sorted(alone):
        gaps = ((centres - centres[one]) ** 2).sum(axis=1)
        gaps[one] = np.inf
        other = int(gaps.argmin())
        rows = (first == one) | (first == other)
        if rows.any():
            line = _line(one, other, centres, covariances, sizes)
            dip = _deepest(unseen[rows] @ line, float((centres[one] + centres[other]) @ line) / 2)
            yield Valley(left=one, right=other, dip=dip, convex=k == 2)


def _deepest(along: Floats, middle: float) -> float:
    """Return the larger scaled dip of all places on a line, and of as many on either side of the middle as there are on the emptier.

    A small group beside a large one is a bump of few among many; beside the nearest few of the large one it is half. A stretch of the
    line is convex too.
    """
    ordered = np.sort(along)
    low = int(np.searchsorted(ordered, middle))
    side = min(low, len(ordered) - low)
    whole = dip_of(ordered)
    return max(whole, dip_of(ordered[low - side : low + side])) if side >= SIDE_MIN else whole


def _line(one: int, other: int, centres: Floats, covariances: Floats, sizes: Ints) -> Floats:
    """Return the line that tells two clusters apart best under their common covariance. Source: Fisher (1936)."""
    pooled = (sizes[one] * covariances[one] + sizes[other] * covariances[other]) / max(sizes[one] + sizes[other], 1)
    line: Floats = np.linalg.solve(pooled, centres[other] - centres[one])
    return line


def _groups(tested: Sequence[Valley], k: int) -> int:
    """Return how many groups are left of k clusters when those without a valley between them are put together."""
    heads = list(range(k))
    for one in tested:
        if one.dip < VALLEY:
            old, new = heads[one.left], heads[one.right]
            heads = [new if head == old else head for head in heads]
    return len(set(heads))


def _filled(labels: Ints, k: int) -> Ints:
    """Return the labels with the first rows lent to clusters that nobody of this half is in."""
    empty = np.flatnonzero(np.bincount(labels, minlength=k) == 0)
    if len(empty):
        labels = labels.copy()
        labels[: len(empty)] = empty
    return labels


def _halves(n: int, seed: int) -> Iterator[tuple[Ints, Ints]]:
    rng = np.random.default_rng((seed, 10))
    for _ in range(SPLITS):
        order = rng.permutation(n)
        yield order[::2], order[1::2]
        yield order[1::2], order[::2]
