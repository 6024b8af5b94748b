"""Purchases of people who never stop: what every model of dropout is compared with before it is believed that anybody stops.

Source: Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8(1).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, psi

from coterie.value.fitting import Fit, maximise
from coterie.value.history import Floats, Histories, Levels, collapse


def fit(who: Histories) -> Fit:
    """Return the fit of a Gamma mixture of Poisson rates over the whole age of everybody."""
    counted = collapse(who.repeats, who.age)
    x, age = counted.columns
    levels = Levels.of(x)
    start = (1.0, max(float(who.age.mean()) / 3, 1e-9))
    return maximise(lambda parameters: likelihood(parameters, levels, age), counted.counts, ("r", "alpha"), start)


def likelihood(parameters: Floats, levels: Levels, age: Floats) -> tuple[Floats, Floats]:
    """Return the log-likelihood of each history (m,) and its gradient (2, m); ``levels`` are their repeats."""
    r, alpha = parameters
    late, x = np.log(alpha + age), levels.values
    value = levels.spread(lambda n: gammaln(r + n) - gammaln(r) + r * np.log(alpha)) - (r + x) * late
    gradient = [
        levels.spread(lambda n: psi(r + n) - psi(r) + np.log(alpha)) - late,
        r / alpha - (r + x) / (alpha + age),
    ]
    return value, np.stack(gradient)
