"""MBG/NBD: as BG/NBD, and somebody may drop out right after the first purchase too.

Source: Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
International Journal of Research in Marketing 24(3); Hoppe and Wagner (2007).
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from scipy.special import gammaln, psi

from coterie.value.bg_nbd import LARGEST, NAMES, NEAR_ONE, grown, start_of
from coterie.value.fitting import Fit, maximise
from coterie.value.history import Floats, Histories, Levels, collapse


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
        steady = self.a + self.b + x
        expected: Floats = steady / (self.a - 1) * grown(self.a, self.r + x, steady, time / (end + time))
        return expected * self.alive(who)

    def purchases_of_new(self, time: float | Floats) -> Floats:
        """Return the purchases to be expected of somebody new within ``time``."""
        if abs(self.a - 1) < NEAR_ONE:
            return self._beside_one("purchases_of_new", time)
        time, steady = np.asarray(time, float), self.a + self.b
        expected: Floats = self.b / (self.a - 1) * grown(self.a, self.r, steady, time / (self.alpha + time))
        return expected

    def _odds_of_dropout(self, who: Histories) -> Floats:
        x = who.repeats
        ratio = np.exp(np.minimum((self.r + x) * np.log((self.alpha + who.age) / (self.alpha + who.recency)), LARGEST))
        odds: Floats = self.a / (self.b + x) * ratio
        return odds

    def _beside_one(self, what: str, *asked: object) -> Floats:
        sides = [MbgNbd(r=self.r, alpha=self.alpha, a=1 + one, b=self.b) for one in (-1e-5, 1e-5)]
        both: Floats = np.mean([getattr(one, what)(*asked) for one in sides], axis=0)
        return both


def fit(who: Histories) -> tuple[MbgNbd, Fit]:
    """Return the model of maximum likelihood. Cost: about 20 evaluations over the distinct histories. Raises: Problem."""
    counted = collapse(who.repeats, who.recency, who.age)
    x, recency, age = counted.columns
    levels = Levels.of(x)
    found = maximise(
        lambda parameters: likelihood(parameters, levels, recency, age), counted.counts, NAMES, start_of(who)
    )
    return MbgNbd(**found.parameters), found


def likelihood(parameters: Floats, levels: Levels, recency: Floats, age: Floats) -> tuple[Floats, Floats]:
    """Return the log-likelihood of each history (m,) and its gradient (4, m); ``levels`` are their repeats."""
    r, alpha, a, b = parameters
    x = levels.values
    late, recent = np.log(alpha + age), np.log(alpha + recency)
    staying = -(r + x) * late
    leaving = np.log(a) - np.log(b + x) - (r + x) * recent
    both = np.logaddexp(staying, leaving)
    left = np.exp(leaving - both)
    stayed = 1 - left
    value = both + levels.spread(
        lambda n: gammaln(r + n) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) - gammaln(b) + gammaln(b + n + 1) - gammaln(a + b + n + 1)
    )  # fmt: skip
    shared = levels.spread(lambda n: psi(a + b) - psi(a + b + n + 1))
    gradient = np.stack(
        [
            levels.spread(lambda n: psi(r + n) - psi(r) + np.log(alpha)) - stayed * late - left * recent,
            r / alpha - (r + x) * (stayed / (alpha + age) + left / (alpha + recency)),
            shared + left / a,
            shared + levels.spread(lambda n: psi(b + n + 1) - psi(b)) - left / (b + x),
        ]
    )
    return value, gradient
