"""Customer lifetime value: the purchases to be expected, each worth what it is expected to be, discounted."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from coterie.value.history import Floats, Histories


class Counting(Protocol):
    """A model of how often people buy."""

    def purchases(self, who: Histories, time: float | Floats) -> Floats:
        """Return the purchases to be expected of each within ``time``."""
        ...


def lifetime_value(
    model: Counting, who: Histories, worth: Floats, *, periods: int, period: float, discount: float
) -> Floats:
    """Return the value of each over ``periods`` of length ``period`` (in the model's unit of time), (n,).

    ``discount`` is the rate per period; what is bought within a period counts at its end. ``worth`` is the value of one purchase.
    Cost: one evaluation of the model per period.
    """
    value: Floats = np.zeros(len(who))
    before: Floats = np.zeros(len(who))
    for number in range(1, periods + 1):
        until = model.purchases(who, number * period)
        value += worth * (until - before) / (1 + discount) ** number
        before = until
    return value
