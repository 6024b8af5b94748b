"""What a count should be on a day: a level that follows the last week, times the habit of the weekday, robust to bad days.

Source of the robust z: P. Rousseeuw, C. Croux, "Alternatives to the Median Absolute Deviation", JASA 1993 (factor 1.4826).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SIGMA = 1.4826
"""Standard deviation of a normal distribution per median absolute deviation."""
WEEK = 7
LEARNED_DAYS = 14
"""Days of history below which no count is judged: two of each weekday."""


class Expectation(Struct, frozen=True):
    """What is normal: the count, its spread on the logarithmic scale, and the largest deviation seen before on that scale, and from how many days."""

    count: float
    spread: float
    largest: float
    days: int
    """Days of history that say so."""

    def score(self, count: float) -> float:
        """Return how many robust standard deviations ``count`` is away; negative below."""
        noise = 1.0 / (self.count + 1.0)
        return self.deviation(count) / math.sqrt(self.spread**2 + noise + 1e-4)

    def deviation(self, count: float) -> float:
        """Return the deviation on the logarithmic scale."""
        return math.log((count + 1.0) / (self.count + 1.0))


def mad(values: Floats) -> float:
    """Return the robust standard deviation of ``values``, 0 for none."""
    return float(SIGMA * np.median(np.abs(values - np.median(values)))) if values.size else 0.0


def filled(series: Sequence[tuple[int, float]], day: int, days: int) -> Floats:
    """Return the counts of the ``days`` before ``day``, oldest first, from the first one known; days without any are 0."""
    known = dict(series)
    first = max(min(known, default=day), day - days)
    return np.array([known.get(one, 0.0) for one in range(first, day)])


def expectation(counts: Floats) -> Expectation | None:
    """Return what the day after ``counts`` should bring, ``None`` while there are too few days to know."""
    size = counts.size
    if size < LEARNED_DAYS:
        return None
    weekday = (np.arange(size + 1) - size) % WEEK  # 0 is the day that is asked about
    habits = _habits(counts, weekday[:size])
    plain = counts / np.maximum(habits[weekday[:size]], 0.05)
    steady = habits[weekday[:size]] >= 0.05
    told = np.array([_level(plain, steady, end) * habits[weekday[end]] for end in range(WEEK, size + 1)])
    deviations = np.log((counts[WEEK:] + 1.0) / (told[:-1] + 1.0))
    largest = float(np.sort(np.abs(deviations))[-2]) if deviations.size > 1 else 0.0
    return Expectation(float(told[-1]), mad(deviations), largest, size)


def _habits(counts: Floats, weekday: NDArray[np.int64]) -> Floats:
    """Return the factor of each weekday: the median of count by mean of the seven days that end with it."""
    means = np.array([counts[max(0, end - 3) : end + 4].mean() for end in range(counts.size)])
    ratio = np.where(means > 0, counts / np.maximum(means, 1e-9), 0.0)
    return np.array([np.median(ratio[weekday == one]) if (weekday == one).any() else 1.0 for one in range(WEEK)])


def _level(plain: Floats, steady: NDArray[np.bool_], end: int) -> float:
    """Return the level before the day ``end``: the median of the last week's days that are habitually busy."""
    last = plain[max(0, end - WEEK) : end][steady[max(0, end - WEEK) : end]]
    return float(np.median(last)) if last.size else 0.0
