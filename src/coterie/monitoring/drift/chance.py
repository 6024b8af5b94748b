"""How large a distance chance alone makes: what two samples of one and the same distribution rarely exceed.

With few people every index is large, so a bound is crossed only by what is above both the bound and chance.
"""

from __future__ import annotations

import math

RARELY = 0.001
"""Chance exceeds these in one comparison of a thousand."""
WASSERSTEIN_SPREADS = 4.0
"""From 300 people on, 99.9 % of the normed distances of two samples of one distribution lie below so many √(1/n + 1/m): simulated,
3.1 to 3.2 for normal samples, 3.0 to 3.5 for exponential, 3.8 to 3.9 for log-normal, 3.7 to 4.1 for Student's t of 3 degrees."""


def together(before: int, now: int) -> float:
    """Return 1/n + 1/m of two samples; infinite when one is empty."""
    return math.inf if not before or not now else 1.0 / before + 1.0 / now


def population_stability_chance(bins: int, before: int, now: int) -> float:
    """Return the PSI that two samples of one distribution over ``bins`` bins exceed with probability ``RARELY``.

    PSI · (1/n + 1/m)⁻¹ is asymptotically χ² with bins − 1 degrees of freedom.
    Source: Yurdakul & Naranjo 2020, "Statistical properties of the population stability index", J. Risk Model Validation 14.
    """
    from scipy import stats

    if bins < 2:
        return 0.0
    return float(stats.chi2.isf(RARELY, bins - 1)) * together(before, now)


def jensen_shannon_chance(bins: int, before: int, now: int) -> float:
    """Return the Jensen–Shannon distance that chance rarely exceeds: near equality its square is an eighth of the PSI."""
    return math.sqrt(population_stability_chance(bins, before, now) / 8.0)


def wasserstein_chance(before: int, now: int) -> float:
    """Return the normed Wasserstein distance that chance rarely exceeds."""
    return WASSERSTEIN_SPREADS * math.sqrt(together(before, now))
