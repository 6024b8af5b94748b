"""Rates by the hour: nights and weekends are no news, a step is."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.limits import HOUR_US
from coterie.monitoring.drift.rates import WEEK_HOURS, rate_alarms, surprises


def _counts(seed: int, rate: float, days: int = 60, step: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    hours = np.arange(days * 24)
    means = rate * (1 + 0.8 * np.sin(2 * np.pi * hours / 24)) * (1 + 0.3 * (hours // 24 % 7 >= 5))
    means = np.where(hours >= days * 12, means * step, means)
    return np.random.default_rng(seed).poisson(means)


@pytest.mark.parametrize("rate", [0.3, 3.0, 30.0])
def test_days_and_weeks_alarm_nobody(rate: float) -> None:
    assert [rate_alarms(_counts(seed, rate), 0) for seed in range(5)] == [[]] * 5


@pytest.mark.parametrize(("rate", "step"), [(3.0, 2.0), (30.0, 2.0), (30.0, 0.5)])
def test_a_step_is_seen_within_two_days(rate: float, step: float) -> None:
    found = rate_alarms(_counts(7, rate, step=step), HOUR_US)
    assert {one.detector for one in found} == {"adwin", "page_hinkley"}
    after = 1 + 30 * 24
    assert all(one.at > after * HOUR_US for one in found)
    assert min(one.at for one in found) < (after + 48) * HOUR_US
    first = found[0]
    assert (first.now > first.before) == (step > 1.0)


def test_surprises_are_of_one_spread_and_begin_after_two_weeks() -> None:
    found = surprises(_counts(1, 20.0))
    assert len(found) == 60 * 24 - 2 * WEEK_HOURS
    assert abs(found.mean()) < 0.1
    assert found.std() == pytest.approx(np.sqrt(1.5), rel=0.1)
    assert len(surprises([1] * 100)) == 0
