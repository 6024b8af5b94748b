"""Several algorithms and selections compared: the groups that are there win, and no time is spent that was not given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.choice.automatic import Automatic, automatic
from coterie.errors import Problem


def groups(seed: int = 0) -> tuple[Any, Any]:
    """Return (600, 3) people in three groups that only the first two columns tell, and their groups."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(3), 200)
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    return np.column_stack([centres[truth] + rng.normal(0, 1, (600, 2)), rng.normal(0, 6, 600)]), truth


def run(matrices: dict[str, Any], algorithms: tuple[str, ...], budget_s: float = 1e9, tick: float = 1.0) -> Automatic:
    now = [0.0]

    def clock() -> float:
        now[0] += tick
        return now[0]

    return automatic(
        matrices, algorithms, ks=range(2, 6), settings=lambda algorithm: {}, seed=1, budget_s=budget_s, clock=clock,
        progress=lambda doing, share: None,
    )  # fmt: skip


def test_the_selection_in_which_the_groups_are_wins() -> None:
    matrix, truth = groups()
    found = run({"noise": matrix[:, 2:], "both": matrix[:, :2]}, ("kmeans",))
    assert (found.columns, found.clustering.k) == ("both", 3)
    assert adjusted_rand(found.clustering.labels, truth) > 0.98
    assert [(one.columns, one.structure) for one in found.tried] == [("noise", False), ("both", True)]
    assert "the best of 2" in found.words
    assert found.choice is not None


def test_nothing_new_is_begun_after_the_budget_and_the_first_is_always_done() -> None:
    matrix, _ = groups()
    found = run({"both": matrix[:, :2]}, ("hierarchical", "kmeans", "gaussian"), budget_s=0.0)
    assert [(one.algorithm, bool(one.why)) for one in found.tried] == [
        ("kmeans", False), ("gaussian", True), ("hierarchical", True),
    ]  # fmt: skip
    assert "2 were not, the time was spent" in found.words


def test_an_algorithm_that_finds_nothing_is_told_and_passed_over() -> None:
    matrix, _ = groups()
    found = run({"both": matrix[:, :2]}, ("kmeans", "dbscan"))
    assert found.clustering.k == 3
    even = np.random.default_rng(2).uniform(0, 1, (40, 2))
    with pytest.raises(Problem, match="no algorithm found clusters"):
        automatic(
            {"even": even}, ("dbscan",), ks=(2,), settings=lambda algorithm: {"eps": 1e-6}, seed=1, budget_s=1.0,
            clock=lambda: 0.0, progress=lambda doing, share: None,
        )  # fmt: skip
