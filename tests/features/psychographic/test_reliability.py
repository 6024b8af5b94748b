"""Cronbach's alpha: a published example with its interval, the interval's coverage, and what is not known."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.errors import Problem
from coterie.features.psychographic.reliability import reliability
from coterie.model import Undetermined

ANSWERS = np.array([
    [1, 2, 2, 3, 2, 2, 3, 3, 2, 3],
    [1, 1, 1, 2, 3, 3, 2, 3, 3, 3],
    [1, 1, 2, 1, 2, 3, 3, 3, 2, 3],
], np.float64).T  # fmt: skip


def test_the_worked_example_of_statistics_how_to() -> None:
    found = reliability("q", ("Q1", "Q2", "Q3"), ANSWERS)
    assert found.alpha == pytest.approx(0.7734375, abs=1e-12)
    assert found.low == pytest.approx(0.336, abs=5e-4)
    assert found.high == pytest.approx(0.939, abs=5e-4)
    first = found.items[0]
    assert first.rest == pytest.approx(np.corrcoef(ANSWERS[:, 0], ANSWERS[:, 1:].sum(axis=1))[0, 1])
    assert first.without == pytest.approx(reliability("q", ("Q2", "Q3"), ANSWERS[:, 1:]).alpha)
    assert found.says.startswith("q: alpha 0.77 (0.34 to 0.94), 10 people, acceptable")


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    truth = 5 * 0.5 / (1 + 4 * 0.5)  # five items that correlate 0.5
    hits = 0
    for _ in range(400):
        answers = rng.normal(size=(60, 1)) * np.sqrt(0.5) + rng.normal(size=(60, 5)) * np.sqrt(0.5)
        found = reliability("x", tuple("abcde"), answers)
        assert isinstance(found.low, float)
        assert isinstance(found.high, float)
        hits += found.low <= truth <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_an_item_that_was_not_reversed_is_told() -> None:
    answers = np.random.default_rng(1).normal(size=(100, 1)) + 0.5 * np.random.default_rng(2).normal(size=(100, 4))
    answers[:, 2] *= -1
    found = reliability("outgoing", ("a", "b", "quiet", "d"), answers)
    assert "quiet goes against the rest" in found.says
    assert found.items[2].rest < 0  # type: ignore[operator]
    assert found.items[2].without > found.alpha  # type: ignore[operator]


def test_what_cannot_be_said_is_not_a_number() -> None:
    few = reliability("q", ("a", "b"), ANSWERS[:5, :2])
    assert few.alpha == Undetermined("5 people answered every item, and it takes 10")
    assert few.low == few.alpha
    assert isinstance(reliability("q", ("a",), ANSWERS[:, :1]).alpha, Undetermined)
    same = reliability("q", ("a", "b"), np.ones((20, 2)))
    assert same.alpha == Undetermined("everybody has the same sum")
    gaps = ANSWERS.copy()
    gaps[0, 0] = np.nan
    told = reliability("q", ("a", "b", "c"), gaps)
    assert (told.people, told.answered, told.items[0].answers) == (9, 10, 9)
    with pytest.raises(Problem, match="do not belong together"):
        reliability("q", ("a",), ANSWERS)
