"""Clusters of a million customers: found again, and a number of them chosen, beside one fit of scikit-learn on the same rows.

Planted: ``--people`` × ``--features`` in ``--k`` round groups, as float32. ``ari``: k-means against the truth. ``choose_ratio``: all of
``choose`` over 2 … 12 (fits on everybody, silhouette, Davies–Bouldin, Calinski–Harabasz, gap, bootstrap stability, separation) over
one ``KMeans(n_init=10)`` of scikit-learn at the planted k, in the same process and with as many threads. ``peak_mb``: most memory of
the process that chooses, data and interpreter included. ``planted_found`` of ``--shops`` shops of differing shapes, and
``none_found`` of as many uniform ones said to have no structure; ``pieces_found``: the same of other shops of one piece.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.algorithms import fit
from coterie.clusters.choice import choose
from coterie.lab.planted import one_piece, planted


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--people", type=int, default=1_000_000)
    asked.add_argument("--features", type=int, default=20)
    asked.add_argument("--k", type=int, default=8)
    asked.add_argument("--shops", type=int, default=20)
    asked.add_argument("--seed", type=int, default=0)
    told = asked.parse_args()
    figures = large(told.people, told.features, told.k, told.seed) if told.people else {}
    print(json.dumps({"benchmark": "cluster"} | figures | shops(told.shops, told.seed)))


def large(people: int, features: int, k: int, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1.6, (k, features))
    truth = rng.integers(0, k, people)
    matrix = np.empty((people, features), np.float32)
    for start in range(0, people, 100_000):
        rows = truth[start : start + 100_000]
        matrix[start : start + len(rows)] = centres[rows] + rng.normal(0, 1, (len(rows), features))
    small = matrix[:: max(1, people // 5_000)]
    choose(small, ks=(2, 3), seed=seed)  # kernels are compiled before anything is timed
    begin = time.perf_counter()
    found = fit(matrix, "kmeans", k, seed)
    fitted = time.perf_counter() - begin
    begin = time.perf_counter()
    choice = choose(matrix, seed=seed)
    chosen = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    theirs = baseline(matrix, k)
    return {
        "people": people, "features": features, "ari": round(adjusted_rand(truth, found.labels), 4), "fit_s": round(fitted, 2),
        "recommended": choice.recommended, "choose_s": round(chosen, 1), "sklearn_s": round(theirs, 1),
        "choose_ratio": round(chosen / theirs, 2), "peak_mb": round(peak),
    }  # fmt: skip


def baseline(matrix: np.ndarray, k: int) -> float:
    from sklearn.cluster import KMeans

    begin = time.perf_counter()
    KMeans(k, n_init=10, random_state=0).fit(matrix)
    return time.perf_counter() - begin


def shops(number: int, seed: int) -> dict[str, object]:
    if not number:
        return {}
    right = [choose((shop := planted(one, seed)).matrix, seed=seed).recommended == shop.k for one in range(number)]
    none = [choose(one_piece(one, seed, "uniform").matrix, seed=seed).recommended is None for one in range(number)]
    pieces = [choose(one_piece(one, seed).matrix, seed=seed).recommended is None for one in range(number)]
    return {"shops": number, "planted_found": sum(right), "none_found": sum(none), "pieces_found": sum(pieces)}


if __name__ == "__main__":
    main()
