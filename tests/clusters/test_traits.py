"""What is written about people, and when something else must be."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.clusters.fitted import FittedClusters, Group
from coterie.clusters.labels import Rule
from coterie.clusters.traits import ANOTHER, Written, differs, terms_of, values_of, written
from coterie.errors import Problem
from coterie.features.preparation.preparation import NumberStep, Preparation
from coterie.features.table import Column, FeatureTable

NAN = np.nan


def test_what_is_written_is_read_from_its_measures() -> None:
    assert len(terms_of("m", ("a", "b"))) == 5
    measured = np.array(
        [[1, 0, 1, 0.5, 2], [0, 1, 1, 0.25, 2], [0, 0, 1, 0.1, 1], [0, 0, 0, NAN, NAN], [0, 0, 0, 3.0, 2]]
    )
    found = written(measured, ("a", "b"))
    assert found.places.tolist() == [0, 1, ANOTHER, -1, -1]
    np.testing.assert_array_equal(found.distances, [0.5, 0.25, 0.1, NAN, 3.0])


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ((0, 1.0), (0, 1.0, 2), False),
        ((1, 1.0), (0, 1.0, 2), True),  # another cluster
        ((0, 1.0), (0, 1.0, 1), True),  # another version
        ((0, 1.0), (ANOTHER, 1.0, 2), True),  # a cluster of an older version
        ((0, 1.1), (0, 1.0, 2), False),  # within the tolerance
        ((0, 1.11), (0, 1.0, 2), True),
        ((0, 0.89), (0, 1.0, 2), True),
        ((0, 0.0), (0, 0.0, 2), False),
        ((0, 1e-9), (0, 0.0, 2), True),
        ((0, 1.0), (-1, NAN, NAN), True),  # met for the first time
        ((-1, NAN), (-1, NAN, NAN), False),  # of whom there is nothing to say
        ((-1, NAN), (0, 1.0, 2), True),  # left the population
        ((-1, NAN), (-1, NAN, 2), False),  # and was told so
        ((-1, 9.0), (-1, NAN, NAN), True),  # far from everything
        ((-1, 9.0), (-1, 9.1, 2), False),
        ((-1, 9.0), (0, 9.0, 2), True),
    ],
)
def test_something_else_is_written_when_it_must(
    now: tuple[int, float], before: tuple[int, float, float], expected: bool
) -> None:
    place, distance, version = before
    held = Written(np.array([place]), np.array([distance]), np.array([version], np.float64))
    assert differs(np.array([now[0]]), np.array([now[1]]), held, 2, 0.100001).tolist() == [expected]


def test_what_there_is_not_is_removed() -> None:
    told = values_of("m", ("a", "b"), -1, NAN, 3)
    assert told == {"cluster.m": None, "cluster_distance.m": None, "cluster_version.m": 3}
    assert values_of("m", ("a", "b"), 1, 2.0, 3) == {"cluster.m": "b", "cluster_distance.m": 2, "cluster_version.m": 3}


def fitted(*keys: str) -> FittedClusters:
    return FittedClusters(
        preparation=Preparation(numbers=(NumberStep(column="x", fill=None),), categories=(), made=("x",), kept=(0,)),
        rule=Rule(centres=np.array([[0.0], [10.0]]), scales=np.ones(1), reach=np.array([np.inf, 2.0])),
        groups=tuple(Group(key=key) for key in keys),
    )


def test_a_fit_reads_back_and_places_people() -> None:
    again = FittedClusters.read(fitted("low", "high").parameters())
    values = np.array([1.0, 9.0, 30.0, NAN])
    table = FeatureTable(profiles=np.array(list("abcd"), object), columns=(Column(name="x", values=values),), at=0)
    labels, distances = again.assign_table(table)
    assert labels.tolist() == [0, 1, -1, -1]  # the third is too far away, of the fourth nothing is known
    assert distances.tolist() == [1.0, 1.0, 20.0, np.inf]
    assert again.keys == ("low", "high")


def test_names_are_one_per_cluster_and_all_different() -> None:
    with pytest.raises(Problem, match="as many names"):
        fitted("low")
    with pytest.raises(Problem, match="one key"):
        fitted("low", "low")
    with pytest.raises(Problem, match="no clusters"):
        FittedClusters.read({"rule": {}})
