"""How often recalibration is asked for on histories where nothing happens, and how often a planted shift is seen within two windows.

    python -m benchmarks.drift [--stationary 200] [--planted 40] [--seed 1]

Each history: a reference month with a k-means fit, then six months; a shift begins in the third. The baseline is what drift tools do
by default: a Kolmogorov–Smirnov test of every feature at p < 0.05.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from itertools import pairwise

import numpy as np

from coterie.clusters.algorithms.kmeans import fit
from coterie.clusters.assignment import assign
from coterie.clusters.labels import Clustering, Floats, Ints
from coterie.lab.drifting import SHIFTS, Month, Shift, history
from coterie.model import Undetermined
from coterie.monitoring.drift.judgement import Tolerance, Window, judge, remarks_of
from coterie.monitoring.drift.migration import Migration
from coterie.monitoring.drift.observation import Model, Scene, observe
from coterie.monitoring.drift.validity import Fitted

K, BOOTSTRAPS, SEEN_IN = 4, 5, (2, 4)


class Frozen:
    """The clustering of the first month, and what it remembers."""

    def __init__(self, month: Month, seed: int) -> None:
        logs = np.log1p(month.table.numbers())
        self.mean, self.spread = logs.mean(axis=0), logs.std(axis=0)
        matrix = self.prepared(month)
        self.clustering: Clustering = fit(matrix, K, seed)
        labels, distances = assign(matrix, self.clustering.rule)
        self.fitted = Fitted.of(distances)
        rng = np.random.default_rng(seed)
        agreements = []
        for one in range(BOOTSTRAPS):
            rows = rng.integers(0, len(matrix), len(matrix))
            again = fit(matrix[rows], K, one).rule
            agreements.append(adjusted_rand(labels, assign(matrix, again)[0]))
        self.noise_floor = float(np.mean(agreements))

    def prepared(self, month: Month) -> Floats:
        return (np.log1p(month.table.numbers()) - self.mean) / self.spread

    def scene(self, month: Month) -> Scene:
        labels, distances = assign(self.prepared(month), self.clustering.rule)
        names = np.array([f"c{label}" for label in labels.tolist()], object)
        return Scene(table=month.table, segments=names, distances=distances, rates={"conversion": month.converted})

    def agreement(self, month: Month, seed: int) -> float:
        matrix = self.prepared(month)
        return adjusted_rand(assign(matrix, self.clustering.rule)[0], fit(matrix, K, seed).labels)


def adjusted_rand(one: Ints, other: Ints) -> float:
    """Return the adjusted Rand index by scikit-learn."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other))


def windows_of(seed: int, shift: Shift | None) -> list[Window]:
    """Return what was observed in every month after the first."""
    found: list[Window] = []
    usual: list[Migration] = []
    frozen: Frozen | None = None
    reference = before = None
    for place, month in enumerate(history(seed, shift)):
        if frozen is None or reference is None:
            frozen = Frozen(month, seed)
            reference = before = frozen.scene(month)
            continue
        now = frozen.scene(month)
        model = Model(fitted=frozen.fitted, agreement=frozen.agreement(month, place), noise_floor=frozen.noise_floor)
        found.append(observe(reference, now, before=before, usual=usual, model=model, tests=True))
        moves = found[-1].migration
        if moves is not None and not remarks_of(found[-1], Tolerance()):
            usual.append(moves)
        before = now
    return found


def stale_once(windows: list[Window]) -> bool:
    """Return whether the model was called stale after any of the windows."""
    return any(judge(windows[: place + 1], Tolerance()).is_stale for place in range(len(windows)))


def tests_alarm(windows: list[Window]) -> bool:
    """Return whether a Kolmogorov–Smirnov test of any feature was below 0.05 in two windows on end."""
    below = [
        any(
            not isinstance(one.p_value, Undetermined) and one.p_value < 0.05
            for one in window.features
            if not one.segment
        )
        for window in windows
    ]
    return any(first and second for first, second in pairwise(below))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stationary", type=int, default=200)
    parser.add_argument("--planted", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.perf_counter()
    still = [windows_of(1000 * asked.seed + one, None) for one in range(asked.stationary)]
    false = sum(map(stale_once, still))
    remarked = sum(bool(remarks_of(window, Tolerance())) for windows in still for window in windows)
    seen: dict[str, float] = {}
    by: dict[str, dict[str, int]] = {}
    for number, shift in enumerate(SHIFTS):
        count, aspects = 0, Counter[str]()
        for one in range(asked.planted):
            windows = windows_of(1000 * asked.seed + 100_000 * (number + 1) + one, shift)
            kinds = {remark.aspect for window in windows[slice(*SEEN_IN)] for remark in remarks_of(window, Tolerance())}
            count += bool(kinds)
            aspects.update(kinds)
        seen[shift], by[shift] = count / asked.planted, dict(aspects)
    figures = {
        "benchmark": "drift",
        "stationary": asked.stationary,
        "false_recalibrations": false / asked.stationary,
        "windows_remarked": remarked / sum(map(len, still)),
        "seen_within_two_windows": seen,
        "seen_least": min(seen.values()),
        "seen_by": by,
        "planted_each": asked.planted,
        "baseline_false": sum(map(tests_alarm, still)) / asked.stationary,
        "seconds": round(time.perf_counter() - began, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
