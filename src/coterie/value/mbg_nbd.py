"""MBG/NBD: as BG/NBD, and somebody may drop out right after the first purchase too.

Source: Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
International Journal of Research in Marketing 24(3); Hoppe and Wagner (2007).
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from scipy.special import gammaln, hyp2f1, psi

from coterie.value.bg_nbd import NAMES, NEAR_ONE, START
from coterie.value.fitting import Fit, maximise
from coterie.value.history import Floats, Histories, collapse


class MbgNbd(Struct, frozen=True, kw_only=True):
    """Rate ~ Gamma(r, alpha), dropout ~ Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, who: Histories) -> Floats:
        """Return the probability that each is still a customer, (n,)."""
        chance: Floats = 1 / (1 + self._odds_of_dropout(who))
        return chance

    def purchases(self, who: Histories, time: float | Floats) -> Floats:
        """Return the purchases to be expected of each within ``time`` from the end of observation, (n,)."""
        if abs(self.a - 1) < NEAR_ONE:
            return self._beside_one("purchases", who, time)
        x, end = who.repeats, self.alpha + who.age
        series = hyp2f1(self.r + x, self.b + x + 1, self.a + self.b + x, time / (end + time))
        grown = 1 - (end / (end + time)) ** (self.r + x) * series
        expected: Floats = (self.a + self.b + x) / (self.a - 1) * grown / (1 + self._odds_of_dropout(who))
        return expected

    def purchases_of_new(self, time: float | Floats) -> Floats:
        """Return the purchases to be expected of somebody new within ``time``."""
        if abs(self.a - 1) < NEAR_ONE:
            return self._beside_one("purchases_of_new", time)
        time = np.asarray(time, float)
        series = hyp2f1(self.r, self.b + 1, self.a + self.b, time / (self.alpha + time))
        expected: Floats = self.b / (self.a - 1) * (1 - (self.alpha / (self.alpha + time)) ** self.r * series)
        return expected

    def _odds_of_dropout(self, who: Histories) -> Floats:
        x = who.repeats
        ratio = np.exp((self.r + x) * (np.log(self.alpha + who.age) - np.log(self.alpha + who.recency)))
        odds: Floats = self.a / (self.b + x) * ratio
        return odds

    def _beside_one(self, what: str, *asked: object) -> Floats:
        sides = [MbgNbd(r=self.r, alpha=self.alpha, a=1 + one, b=self.b) for one in (-1e-5, 1e-5)]
        both: Floats = np.mean([getattr(one, what)(*asked) for one in sides], axis=0)
        return both


def fit(who: Histories, start: tuple[float, ...] = START) -> tuple[MbgNbd, Fit]:
    """Return the model of maximum likelihood. Cost: about 20 evaluations over the distinct histories."""
    counted = collapse(who.repeats, who.recency, who.age)
    x, recency, age = counted.columns
    found = maximise(lambda parameters: likelihood(parameters, x, recency, age), counted.counts, NAMES, start)
    return MbgNbd(**found.parameters), found


def likelihood(parameters: Floats, x: Floats, recency: Floats, age: Floats) -> tuple[Floats, Floats]:
    """Return the log-likelihood of each history (m,) and its gradient (4, m)."""
    r, alpha, a, b = parameters
    staying = -(r + x) * np.log(alpha + age)
    leaving = np.log(a) - np.log(b + x) - (r + x) * np.log(alpha + recency)
    both = np.logaddexp(staying, leaving)
    stayed, left = np.exp(staying - both), np.exp(leaving - both)
    value = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) - gammaln(b) + gammaln(b + x + 1) - gammaln(a + b + x + 1) + both
    )  # fmt: skip
    shared = psi(a + b) - psi(a + b + x + 1)
    gradient = np.stack(
        [
            psi(r + x) - psi(r) + np.log(alpha) - stayed * np.log(alpha + age) - left * np.log(alpha + recency),
            r / alpha - (r + x) * (stayed / (alpha + age) + left / (alpha + recency)),
            shared + left / a,
            shared - psi(b) + psi(b + x + 1) - left / (b + x),
        ]
    )
    return value, gradient
