"""Mixtures, crowds, prototypes and medoids: each finds what it is for, and its rule says what its labels say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.algorithms import ALGORITHMS, fit, mixed
from coterie.clusters.algorithms.medoids import swap_medoids
from coterie.clusters.assignment import assign
from coterie.clusters.labels import Rule
from coterie.errors import Problem


def round_groups(n: int = 1_500, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    return np.array([[0.0, 0, 0], [8, 0, 0], [0, 8, 8]])[truth] + rng.normal(size=(n, 3)), truth


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_every_algorithm_finds_plain_groups_and_leaves_a_rule(algorithm: str) -> None:
    matrix, truth = round_groups()
    found = fit(matrix, algorithm, 3, 1)
    assert found.k == 3
    assert adjusted_rand(found.labels, truth) > 0.94
    labels, distances = assign(matrix, Rule.read(found.rule.parameters()))
    assert (labels == found.labels).all()
    assert found.sizes.tolist() == sorted(found.sizes.tolist(), reverse=True)
    assert found.sizes.sum() + found.noise == len(matrix)
    assert np.isfinite(distances).all()
    again = fit(matrix, algorithm, 3, 1)
    assert again.centres.tobytes() == found.centres.tobytes()
    assert adjusted_rand(fit(matrix[::-1].copy(), algorithm, 3, 1).labels[::-1], found.labels) > 0.97


def test_a_mixture_sees_direction_where_means_do_not() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 2_000)
    matrix = rng.normal(size=(2_000, 2)) * [6, 0.5] + np.where(truth[:, None] == 1, [0.0, 4.0], [0.0, 0.0])
    assert adjusted_rand(fit(matrix, "gaussian", 2).labels, truth) > 0.98
    assert adjusted_rand(fit(matrix, "kmeans", 2).labels, truth) < 0.5
    narrow = fit(matrix, "gaussian", 2, covariance="diag")
    assert adjusted_rand(narrow.labels, truth) > 0.98


def test_crowds_leave_the_scattered_out() -> None:
    rng = np.random.default_rng(2)
    crowds = np.vstack([rng.normal(0, 0.3, (300, 2)), rng.normal(6, 0.3, (300, 2))])
    scattered = rng.uniform(-10, 16, (60, 2))
    for algorithm in ("hdbscan", "dbscan"):
        found = fit(np.vstack([crowds, scattered]), algorithm, 0)
        assert found.k == 2
        assert (found.labels[600:] == -1).mean() > 0.8
        assert (found.labels[:600] >= 0).mean() > 0.9
    with pytest.raises(Problem, match="nobody is in a crowd"):
        fit(rng.uniform(0, 1, (400, 6)), "hdbscan", 0, min_people=150)


def coded(seed: int = 0) -> tuple[Any, Any]:
    """Return numbers that say little, a category that says much, and the groups."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, 900)
    plan = np.where(rng.random(900) < 0.95, truth, rng.integers(0, 3, 900))
    return np.column_stack([rng.normal(size=(900, 2)) + 0.8 * truth[:, None], np.eye(3)[plan]]), truth


def test_categories_count_with_numbers() -> None:
    matrix, truth = coded()
    assert mixed.groups_of(matrix) == ((2, 3, 4),)
    for algorithm in ("kprototypes", "gower"):
        told = {"gamma": 4.0} if algorithm == "kprototypes" else {}
        found = fit(matrix, algorithm, 3, 1, **told)
        assert adjusted_rand(found.labels, truth) > 0.8
        prototypes = found.centres[:, 2:] / found.rule.scales[2:]
        np.testing.assert_allclose(np.sort(prototypes, axis=1), [[0, 0, 1]] * 3, atol=1e-9)


def test_a_difference_of_category_costs_gamma() -> None:
    matrix, _ = coded()
    found = fit(matrix, "kprototypes", 3, 1, gamma=2.5)
    row = np.concatenate([found.centres[0, :2], [1.0, 0, 0]])
    costs = [
        assign(np.concatenate([row[:2], np.eye(3)[plan]])[None], found.rule.only(0))[1][0] ** 2 for plan in range(3)
    ]
    np.testing.assert_allclose(sorted(costs), [0, 2.5, 2.5], atol=1e-9)


def test_no_exchange_of_medoids_is_better() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(60, 2))
    distances = np.abs(matrix[:, None] - matrix[None]).sum(axis=2).astype(np.float32)
    medoids, _ = swap_medoids(distances, 3, rng)
    cost = distances[:, medoids].min(axis=1).sum()
    for place in range(3):
        for other in range(60):
            tried = medoids.copy()
            tried[place] = other
            assert distances[:, tried].min(axis=1).sum() >= cost - 1e-3


@pytest.mark.parametrize(
    ("matrix", "algorithm", "k", "match"),
    [
        (np.zeros((10, 0)), "kmeans", 2, "nothing to cluster by"),
        (np.full((10, 2), np.nan), "kmeans", 2, "not finite"),
        (np.ones((10, 2)), "kmeans", 2, "fewer different customers"),
        (np.eye(3), "kmean", 2, "unknown algorithm"),
        (np.eye(3), "kmeans", 0, "at least one"),
    ],
)
def test_what_cannot_be_clustered_is_said(matrix: Any, algorithm: str, k: int, match: str) -> None:
    with pytest.raises(Problem, match=match):
        fit(matrix, algorithm, k)
