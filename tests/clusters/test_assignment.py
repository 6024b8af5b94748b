"""One rule, one answer: for a row alone, for many, for any number of threads; and it is the answer that the formula gives."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from coterie.clusters import compiled
from coterie.clusters.algorithms.gaussian import shapes
from coterie.clusters.assignment import assign
from coterie.clusters.labels import Metric, Rule
from coterie.errors import Problem


def a_rule(metric: Metric, k: int = 5, width: int = 4) -> Rule:
    rng = np.random.default_rng(3)
    matrix, labels = rng.normal(0, 2, (400, width)), rng.integers(0, k, 400)
    centres, whitening, weights = shapes(matrix, labels, k)
    density = {"weights": weights, "whitening": whitening} if metric == "gaussian" else {}
    return Rule(
        metric=metric, centres=centres * 9, scales=np.linspace(0.5, 2, width), reach=np.linspace(2, 9, k), **density
    )


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "gaussian"])
def test_a_row_alone_is_a_row_among_many(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, rule = np.random.default_rng(4).normal(0, 2, (2_000, 4)), a_rule(metric)
    labels, distances = assign(matrix, rule)
    alone = [assign(matrix[row : row + 1], rule) for row in range(0, 2_000, 7)]
    assert [int(one[0][0]) for one in alone] == labels[::7].tolist()
    assert [one[1][0].tobytes() for one in alone] == [one.tobytes() for one in distances[::7]]
    monkeypatch.setattr(compiled, "ROWS_PER_PART", 100)
    monkeypatch.setattr(compiled, "threads", lambda: 4)
    again = assign(matrix, rule)
    assert again[0].tobytes() == labels.tobytes()
    assert again[1].tobytes() == distances.tobytes()
    assert set(labels.tolist()) >= {-1, 0}


def test_the_nearest_centre_in_the_scaled_space() -> None:
    matrix, rule = np.random.default_rng(5).normal(0, 2, (500, 4)), a_rule("euclidean")
    apart = np.sqrt((((matrix * rule.scales)[:, None] - rule.centres[None]) ** 2).sum(axis=2))
    labels, distances = assign(matrix, rule)
    nearest = apart.argmin(axis=1)
    np.testing.assert_allclose(distances, apart.min(axis=1), rtol=1e-12)
    assert (labels == np.where(apart.min(axis=1) <= rule.reach[nearest], nearest, -1)).all()
    manhattan = msgspec.structs.replace(rule, metric="manhattan")
    sums = np.abs((matrix * rule.scales)[:, None] - rule.centres[None]).sum(axis=2)
    np.testing.assert_allclose(assign(matrix, manhattan)[1], sums.min(axis=1), rtol=1e-12)


def test_the_most_probable_component() -> None:
    rng = np.random.default_rng(6)
    matrix, labels = rng.normal(0, 1, (300, 3)) @ rng.normal(size=(3, 3)), rng.integers(0, 3, 300)
    centres, whitening, weights = shapes(matrix, labels, 3)
    rule = Rule(
        metric="gaussian",
        centres=centres,
        scales=np.ones(3),
        reach=np.full(3, np.inf),
        weights=weights,
        whitening=whitening,
    )
    covariances = [np.linalg.inv(each.T @ each) for each in whitening]
    densities = np.stack(
        [
            np.log(weight) + multivariate_normal(centre, covariance).logpdf(matrix)
            for weight, centre, covariance in zip(weights, centres, covariances, strict=True)
        ]
    )
    assert (assign(matrix, rule)[0] == densities.argmax(axis=0)).all()


def test_who_cannot_be_placed_is_in_no_cluster() -> None:
    labels, distances = assign(np.array([[np.nan, 0, 0, 0], [np.inf, 0, 0, 0]]), a_rule("euclidean"))
    assert labels.tolist() == [-1, -1]
    assert np.isinf(distances).all()
    with pytest.raises(Problem, match="not the features"):
        assign(np.zeros((3, 5)), a_rule("euclidean"))


@pytest.mark.parametrize("metric", ["euclidean", "gaussian"])
def test_a_rule_comes_back_from_plain_data(metric: Metric) -> None:
    rule = a_rule(metric)
    plain = msgspec.json.decode(msgspec.json.encode(rule.parameters()))
    again = Rule.read(plain)
    matrix = np.random.default_rng(7).normal(0, 2, (100, 4))
    assert assign(matrix, again)[1].tobytes() == assign(matrix, rule)[1].tobytes()
