"""When people come: the rhythm of a day and of a week."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coterie.lab.people import BARGAIN, TYPES, UTC_OFFSETS_H, People
from coterie.limits import DAY_US, HOUR_US

HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 10, 9, 8, 8, 8, 9, 11, 13, 14, 12, 8, 4)
"""How busy each local hour of a day is."""
WEEKDAY_FACTORS = (0.95, 0.92, 0.94, 0.98, 1.05, 1.14, 1.02)
"""How busy each weekday is, Monday first."""
FADE = 0.45
"""A lapsing person's visits shrink by this factor per day."""

_CDF = np.concatenate([[0.0], np.cumsum(HOUR_WEIGHTS)]) / sum(HOUR_WEIGHTS)


def visits_on(day: int, weekday: int, people: People, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the person of each visit of one day, ordered by person."""
    rate = people.rate * WEEKDAY_FACTORS[weekday]
    bargain = people.type == BARGAIN
    weekend = 7 * TYPES[BARGAIN].sale / (5 + 2 * TYPES[BARGAIN].sale)
    rate = np.where(bargain, rate * (weekend if weekday >= 5 else weekend / TYPES[BARGAIN].sale), rate)
    rate = np.where(people.joins <= day, rate, 0.0)
    rate *= FADE ** np.clip(day - people.quits, 0, 60)
    return np.repeat(np.arange(len(rate)), rng.poisson(rate))


def moments(day_at: int, country: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return an instant of the UTC day that begins at ``day_at`` for each entry, busy at local busy hours."""
    local = np.interp(rng.random(len(country)), _CDF, np.arange(25.0)) * HOUR_US
    shift = np.array(UTC_OFFSETS_H)[country] * HOUR_US
    at: NDArray[np.int64] = day_at + (local.astype(np.int64) - shift) % DAY_US
    return at
