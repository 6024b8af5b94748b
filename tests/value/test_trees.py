"""Trees as arrays: LightGBM's own answers bit for bit, and files that are no trees refused."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from coterie.errors import Problem
from coterie.value.boosting import Settings, boost
from coterie.value.trees import Trees, of_nodes


def rows(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(count, 6))
    found[:, 5] = np.round(found[:, 5])
    found[rng.random(found.shape) < 0.1] = np.nan
    found[:, 4] = rng.normal(size=count)
    return found


def test_the_sum_is_that_of_lightgbm_bit_for_bit() -> None:
    learn, ask = rows(3_000, 1), rows(5_000, 2)
    ask[:500, 4] = np.nan  # where nothing was missing when it learned
    ask[500:600] = 0.0
    outcomes = np.random.default_rng(3).random(3_000) < 1 / (1 + np.exp(-np.nan_to_num(learn[:, 0])))
    settings = {"objective": "binary", "num_leaves": 31, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(learn, outcomes.astype(float)), 60)
    trees = of_nodes([one["tree_structure"] for one in booster.dump_model()["tree_info"]], 6)
    for asked in (learn, ask):
        assert np.array_equal(trees.scores(asked), booster.predict(asked, raw_score=True))
    again = Trees.read(trees.told())
    assert np.array_equal(again.scores(ask), trees.scores(ask))
    assert np.array_equal(
        np.concatenate([again.scores(ask[row : row + 1]) for row in range(50)]), trees.scores(ask)[:50]
    )


def test_the_same_data_and_seed_give_the_same_trees() -> None:
    learn, other = rows(2_000, 4), rows(1_000, 5)
    outcomes, others = np.nan_to_num(learn[:, 1]) > 0.5, np.nan_to_num(other[:, 1]) > 0.5
    first, second = (boost(learn, outcomes, (other, others), Settings(seed=8)) for _ in range(2))
    assert first.trees.told() == second.trees.told()
    assert first.gains.sum() == pytest.approx(1)
    assert first.gains.argmax() == 1
    assert first.rounds < 300


def test_a_single_leaf_is_a_tree() -> None:
    trees = of_nodes([{"leaf_value": -1.5}, {"leaf_value": 0.25}], 2)
    assert trees.scores(np.zeros((3, 2))).tolist() == [-1.25] * 3


@pytest.mark.parametrize(
    "changes", [{"left": [0]}, {"right": [-9]}, {"feature": [7]}, {"roots": [4]}, {"threshold": [1.0, 2.0]}]
)
def test_arrays_that_are_no_trees_are_refused(changes: dict[str, list[float]]) -> None:
    whole = {"roots": [0], "feature": [1], "missing_left": [1], "left": [-1], "right": [-2]}
    arrays = {name: np.array(changes.get(name, values), np.int64) for name, values in whole.items()}
    threshold = np.array(changes.get("threshold", [0.5]))
    with pytest.raises(Problem, match="no trees"):
        Trees(**arrays, threshold=threshold, leaves=np.array([1.0, 2.0]), width=2)
    with pytest.raises(Problem, match="other features"):
        of_nodes([{"leaf_value": 1.0}], 2).scores(np.zeros((1, 3)))
