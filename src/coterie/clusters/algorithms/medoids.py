"""Medoids: k of the people themselves, exchanged for others as long as everybody comes closer to one."""

from __future__ import annotations

from typing import Any

import numpy as np

from coterie.clusters.compiled import compiled
from coterie.clusters.labels import Ints

ROUNDS = 50


def swap_medoids(distances: Any, k: int, rng: np.random.Generator, *, starts: int = 3) -> tuple[Ints, int]:
    """Return (places of the medoids (k,), rounds) of the best of ``starts`` starts, for distances (m, m) float32.

    Each row in turn takes the place of the medoid that it most improves upon. Cost: m² per round, whatever k.
    Source: Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering, algorithm 3 (FasterPAM).
    """
    best: tuple[float, Ints, int] | None = None
    for _ in range(starts):
        medoids = rng.choice(len(distances), min(k, len(distances)), replace=False).astype(np.int64)
        cost, rounds = _swap(distances, medoids, ROUNDS)
        if best is None or cost < best[0]:
            best = cost, medoids, rounds
    assert best is not None
    return best[1], best[2]


@compiled
def _swap(distances: Any, medoids: Ints, rounds: int) -> tuple[float, int]:
    m, k = len(distances), len(medoids)
    nearest, second = np.empty(m, np.int64), np.empty(m, np.int64)
    losses, gains = np.zeros(k), np.zeros(k)
    since, step, stale = 0, 0, True
    for step in range(rounds * m):
        candidate = step % m
        if stale:
            losses[:] = 0.0
            for row in range(m):
                first, other = -1, -1
                for place in range(k):
                    d = distances[row, medoids[place]]
                    if first < 0 or d < distances[row, medoids[first]]:
                        first, other = place, first
                    elif other < 0 or d < distances[row, medoids[other]]:
                        other = place
                nearest[row], second[row] = first, other if k > 1 else first
                if k > 1:
                    losses[first] += distances[row, medoids[other]] - distances[row, medoids[first]]
            stale = False
        gains[:] = losses
        shared = 0.0
        for row in range(m):
            here, there = distances[row, candidate], distances[row, medoids[nearest[row]]]
            away = distances[row, medoids[second[row]]] if k > 1 else np.float32(np.inf)
            if k == 1:
                shared += here - there
            elif here < there:
                shared += here - there
                gains[nearest[row]] += there - away
            elif here < away:
                gains[nearest[row]] += here - away
        place = int(np.argmin(gains)) if k > 1 else 0
        change = shared + (gains[place] if k > 1 else 0.0)
        if change < -1e-6 * m * 1e-3:
            medoids[place] = candidate
            stale = True
            since = 0
        else:
            since += 1
        if since >= m:
            break
    cost = 0.0
    for row in range(m):
        best = np.inf
        for place in range(k):
            best = min(best, distances[row, medoids[place]])
        cost += best
    return cost, step // m + 1
