"""Gamma–Gamma: what one purchase of somebody is worth, when values vary around a mean that varies between people.

Source: Fader and Hardie (2013), The Gamma-Gamma model of monetary value (brucehardie.com, note 025).
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from scipy.special import gammaln, psi

from coterie.errors import Problem
from coterie.value.fitting import Fit, maximise
from coterie.value.history import Floats, Levels, collapse

NAMES = ("p", "q", "v")


class GammaGamma(Struct, frozen=True, kw_only=True):
    """Value ~ Gamma(p, nu), nu ~ Gamma(q, v)."""

    p: float
    q: float
    v: float

    def mean(self) -> float:
        """Return the mean value over all people; NaN when it is not finite (q ≤ 1)."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else float("nan")

    def expected(self, purchases: Floats, spend: Floats) -> Floats:
        """Return the value to be expected of each one's next purchase, (n,): their own mean drawn to everybody's. Eq. (5).

        ``purchases`` of mean value ``spend``; without any it is the mean over all people.
        """
        below = self.p * purchases + self.q - 1
        told = self.p * (self.v + purchases * spend)
        return np.where(below > 0, told / np.where(below > 0, below, 1.0), np.nan)


def fit(purchases: Floats, spend: Floats, start: tuple[float, ...] | None = None) -> tuple[GammaGamma, Fit]:
    """Return the model of maximum likelihood, from people with at least one purchase of a value above 0. Raises: Problem."""
    bought = (purchases > 0) & (spend > 0)
    if not bought.any():
        raise Problem("nobody bought anything", where="spend", allowed="at least one purchase with a value above 0")
    counted = collapse(purchases[bought], spend[bought])
    x, mean = counted.columns
    levels, logs = Levels.of(x), np.log(mean)
    found = maximise(
        lambda parameters: likelihood(parameters, levels, mean, logs), counted.counts, NAMES,
        start or (1.0, 2.0, float(counted.counts @ mean / counted.counts.sum())),
    )  # fmt: skip
    return GammaGamma(**found.parameters), found


def likelihood(parameters: Floats, levels: Levels, mean: Floats, logs: Floats) -> tuple[Floats, Floats]:
    """Return the log-likelihood of each one's mean value (m,) and its gradient (3, m). Eq. (1a).

    ``levels``: how many purchases each mean is of; ``logs``: the logarithms of ``mean``.
    """
    p, q, v = parameters
    x = levels.values
    whole = x * mean + v
    reach, shape = np.log(whole), p * x
    value = (
        (shape - 1) * logs
        - (shape + q) * reach
        + levels.spread(lambda n: gammaln(p * n + q) - gammaln(p * n) - gammaln(q) + q * np.log(v) + p * n * np.log(n))
    )
    gradient = np.stack(
        [
            x * (levels.spread(lambda n: psi(p * n + q) - psi(p * n) + np.log(n)) + logs - reach),
            levels.spread(lambda n: psi(p * n + q) - psi(q) + np.log(v)) - reach,
            q / v - (shape + q) / whole,
        ]
    )
    return value, gradient
