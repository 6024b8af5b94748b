"""Areas under the curve against the definition by pairs, their intervals against repeated draws, and probabilities that hold."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.features.table import Rows
from coterie.model import Undetermined
from coterie.value.history import Floats
from coterie.value.probability import Calibration, calibrate, reliability
from coterie.value.ranking import Area, area


def drawn(count: int, seed: int, apart: float = 1.0) -> tuple[Floats, Rows]:
    rng = np.random.default_rng(seed)
    outcomes = rng.random(count) < 0.2
    return rng.normal(apart * outcomes, 1), outcomes


def test_the_area_and_its_variance_are_those_of_all_pairs() -> None:
    scores, outcomes = drawn(150, 1)
    scores = np.round(scores, 1)
    told = area(scores, outcomes)
    assert isinstance(told, Area)
    above, below = scores[outcomes][:, None], scores[~outcomes][None, :]
    wins = (above > below) + 0.5 * (above == below)
    assert told.value == pytest.approx(wins.mean(), abs=1e-12)
    variance = wins.mean(axis=1).var(ddof=1) / len(above) + wins.mean(axis=0).var(ddof=1) / below.shape[1]
    assert told.error == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert told.low < told.value < told.high


def test_the_interval_holds_the_true_area_as_often_as_it_says() -> None:
    truth = 0.7602499389065233  # of two normals one standard deviation apart
    held = 0
    for seed in range(300):
        told = area(*drawn(200, seed))
        assert isinstance(told, Area)
        held += told.low <= truth <= told.high
    assert 0.91 <= held / 300 <= 0.985


def test_what_cannot_be_said_is_not_said() -> None:
    scores = np.arange(100.0)
    few = np.zeros(100, bool)
    few[:9] = True
    for outcomes in (few, scores >= 50):
        told = area(scores, outcomes)
        assert isinstance(told, Undetermined)
        assert told.reason


def test_calibration_finds_the_line_and_nobody_is_certain() -> None:
    rng = np.random.default_rng(2)
    scores = rng.normal(0, 2, 20_000)
    outcomes = rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * scores - 1)))
    line = calibrate(scores, outcomes, "platt")
    assert line.slope == pytest.approx(0.5, abs=0.03)
    assert line.offset == pytest.approx(-1.0, abs=0.05)
    steps = calibrate(scores, outcomes, "auto")
    assert steps.method == "isotonic"
    for one in (line, steps):
        assert reliability(one.apply(scores), outcomes).ece < 0.01
        assert 0 < one.apply(np.array([-1e9])).item() < one.apply(np.array([1e9])).item() < 1
    few = np.arange(400)
    assert calibrate(scores[few], outcomes[few], "auto").method == "platt"
    assert calibrate(scores, np.zeros(20_000, bool), "auto") == Calibration(method="none", edge=1 / 20_002)


def test_reliability_tells_what_is_off() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(10_000) * 0.5
    outcomes = rng.random(10_000) < truth
    right, wrong = reliability(truth, outcomes), reliability(np.minimum(truth + 0.2, 1), outcomes)
    assert right.ece < 0.02
    assert wrong.ece == pytest.approx(0.2, abs=0.02)
    assert right.brier < right.brier_of_base < wrong.brier
    assert sum(one.people for one in right.bins) == 10_000
    assert sum(one.low <= one.predicted <= one.high for one in right.bins) >= 8
    assert right.lift == pytest.approx(0.475 / 0.25, rel=0.1)


def test_calibration_never_turns_the_order_round() -> None:
    scores, outcomes = drawn(400, 4)
    turned = calibrate(-scores, outcomes, "platt")
    told = turned.apply(scores)
    assert turned.slope == 0.0
    assert told.min() == told.max() == pytest.approx(outcomes.mean(), abs=0.01)


def test_reliability_does_not_depend_on_the_order_of_the_people() -> None:
    rng = np.random.default_rng(5)
    said, outcomes = np.round(rng.uniform(0.05, 0.95, 997), 1), rng.random(997) < 0.3
    order = np.argsort(outcomes, kind="stable")
    assert reliability(said, outcomes).bins == reliability(said[order], outcomes[order]).bins
    constant = reliability(np.full(997, 0.3), np.sort(outcomes))
    assert [one.people for one in constant.bins] == [997]
    assert constant.lift == 1.0
