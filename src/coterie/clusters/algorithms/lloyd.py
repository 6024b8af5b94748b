"""Steps of k-means: starts far from one another, then everybody to the nearest mean until nobody moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct

from coterie.clusters.compiled import compiled, over_parts
from coterie.clusters.labels import Floats, Ints

TILE = 64
"""Rows that a step looks at together, so that processors add several at once; each row's features are still added in their order."""


class Found(Struct, frozen=True, kw_only=True):
    """Where Lloyd's steps ended: centres (k, d), labels (n,) int32 under the centres before them, inertia of those."""

    centres: Floats
    labels: Any
    inertia: float
    iterations: int
    converged: bool


def spread(matrix: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Return ``k`` rows to start from, (k, d) float64: each drawn with a chance that grows with the squared distance to those before.

    Of several draws the one that leaves the smallest distances is taken. Cost: n · d · k · (2 + log k).
    Source: Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding, §2.2 and its greedy form.
    """
    trials = 2 + int(np.log(k))
    chosen = _spread(matrix, k, trials, rng.random((k, trials)))
    return matrix[chosen].astype(np.float64)


def descend(
    matrix: Floats, centres: Floats, *, iterations: int, tolerance: float, stop: Callable[[], None] | None = None
) -> Found:
    """Return where Lloyd's steps from ``centres`` end: nobody changed cluster, or the centres moved by less than ``tolerance``.

    ``tolerance`` is a share of the mean variance of the features, for the summed squares of the moves. A cluster that loses
    everybody is put where the farthest row is. ``stop`` is called before each step and may raise.
    Source: Lloyd (1982), Least squares quantization in PCM. Cost: n · k · d per step.
    """
    n, _ = matrix.shape
    k = len(centres)
    bound = tolerance * float(np.mean(_variances(matrix))) if tolerance else 0.0
    labels = np.full(n, -1, np.int32)
    centres = centres.astype(np.float64)
    inertia, moved = np.inf, True
    for iteration in range(1, iterations + 1):
        if stop is not None:
            stop()
        sums, counts, inertia, changed, farthest = _everybody(matrix, centres, labels)
        if not changed:
            return Found(centres=centres, labels=labels, inertia=inertia, iterations=iteration, converged=True)
        fresh = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
        empty = np.flatnonzero(counts == 0)
        for place, cluster in enumerate(empty[: len(farthest)]):
            fresh[cluster] = matrix[farthest[place]]
        shift = float(((fresh - centres) ** 2).sum())
        centres = fresh
        moved = bool(len(empty)) or shift > bound
        if not moved:
            return Found(centres=centres, labels=labels, inertia=inertia, iterations=iteration, converged=True)
    return Found(centres=centres, labels=labels, inertia=inertia, iterations=iterations, converged=not moved and k > 0)


def _everybody(matrix: Floats, centres: Floats, labels: Any) -> tuple[Floats, Ints, float, int, list[int]]:
    """Return (sums (k, d), counts (k,), inertia, how many changed cluster, the farthest row of each part, farthest first)."""
    k, width = centres.shape
    typed = centres.astype(matrix.dtype)

    def work(start: int, stop: int) -> tuple[Floats, Ints, float, int, int, float]:
        sums, counts = np.zeros((k, width)), np.zeros(k, np.int64)
        told = _step(matrix[start:stop], typed, labels[start:stop], sums, counts)
        return sums, counts, told[0], told[1], start + told[2], told[3]

    total, people, inertia, changed = np.zeros((k, width)), np.zeros(k, np.int64), 0.0, 0
    far: list[tuple[float, int]] = []
    for sums, counts, cost, moves, row, distance in over_parts(len(matrix), work):
        total += sums
        people += counts
        inertia += cost
        changed += moves
        far.append((-distance, row))
    return total, people, inertia, changed, [row for _, row in sorted(far)]


def _variances(matrix: Floats) -> Floats:
    n = len(matrix)
    sums = np.zeros((2, matrix.shape[1]))
    for part in over_parts(n, lambda start, stop: _moments(matrix[start:stop])):
        sums += part
    return np.asarray(sums[1] / n - (sums[0] / n) ** 2)


@compiled
def _moments(matrix: Floats) -> Floats:
    n, width = matrix.shape
    result = np.zeros((2, width))
    for row in range(n):
        for feature in range(width):
            value = np.float64(matrix[row, feature])
            result[0, feature] += value
            result[1, feature] += value * value
    return result


@compiled
def _step(matrix: Floats, centres: Floats, labels: Any, sums: Floats, counts: Ints) -> tuple[float, int, int, float]:
    n, width = matrix.shape
    k = len(centres)
    tile = np.empty((width, TILE), matrix.dtype)
    squares, best = np.empty(TILE, matrix.dtype), np.empty(TILE, matrix.dtype)
    chosen = np.empty(TILE, np.int32)
    inertia, changed, farthest, far = 0.0, 0, 0, -1.0
    for start in range(0, n, TILE):
        rows = min(TILE, n - start)
        for row in range(rows):
            for feature in range(width):
                tile[feature, row] = matrix[start + row, feature]
        for cluster in range(k):
            squares[:] = 0
            for feature in range(width):
                centre = centres[cluster, feature]
                for row in range(TILE):
                    difference = tile[feature, row] - centre
                    squares[row] += difference * difference
            if cluster == 0:
                best[:] = squares
                chosen[:] = 0
            else:
                for row in range(TILE):
                    chosen[row] = np.int32(cluster) if squares[row] < best[row] else chosen[row]
                    best[row] = min(squares[row], best[row])
        for row in range(rows):
            cluster = chosen[row]
            changed += labels[start + row] != cluster
            labels[start + row] = cluster
            inertia += best[row]
            counts[cluster] += 1
            for feature in range(width):
                sums[cluster, feature] += tile[feature, row]
            if best[row] > far:
                far = best[row]
                farthest = start + row
    return inertia, changed, farthest, far


@compiled
def _spread(matrix: Floats, k: int, trials: int, draws: Floats) -> Ints:
    n, width = matrix.shape
    chosen = np.empty(k, np.int64)
    chosen[0] = min(int(draws[0, 0] * n), n - 1)
    nearest = np.empty(n)
    total = 0.0
    for row in range(n):
        square = 0.0
        for feature in range(width):
            difference = matrix[row, feature] - matrix[chosen[0], feature]
            square += difference * difference
        nearest[row] = square
        total += square
    kept, tried = np.empty(n), np.empty(n)
    for place in range(1, k):
        best = np.inf
        for trial in range(trials):
            wanted, candidate, seen = draws[place, trial] * total, n - 1, 0.0
            for row in range(n):
                seen += nearest[row]
                if seen > wanted:
                    candidate = row
                    break
            rest = 0.0
            for row in range(n):
                square = 0.0
                for feature in range(width):
                    difference = matrix[row, feature] - matrix[candidate, feature]
                    square += difference * difference
                tried[row] = min(square, nearest[row])
                rest += tried[row]
            if rest < best:
                best = rest
                chosen[place] = candidate
                kept, tried = tried, kept
        nearest, kept = kept, nearest
        total = best
    return chosen
