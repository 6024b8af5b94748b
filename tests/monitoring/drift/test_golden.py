"""The published vectors of drift metrics, to the printed digit."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.errors import Problem
from coterie.model import Undetermined
from coterie.monitoring.drift import bins, distances, significance
from coterie.monitoring.drift.migration import ABSENT, migration


@pytest.fixture(scope="module")
def samples() -> tuple[bins.Floats, bins.Floats]:
    drawn = np.random.default_rng(42)
    return drawn.normal(0.0, 1.0, 2000), drawn.normal(0.3, 1.2, 2000)


def test_numbers(samples: tuple[bins.Floats, bins.Floats]) -> None:
    a, b = samples
    edges = bins.sturges_edges(a, b)
    p, q = bins.binned(a, edges), bins.binned(b, edges)
    assert p.sum() == pytest.approx(1.0)
    assert len(p) == 13
    assert distances.population_stability(p, q) == pytest.approx(0.18655, abs=1e-5)
    assert distances.jensen_shannon(p, q) == pytest.approx(0.145726, abs=1e-6)
    assert distances.kullback_leibler(p, q) == pytest.approx(0.075974, abs=1e-6)
    assert distances.hellinger(p, q) == pytest.approx(0.150711, abs=1e-6)
    assert distances.normed_wasserstein(a, b) == pytest.approx(0.374312, abs=1e-6)
    assert significance.kolmogorov_smirnov(a, b) == pytest.approx(2.549e-24, rel=1e-3)


def test_categories() -> None:
    before, now = ["a"] * 500 + ["b"] * 300 + ["c"] * 200, ["a"] * 420 + ["b"] * 330 + ["c"] * 250
    p, q, names = bins.counted(before, now)
    assert names == ("a", "b", "c")
    assert distances.population_stability(p, q) == pytest.approx(0.02796475, abs=1e-8)
    assert distances.jensen_shannon(p, q) == pytest.approx(0.0590793, abs=1e-7)
    assert significance.chi_square(np.array([500, 300, 200]), np.array([420, 330, 250])) == pytest.approx(
        7.157e-7, rel=1e-3
    )


def test_a_p_value_screams_where_the_effect_is_small() -> None:
    p, q, _ = bins.counted(["a"] * 500 + ["b"] * 500, ["a"] * 47_000 + ["b"] * 53_000)
    assert distances.population_stability(p, q) < 0.1
    assert float(significance.chi_square(p * 1000, q * 100_000)) < 1e-6  # type: ignore[arg-type]


def test_the_same_is_at_no_distance_and_order_does_not_matter() -> None:
    p = np.array([0.25, 0.0, 0.75])
    q = np.array([0.5, 0.5, 0.0])
    for measure in (distances.population_stability, distances.jensen_shannon, distances.hellinger):
        assert measure(p, p) == 0.0
        assert measure(p, q) == pytest.approx(measure(q, p))
    assert distances.hellinger(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert distances.jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(np.sqrt(np.log(2.0)))
    assert distances.wasserstein(np.array([0.0, 1.0]), np.array([5.0, 6.0])) == 5.0
    assert distances.normed_wasserstein(np.array([2.0, 2.0]), np.array([3.0])) is None


def test_what_cannot_be_said() -> None:
    assert isinstance(significance.chi_square(np.array([1, 2]), np.array([3, 3])), Undetermined)
    assert isinstance(significance.kolmogorov_smirnov(np.array([1.0]), np.array([1.0, 2.0])), Undetermined)
    with pytest.raises(Problem, match="nothing to compare"):
        bins.binned(np.array([]), np.array([1.0]))
    with pytest.raises(Problem, match="different bins"):
        distances.hellinger(np.array([1.0]), np.array([0.5, 0.5]))


def test_migration() -> None:
    before = {"ada": "loyal", "bob": "loyal", "cem": "new", "dag": "new"}
    after = {"ada": "loyal", "bob": "new", "cem": "new", "eve": "loyal"}
    moves = migration(before, after)
    assert moves.before == moves.after == (ABSENT, "loyal", "new")
    assert moves.counts == ((0, 1, 0), (0, 1, 1), (1, 0, 1))
    assert moves.retention() == {"loyal": 0.5, "new": 0.5}
    assert moves.stayed() == pytest.approx(2 / 3)
    assert isinstance(migration({}, {"a": "x"}).stayed(), Undetermined)
