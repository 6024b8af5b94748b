"""Ward's merges of weighted points, and cuts of a tree."""

from __future__ import annotations

import numpy as np

from coterie.clusters.compiled import compiled
from coterie.clusters.labels import Floats, Ints


def merge_weighted(centres: Floats, weights: Floats) -> Floats:
    """Return Ward's merges (m − 1, 4) of m points with weights, numbered and ordered as SciPy does; heights as if repeated points.

    Cost: m² memory and time. Source: Murtagh (1983), A survey of recent advances in hierarchical clustering algorithms (chains of
    nearest neighbours); Lance and Williams (1967).
    """
    squares = (
        ((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2) if len(centres) <= 300 else _squares(centres)
    )
    pairs = 2.0 * np.multiply.outer(weights, weights) / np.add.outer(weights, weights)
    left, right, heights = _chains(squares * pairs, weights.copy())
    order = np.argsort(heights, kind="stable")
    merges = np.empty((len(order), 4))
    node, people = np.arange(len(centres)), weights.copy()
    top = np.arange(len(centres))

    def head(leaf: int) -> int:
        while top[leaf] != leaf:
            top[leaf] = top[top[leaf]]
            leaf = int(top[leaf])
        return leaf

    for place, merge in enumerate(order):
        one, other = head(int(left[merge])), head(int(right[merge]))
        first, second = sorted((int(node[one]), int(node[other])))
        people[one] += people[other]
        merges[place] = first, second, np.sqrt(heights[merge]), people[one]
        top[other], node[one] = one, len(centres) + place
    return merges


def cut(merges: Floats, k: int) -> Ints:
    """Return the branch of each leaf, (m,), when the last k − 1 merges are undone; branches are numbered by their first leaf."""
    leaves = len(merges) + 1
    top = np.arange(leaves + len(merges))
    for place in range(max(0, leaves - k)):
        top[int(merges[place, 0])] = top[int(merges[place, 1])] = leaves + place
    for place in range(len(top) - 1, -1, -1):
        top[place] = top[top[place]]
    _, first, branch = np.unique(top[:leaves], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[branch]


def _squares(centres: Floats) -> Floats:
    lengths = (centres**2).sum(axis=1)
    squares: Floats = np.maximum(lengths[:, None] + lengths[None, :] - 2 * centres @ centres.T, 0.0)
    return squares


@compiled
def _chains(costs: Floats, weights: Floats) -> tuple[Ints, Ints, Floats]:
    m = len(weights)
    left, right, heights = np.empty(m - 1, np.int64), np.empty(m - 1, np.int64), np.empty(m - 1)
    alive = np.ones(m, np.bool_)
    chain, length = np.empty(m, np.int64), 0
    for merge in range(m - 1):
        if length == 0:
            first = 0
            while not alive[first]:
                first += 1
            chain[0] = first
            length = 1
        while True:
            here = chain[length - 1]
            before = chain[length - 2] if length > 1 else -1
            best, nearest = np.inf, -1
            if before >= 0:
                best, nearest = costs[here, before], before
            for other in range(m):
                if alive[other] and other != here and costs[here, other] < best:
                    best, nearest = costs[here, other], other
            if nearest == before:
                break
            chain[length] = nearest
            length += 1
        length -= 2
        keep, gone = min(here, before), max(here, before)
        left[merge], right[merge], heights[merge] = keep, gone, best
        alive[gone] = False
        for other in range(m):
            if alive[other] and other != keep:
                a, b, c = weights[keep], weights[gone], weights[other]
                cost = ((a + c) * costs[keep, other] + (b + c) * costs[gone, other] - c * best) / (a + b + c)
                costs[keep, other] = cost
                costs[other, keep] = cost
        weights[keep] += weights[gone]
    return left, right, heights
