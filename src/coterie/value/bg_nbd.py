"""BG/NBD: purchases at a constant rate, and after each one a chance that it was the last.

Source: Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2); equation numbers are theirs.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from scipy.special import betaln, gammaln, hyp2f1, psi

from coterie.value.fitting import Fit, maximise
from coterie.value.history import Floats, Histories, collapse

NAMES = ("r", "alpha", "a", "b")
START = (1.0, 10.0, 1.0, 1.0)
NEAR_ONE = 1e-6
"""The expectations divide by a − 1; closer than this, they are taken on both sides of it and averaged."""


class BgNbd(Struct, frozen=True, kw_only=True):
    """Rate ~ Gamma(r, alpha), dropout ~ Beta(a, b). Times are in the unit of the histories that it was fitted on."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, who: Histories) -> Floats:
        """Return the probability that each is still a customer, (n,)."""
        chance: Floats = 1 / (1 + self._odds_of_dropout(who))
        return chance

    def purchases(self, who: Histories, time: float | Floats) -> Floats:
        """Return the purchases to be expected of each within ``time`` from the end of observation, (n,). Eq. (10)."""
        if abs(self.a - 1) < NEAR_ONE:
            return self._beside_one("purchases", who, time)
        x, end = who.repeats, self.alpha + who.age
        series = hyp2f1(self.r + x, self.b + x, self.a + self.b + x - 1, time / (end + time))
        grown = 1 - (end / (end + time)) ** (self.r + x) * series
        expected: Floats = (self.a + self.b + x - 1) / (self.a - 1) * grown / (1 + self._odds_of_dropout(who))
        return expected

    def purchases_of_new(self, time: float | Floats) -> Floats:
        """Return the purchases to be expected of somebody new within ``time``. Eq. (9)."""
        if abs(self.a - 1) < NEAR_ONE:
            return self._beside_one("purchases_of_new", time)
        time = np.asarray(time, float)
        series = hyp2f1(self.r, self.b, self.a + self.b - 1, time / (self.alpha + time))
        share = (self.alpha / (self.alpha + time)) ** self.r
        expected: Floats = (self.a + self.b - 1) / (self.a - 1) * (1 - share * series)
        return expected

    def probability(self, count: int, time: float) -> float:
        """Return the probability that somebody new buys ``count`` times within ``time``. Eq. (8)."""
        before, share = self.alpha / (self.alpha + time), time / (self.alpha + time)
        counts = np.arange(max(count, 1))
        terms = np.exp(gammaln(self.r + counts) - gammaln(self.r) - gammaln(counts + 1) + counts * np.log(share))
        last = gammaln(self.r + count) - gammaln(self.r) - gammaln(count + 1) + count * np.log(share)
        alive = np.exp(betaln(self.a, self.b + count) - betaln(self.a, self.b) + last) * before**self.r
        if count == 0:
            return float(alive)
        gone = np.exp(betaln(self.a + 1, self.b + count - 1) - betaln(self.a, self.b))
        return float(alive + gone * (1 - before**self.r * terms[:count].sum()))

    def _odds_of_dropout(self, who: Histories) -> Floats:
        x = who.repeats
        ratio = np.exp((self.r + x) * (np.log(self.alpha + who.age) - np.log(self.alpha + who.recency)))
        return np.where(x > 0, self.a / np.where(x > 0, self.b + x - 1, 1) * ratio, 0.0)

    def _beside_one(self, what: str, *asked: object) -> Floats:
        sides = [BgNbd(r=self.r, alpha=self.alpha, a=1 + one, b=self.b) for one in (-1e-5, 1e-5)]
        both: Floats = np.mean([getattr(one, what)(*asked) for one in sides], axis=0)
        return both


def fit(who: Histories, start: tuple[float, ...] = START) -> tuple[BgNbd, Fit]:
    """Return the model of maximum likelihood. Cost: about 20 evaluations over the distinct histories."""
    counted = collapse(who.repeats, who.recency, who.age)
    x, recency, age = counted.columns
    found = maximise(lambda parameters: likelihood(parameters, x, recency, age), counted.counts, NAMES, start)
    return BgNbd(**found.parameters), found


def likelihood(parameters: Floats, x: Floats, recency: Floats, age: Floats) -> tuple[Floats, Floats]:
    """Return the log-likelihood of each history (m,) and its gradient (4, m). Eq. (6)."""
    r, alpha, a, b = parameters
    repeated = x > 0
    tail = np.where(repeated, b + x - 1, 1.0)
    staying = -(r + x) * np.log(alpha + age)
    leaving = np.where(repeated, np.log(a) - np.log(tail) - (r + x) * np.log(alpha + recency), -np.inf)
    both = np.logaddexp(staying, leaving)
    stayed, left = np.exp(staying - both), np.exp(leaving - both)
    value = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) - gammaln(b) + gammaln(b + x) - gammaln(a + b + x) + both
    )  # fmt: skip
    shared = psi(a + b) - psi(a + b + x)
    gradient = np.stack(
        [
            psi(r + x) - psi(r) + np.log(alpha) - stayed * np.log(alpha + age) - left * np.log(alpha + recency),
            r / alpha - (r + x) * (stayed / (alpha + age) + left / (alpha + recency)),
            shared + left / a,
            shared - psi(b) + psi(b + x) - np.where(repeated, left / tail, 0.0),
        ]
    )
    return value, gradient
