"""Drift of outcomes: whether the people of a segment still do, and are worth, what they did and were."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from coterie.model import Undetermined
from coterie.monitoring.drift.bins import Floats

EFFECT_MOST = 0.2
"""A small effect after Cohen; what is beyond it and beyond chance is drift."""
CRITICAL = 3.29
"""Standard errors that chance exceeds once in a thousand."""


class OutcomeDrift(Struct, frozen=True, kw_only=True):
    """One outcome of one segment. ``effect``: Cohen's h of two shares, Cohen's d of two means; ``errors``: how many standard errors
    the difference is."""

    segment: str
    outcome: str
    people: tuple[int, int]
    values: tuple[float, float] | Undetermined
    effect: float | Undetermined
    errors: float | Undetermined
    bound: float = EFFECT_MOST

    @property
    def is_beyond(self) -> bool:
        """Return whether the effect is above the bound, and the difference above chance."""
        if isinstance(self.effect, Undetermined) or isinstance(self.errors, Undetermined):
            return False
        return abs(self.effect) > self.bound and abs(self.errors) > CRITICAL


def rate_drift(segment: str, outcome: str, before: tuple[int, int], now: tuple[int, int]) -> OutcomeDrift:
    """Return the drift of a share, from (people who did, people) before and now. Source: Cohen 1988, ch. 6 (h)."""
    people = before[1], now[1]
    if not all(people):
        nothing = Undetermined("nobody on one side")
        return OutcomeDrift(
            segment=segment, outcome=outcome, people=people, values=nothing, effect=nothing, errors=nothing
        )
    shares = before[0] / before[1], now[0] / now[1]
    angles = [2.0 * math.asin(math.sqrt(share)) for share in shares]
    effect = angles[1] - angles[0]
    errors = effect / math.sqrt(
        1.0 / people[0] + 1.0 / people[1]
    )  # the arcsine makes the variance 1/n whatever the share
    return OutcomeDrift(segment=segment, outcome=outcome, people=people, values=shares, effect=effect, errors=errors)


def mean_drift(segment: str, outcome: str, before: Floats, now: Floats) -> OutcomeDrift:
    """Return the drift of a mean, from the people's values before and now. Source: Cohen 1988, ch. 2 (d, pooled); Welch 1947."""
    people = len(before), len(now)
    if min(people) < 2:
        nothing = Undetermined("fewer than two people on one side")
        return OutcomeDrift(
            segment=segment, outcome=outcome, people=people, values=nothing, effect=nothing, errors=nothing
        )
    means = float(np.mean(before)), float(np.mean(now))
    spreads = float(np.var(before, ddof=1)), float(np.var(now, ddof=1))
    pooled = math.sqrt(((people[0] - 1) * spreads[0] + (people[1] - 1) * spreads[1]) / (sum(people) - 2))
    error = math.sqrt(spreads[0] / people[0] + spreads[1] / people[1])
    if not pooled or not error:
        same: float | Undetermined = 0.0 if means[0] == means[1] else Undetermined("the values of a side do not vary")
        return OutcomeDrift(segment=segment, outcome=outcome, people=people, values=means, effect=same, errors=same)
    difference = means[1] - means[0]
    return OutcomeDrift(
        segment=segment,
        outcome=outcome,
        people=people,
        values=means,
        effect=difference / pooled,
        errors=difference / error,
    )


def retention_drift(segment: str, before: tuple[int, int], now: tuple[int, int]) -> OutcomeDrift:
    """Return the drift of retention: of the share of a segment that is still in it a window later."""
    return rate_drift(segment, "retention", before, now)
