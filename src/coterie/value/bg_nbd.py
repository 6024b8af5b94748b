"""BG/NBD: purchases at a constant rate, and after each one a chance that it was the last.

Source: Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2); equation numbers are theirs.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from scipy.special import betaincinv, betaln, gammaln, hyp2f1, psi

from coterie.value.fitting import Fit, maximise
from coterie.value.history import Floats, Histories, Levels, collapse

NAMES = ("r", "alpha", "a", "b")
NEAR_ONE = 1e-6
"""The expectations divide by a − 1; closer than this, they are taken on both sides of it and averaged."""
LARGE = 50.0
"""From this a on the expectations are means over the chance of stopping: the series would overflow."""
_POINTS, _HALVES = np.polynomial.legendre.leggauss(64)
_QUANTILES, _WEIGHTS = (_POINTS + 1) / 2, _HALVES / 2
LARGEST = 700.0
"""Logarithm of the largest odds of dropout: beyond it a chance of being alive is 0 in float64."""


def grown(a: float, shape: Floats | float, steady: Floats | float, share: Floats) -> Floats:
    """Return 1 − (1 − z)^A · F(A, c − a + 1; c; z) for A = ``shape`` (r + x), c = ``steady`` and z = ``share``; nothing in it overflows.

    By Euler's transformation it is 1 − (1 − z)^(a−1) · F(c − A, a − 1; c; z), with small parameters however large x is. For a large a,
    where everybody stops with nearly the same chance, it is one minus the mean of (1 + p·z/(1 − z))^−A over p ~ Beta(a − 1, c − a + 1),
    by Gauss–Legendre quadrature over its quantiles. Source: Abramowitz and Stegun, 15.3.3 and 15.3.1.
    """
    if a < LARGE:
        series = hyp2f1(steady - np.asarray(shape), a - 1, steady, share)
        power = (a - 1) * np.log1p(-share)
        near: Floats = -np.expm1(power + np.log(np.where(series > 0, series, 1.0)))
        return np.where(series > 0, near, 1 - np.exp(power) * series)  # below 0 where a + b < 1 and nobody bought again
    left: Floats = np.zeros(np.broadcast_shapes(np.shape(shape), np.shape(steady), np.shape(share)))
    for point, weight in zip(_QUANTILES, _WEIGHTS, strict=True):
        chance = betaincinv(a - 1, np.asarray(steady) - a + 1, point)
        left += weight * np.exp(-np.asarray(shape) * np.log1p(chance * share / (1 - share)))
    return 1 - left


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
        expected: Floats = steady / (self.a - 1) * grown(self.a, self.r + x, steady, time / (end + time))
        return expected * self.alive(who)

    def purchases_of_new(self, time: float | Floats) -> Floats:
        """Return the purchases to be expected of somebody new within ``time``. Eq. (9)."""
        if abs(self.a - 1) < NEAR_ONE:
            return self._beside_one("purchases_of_new", time)
        time, steady = np.asarray(time, float), self.a + self.b - 1
        expected: Floats = steady / (self.a - 1) * grown(self.a, self.r, steady, time / (self.alpha + time))
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
