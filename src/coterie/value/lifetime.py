"""Customer lifetime value: the purchases to be expected, each worth what it is expected to be, discounted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from coterie.value.history import Floats, Histories

PERIOD_DAYS = 30.0
"""What is bought within such a period is discounted as if it were bought at its end."""


class Counting(Protocol):
    """A model of how often people buy. Times are in the unit of the histories that it was fitted on."""

    def alive(self, who: Histories) -> Floats:
        """Return the probability that each is still a customer, (n,)."""
        ...

    def purchases(self, who: Histories, time: float | Floats) -> Floats:
        """Return the purchases to be expected of each within ``time``, (n,)."""
        ...

    def purchases_of_new(self, time: float | Floats) -> Floats:
        """Return the purchases, after the first, to be expected of somebody new within ``time``."""
        ...


def lifetime_value(
    model: Counting, who: Histories, worth: Floats, *, periods: int, period: float, discount: float
) -> Floats:
    """Return the value of each over ``periods`` of length ``period`` (in the model's unit of time), (n,).

    ``discount`` is the rate per period; what is bought within a period counts at its end. ``worth`` is the value of one purchase.
    Cost: one evaluation of the model per period.
    """
    ends = [number * period for number in range(1, periods + 1)]
    return worth * discounted(model, who, ends, [(1 + discount) ** -number for number in range(1, periods + 1)])


def discounted(model: Counting, who: Histories, ends: Sequence[float], factors: Sequence[float]) -> Floats:
    """Return the purchases to be expected of each, (n,), those between one of ``ends`` and the one before times its factor."""
    value: Floats = np.zeros(len(who))
    before: Floats = np.zeros(len(who))
    for end, factor in zip(ends, factors, strict=True):
        until = model.purchases(who, end)
        value += (until - before) * factor
        before = until
    return value


def schedule(horizon_days: float, discount_yearly: float) -> tuple[list[float], list[float]]:
    """Return the ends of periods in days, the last at the horizon, and the factor of each.

    >>> schedule(75, 0.0)
    ([30.0, 60.0, 75], [1.0, 1.0, 1.0])
    """
    ends = [PERIOD_DAYS * number for number in range(1, int(np.ceil(horizon_days / PERIOD_DAYS)))] + [horizon_days]
    return ends, [(1 + discount_yearly) ** (-end / 365) for end in ends]
