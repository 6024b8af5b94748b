"""What an artefact says of clusters is read whole and coherent, or refused: no array is read beyond its end."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from coterie.clusters.fitted import FittedClusters, Group
from coterie.clusters.labels import Rule
from coterie.errors import Problem
from coterie.features.preparation.preparation import CategoryStep, NumberStep, Preparation
from coterie.learned.artefact import Array

PREPARATION = Preparation(
    numbers=(NumberStep(column="orders", fill=0.0),),
    categories=(CategoryStep(column="city", levels=("Bern",), codes=((1.0,), (0.0,), (0.0,)), names=("city=Bern",)),),
    made=("orders", "city=Bern"),
    kept=(0, 1),
)
RULE = Rule(centres=np.array([[0.0, 0.0], [5.0, 1.0]]), scales=np.ones(2), reach=np.full(2, np.inf))
FITTED = FittedClusters(preparation=PREPARATION, rule=RULE, groups=(Group(key="few"), Group(key="many")))


def plain(**rule: Any) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(FITTED.parameters()))
    told["rule"] |= {name: msgspec.to_builtins(Array.of(np.asarray(values))) for name, values in rule.items()}
    return told


def test_what_was_told_is_read_again() -> None:
    read = FittedClusters.read(plain())
    assert read.keys == ("few", "many")
    assert read.assign_inputs(np.array([[4.0, 1.0, 0.0]]))[0].tolist() == [1]


@pytest.mark.parametrize(
    "rule",
    [
        {"scales": np.ones(1)}, {"reach": np.ones(1)}, {"centres": np.zeros(4)}, {"centres": np.zeros((0, 2))},
        {"weights": np.ones(3)}, {"whitening": np.ones((2, 2, 1))}, {"scales": np.ones(2, np.int64)},
        {"surprise": np.ones(2)},
    ],
    ids=str,
)  # fmt: skip
def test_arrays_that_do_not_fit_one_another_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(Problem):
        FittedClusters.read(plain(**rule))


def test_a_mixture_without_its_shapes_and_another_metric_are_refused() -> None:
    for metric in ("gaussian", "cosine"):
        told = plain()
        told["rule"]["metric"] = metric
        with pytest.raises(Problem, match="no rule"):
            FittedClusters.read(told)


@pytest.mark.parametrize(
    ("part", "value"), [("kept", [0, 7]), ("rotation", {"centre": [0, 0], "axes": [[1]], "shares": [1, 2]})]
)
def test_a_preparation_whose_parts_do_not_fit_is_refused(part: str, value: Any) -> None:
    told = plain()
    told["preparation"][part] = value
    with pytest.raises(Problem):
        FittedClusters.read(told)


def test_codes_that_do_not_fit_their_levels_are_refused() -> None:
    told = plain()
    told["preparation"]["categories"][0]["codes"] = [[1.0]]
    with pytest.raises(Problem):
        FittedClusters.read(told)
