"""Numbers and categories together: k-prototypes, and medoids under Gower's distance, over one-hot columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from coterie.clusters.algorithms.kmeans import sizes_of
from coterie.clusters.algorithms.lloyd import spread
from coterie.clusters.algorithms.medoids import swap_medoids
from coterie.clusters.algorithms.numbering import by_size, means
from coterie.clusters.assignment import assign
from coterie.clusters.compiled import side_by_side
from coterie.clusters.labels import Clustering, Floats, Ints, Metric, Rule
from coterie.clusters.sampling import sample

STARTS = 10
ROUNDS = 100
SAMPLE = 30_000
MEDOID_ROWS_MAX = 2_000
"""People among whom medoids are sought: their distances are all held at once."""

Groups = Sequence[Sequence[int]]
"""One-hot columns that belong together: a group per category."""


def groups_of(matrix: Floats) -> tuple[tuple[int, ...], ...]:
    """Return the runs of neighbouring 0/1 columns of which nobody has more than one: what one-hot encoding leaves."""
    flags = [bool(np.isin(matrix[:, column], (0.0, 1.0)).all()) for column in range(matrix.shape[1])]
    groups: list[list[int]] = []
    taken = np.zeros(len(matrix))
    for column, flag in enumerate(flags):
        follows = column > 0 and flags[column - 1] and groups and flag
        if follows and float((taken + matrix[:, column]).max(initial=0)) <= 1:
            groups[-1].append(column)
            taken = taken + matrix[:, column]
        elif flag:
            groups.append([column])
            taken = matrix[:, column].astype(np.float64)
    return tuple(tuple(group) for group in groups)


def fit_prototypes(
    matrix: Floats, k: int, seed: int = 0, *, gamma: float = 0.0, categories: Groups | None = None, starts: int = STARTS
) -> Clustering:
    """Return the best of ``starts`` runs of k-prototypes: means of the numbers, most frequent categories.

    ``categories``: the one-hot columns of each category; found by ``groups_of`` unless told. A difference of category costs
    ``gamma``, half the mean variance of the numbers unless told. In the scaled space this is the squared Euclidean distance, so the
    rule is the one of k-means. More than 30,000 rows are fitted on a sample. Cost: n · k · d per round.
    Source: Huang (1998), Extensions to the k-means algorithm for clustering large data sets with categorical values, eqs. (2), (9).
    """
    groups = tuple(tuple(group) for group in (groups_of(matrix) if categories is None else categories))
    coded = sorted(column for group in groups for column in group)
    numeric = [column for column in range(matrix.shape[1]) if column not in set(coded)]
    weight = gamma or (0.5 * float(matrix[:, numeric].var(axis=0).mean()) if numeric else 1.0)
    scales = np.ones(matrix.shape[1])
    scales[coded] = np.sqrt(weight / 2)
    some = sample(matrix, SAMPLE, (seed, 7)) * scales
    rngs = np.random.default_rng((seed, k)).spawn(starts)
    ends = side_by_side(partial(_from_start, some, k, groups), rngs)
    centres, rounds = min(ends, key=lambda end: end[2])[:2]
    told: dict[str, float | int | str] = {"gamma": weight, "categories": len(groups), "starts": starts}
    return _everybody(matrix, centres, scales, "euclidean", "kprototypes", seed, rounds, rounds < ROUNDS, told)


def fit_gower(matrix: Floats, k: int, seed: int = 0, *, categories: Groups | None = None) -> Clustering:
    """Return clusters around ``k`` medoids, people of the data, under Gower's distance.

    A number counts by its difference over the range (of the middle 98 %, so that one extreme does not shrink everybody), a category
    by being different; all features weigh the same. Medoids are sought among 2,000 rows at most. Cost: 2,000² · rounds.
    Source: Gower (1971), A general coefficient of similarity; Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering.
    """
    groups = tuple(tuple(group) for group in (groups_of(matrix) if categories is None else categories))
    coded = {column for group in groups for column in group}
    features = matrix.shape[1] - len(coded) + len(groups)
    low, high = np.quantile(matrix, (0.01, 0.99), axis=0)
    ranges = np.where(high > low, high - low, np.maximum(np.ptp(matrix, axis=0), 1e-12))
    scales = np.array(
        [
            1 / (2 * features) if column in coded else 1 / (ranges[column] * features)
            for column in range(matrix.shape[1])
        ]
    )
    some = sample(matrix, MEDOID_ROWS_MAX, (seed, 8)).astype(np.float64) * scales
    distances = np.zeros((len(some), len(some)), np.float32)
    for column in range(some.shape[1]):
        distances += np.abs(some[:, column, None] - some[None, :, column]).astype(np.float32)
    medoids, rounds = swap_medoids(distances, k, np.random.default_rng((seed, k)))
    told: dict[str, float | int | str] = {"categories": len(groups), "rows": len(some)}
    return _everybody(matrix, some[medoids], scales, "manhattan", "gower", seed, rounds, True, told)


def _from_start(scaled: Floats, k: int, groups: Groups, rng: np.random.Generator) -> tuple[Floats, int, float]:
    return _descend(scaled, spread(scaled, k, rng), groups)


def _descend(scaled: Floats, centres: Floats, groups: Groups) -> tuple[Floats, int, float]:
    width = scaled.shape[1]
    labels: Ints = np.full(len(scaled), -1, np.int64)
    rounds = 0
    rule = Rule(centres=centres, scales=np.ones(width), reach=np.full(len(centres), np.inf))
    while rounds < ROUNDS:
        rounds += 1
        fresh, distances = assign(scaled, rule)
        if (fresh == labels).all():
            break
        labels = fresh
        means_now = means(scaled, labels, len(rule.centres))
        centres = np.where(np.isnan(means_now), rule.centres, means_now)
        for group in groups:
            centres[:, group] = _modes(scaled, labels, centres[:, group], group)
        rule = Rule(centres=centres, scales=rule.scales, reach=rule.reach)
    return rule.centres, rounds, float((distances**2).sum())


def _modes(scaled: Floats, labels: Ints, shares: Floats, group: Sequence[int]) -> Floats:
    """Return one-hot rows (k, levels) of the level that most members have; the level that no column stands for is all zeros."""
    size = float(scaled[:, group].max(initial=0.0))
    if not size:
        return np.zeros_like(shares)
    most = shares.argmax(axis=1)
    rest = size - shares.sum(axis=1)
    modes = np.zeros_like(shares)
    told = shares.max(axis=1) >= rest
    modes[np.flatnonzero(told), most[told]] = size
    return modes


def _everybody(
    matrix: Floats, centres: Floats, scales: Floats, metric: Metric, algorithm: str, seed: int, rounds: int, converged: bool,
    told: dict[str, float | int | str],
) -> Clustering:  # fmt: skip
    rule = Rule(metric=metric, centres=centres, scales=scales, reach=np.full(len(centres), np.inf))
    labels, distances = assign(matrix, rule)
    order, labels = by_size(labels, centres)
    rule = Rule(metric=metric, centres=np.ascontiguousarray(centres[order]), scales=scales, reach=rule.reach[order])
    costs = distances if metric == "manhattan" else distances**2
    return Clustering(
        algorithm=algorithm, k=len(order), labels=labels, sizes=sizes_of(labels, len(order)), rule=rule,
        inertia=float(costs.sum()), seed=seed, iterations=rounds, converged=converged, settings=told,
    )  # fmt: skip
