"""Interests: planted tastes are found, the same for one as for all, and nothing is said of who looked at little."""

from __future__ import annotations

import json

import numpy as np
import pytest

from coterie.errors import Problem
from coterie.features.psychographic.embedding import terms_of
from coterie.features.psychographic.interests import Interests, fit_interests

OUTDOOR, KITCHEN = ("boots", "maps", "tents"), ("knives", "ovens", "pans")


def _people(count: int = 300) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(0)
    found: dict[str, dict[str, float]] = {}
    for number in range(count):
        own = (OUTDOOR, KITCHEN)[number % 2]
        drawn = [*rng.choice(own, 12), *rng.choice([*OUTDOOR, *KITCHEN], 2), *["sale"] * 9]
        found[f"p{number:04}"] = {term: float(drawn.count(term)) for term in drawn}
    found["quiet"] = {"maps": 1.0}
    return found


def test_planted_tastes_are_found() -> None:
    people = _people()
    found = fit_interests(people, people_min=20, dimensions=3, least=3)
    table = found.table(people, at=0)
    interest = dict(zip(table.profiles.tolist(), table.column("interest").values.tolist(), strict=True))
    right = sum(interest[f"p{n:04}"] in (OUTDOOR, KITCHEN)[n % 2] for n in range(300))
    assert right > 270  # what everybody looks at ("sale") is nobody's interest
    assert interest["quiet"] is None
    assert np.isnan(table.column("interest_1").values[-1])
    second = table.column("interest_2").values[:300]
    apart = abs(second[::2].mean() - second[1::2].mean()) / second.std()
    assert apart > 1.5
    named = set(found.axes.names[1].split(", "))
    assert named <= set(OUTDOOR) or named <= set(KITCHEN)


def test_one_person_has_the_same_bits_alone() -> None:
    people = _people(60)
    found = Interests.of(
        json.loads(json.dumps(fit_interests(people, people_min=5, dimensions=4, least=3).parameters()))
    )
    assert found == fit_interests(people, people_min=5, dimensions=4, least=3)
    whole = found.table(people, at=0)
    for place, one in enumerate(sorted(people)):
        alone = found.table({one: people[one]}, at=0)
        for column, other in zip(alone.columns, whole.columns, strict=True):
            if column.kind == "number":
                assert np.array_equal(column.values, other.values[place : place + 1], equal_nan=True)
            else:
                assert column.values[0] == other.values[place]


def test_weights_and_axes_are_those_of_scikit_learn() -> None:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer

    people = _people(80)
    found = fit_interests(people, people_min=2, dimensions=2, least=1)
    counts = np.array([[people[one].get(term, 0.0) for term in found.terms.terms] for one in sorted(people)])
    expected = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    placed = TruncatedSVD(2, algorithm="arpack", random_state=0).fit_transform(expected)
    table = found.table(people, at=0)
    mine = table.numbers(["interest_1", "interest_2"])
    np.testing.assert_allclose(np.abs(mine), np.abs(placed), rtol=1e-6, atol=1e-9)


def test_a_category_of_few_people_does_not_count() -> None:
    people = {f"p{n}": {"a": 1.0, "b": 2.0} for n in range(10)} | {"x": {"secret": 9.0, "a": 1.0}}
    assert terms_of(list(people.values()), people_min=5).terms == ("a", "b")
    with pytest.raises(Problem, match="too few terms"):
        fit_interests(people, people_min=50, dimensions=2, least=1)
