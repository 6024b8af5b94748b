"""BG/NBD: purchases at a constant rate, and after each one a chance that it was the last.

Source: Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2); equation numbers are theirs.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from scipy.special import betaln, gammaln, hyp2f1, psi

from coterie.value.fitting import Fit, maximise
from coterie.value.history import Floats, Histories, Levels, collapse

NAMES = ("r", "alpha", "a", "b")
NEAR_ONE = 1e-6
"""The expectations divide by a − 1; closer than this, they are taken on both sides of it and averaged."""
LARGEST = 700.0
"""Logarithm of the largest odds of dropout: beyond it a chance of being alive is 0 in float64."""


def grown(a: float, first: float, steady: Floats | float, share: Floats) -> Floats:
    """Return 1 − (1 − z)^(r+x) · F(r+x, b+x; c; z) for z = ``share`` and c = ``steady``, by Euler's transformation.

    The transformed series F(c − r − x, a − 1; c; z) · (1 − z)^(a−1) has small parameters however large x is, so nothing overflows for
    customers with thousands of purchases. Source: Abramowitz and Stegun, 15.3.3.
    """
    whole: Floats = -np.expm1((a - 1) * np.log1p(-share) + np.log(hyp2f1(first, a - 1, steady, share)))
    return whole


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
        steady = self.a + self.b + x - 1
        expected: Floats = (
            steady / (self.a - 1) * grown(self.a, self.a + self.b - 1 - self.r, steady, time / (end + time))
        )
        return expected * self.alive(who)

    def purchases_of_new(self, time: float | Floats) -> Floats:
        """Return the purchases to be expected of somebody new within ``time``. Eq. (9)."""
        if abs(self.a - 1) < NEAR_ONE:
            return self._beside_one("purchases_of_new", time)
        time, steady = np.asarray(time, float), self.a + self.b - 1
        expected: Floats = steady / (self.a - 1) * grown(self.a, steady - self.r, steady, time / (self.alpha + time))
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
        ratio = np.exp(np.minimum((self.r + x) * np.log((self.alpha + who.age) / (self.alpha + who.recency)), LARGEST))
        return np.where(x > 0, self.a / np.where(x > 0, self.b + x - 1, 1) * ratio, 0.0)

    def _beside_one(self, what: str, *asked: object) -> Floats:
        sides = [BgNbd(r=self.r, alpha=self.alpha, a=1 + one, b=self.b) for one in (-1e-5, 1e-5)]
        both: Floats = np.mean([getattr(one, what)(*asked) for one in sides], axis=0)
        return both


def fit(who: Histories) -> tuple[BgNbd, Fit]:
    """Return the model of maximum likelihood. Cost: about 20 evaluations over the distinct histories. Raises: Problem."""
    counted = collapse(who.repeats, who.recency, who.age)
    x, recency, age = counted.columns
    levels = Levels.of(x)
    found = maximise(
        lambda parameters: likelihood(parameters, levels, recency, age), counted.counts, NAMES, start_of(who)
    )
    return BgNbd(**found.parameters), found


def start_of(who: Histories) -> tuple[float, ...]:
    """Return where the search begins: rates of the order of one purchase in a third of the mean age."""
    return (1.0, max(float(who.age.mean()) / 3, 1e-9), 1.0, 1.0)


def likelihood(parameters: Floats, levels: Levels, recency: Floats, age: Floats) -> tuple[Floats, Floats]:
    """Return the log-likelihood of each history (m,) and its gradient (4, m); ``levels`` are their repeats. Eq. (6)."""
    r, alpha, a, b = parameters
    x = levels.values
    repeated = x > 0
    tail = np.where(repeated, b + x - 1, 1.0)
    late, recent = np.log(alpha + age), np.log(alpha + recency)
    staying = -(r + x) * late
    leaving = np.where(repeated, np.log(a) - np.log(tail) - (r + x) * recent, -np.inf)
    both = np.logaddexp(staying, leaving)
    left = np.exp(leaving - both)
    stayed = 1 - left
    value = both + levels.spread(
        lambda n: gammaln(r + n) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) - gammaln(b) + gammaln(b + n) - gammaln(a + b + n)
    )  # fmt: skip
    shared = levels.spread(lambda n: psi(a + b) - psi(a + b + n))
    gradient = np.stack(
        [
            levels.spread(lambda n: psi(r + n) - psi(r) + np.log(alpha)) - stayed * late - left * recent,
            r / alpha - (r + x) * (stayed / (alpha + age) + left / (alpha + recency)),
            shared + left / a,
            shared + levels.spread(lambda n: psi(b + n) - psi(b)) - np.where(repeated, left / tail, 0.0),
        ]
    )
    return value, gradient
