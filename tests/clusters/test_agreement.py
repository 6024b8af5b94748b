"""Agreement of clusterings: the number of scikit-learn, and its ends."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import adjusted_rand_score

from coterie.clusters.agreement import adjusted_rand


def test_it_is_the_adjusted_rand_index() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        one, other = rng.integers(-1, 4, 60), rng.integers(0, 5, 60)
        assert abs(adjusted_rand(one, other) - adjusted_rand_score(one, other)) < 1e-12


def test_names_do_not_matter_and_one_cluster_is_itself() -> None:
    one = np.array([0, 0, 1, 1, 2])
    assert adjusted_rand(one, np.array([2, 2, 0, 0, 1])) == 1.0
    assert adjusted_rand(np.zeros(5, np.int64), np.zeros(5, np.int64)) == 1.0
