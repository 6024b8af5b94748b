"""Maximum likelihood for positive parameters: analytic gradients, in logarithms, with standard errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from scipy.optimize import minimize

from coterie.value.history import Floats

Likelihood = Callable[[Floats], tuple[Floats, Floats]]
"""Parameters (k,) → log-likelihood of each distinct customer (m,) and its gradient (k, m)."""
STEP = 1e-4
"""Step in the logarithm of a parameter, for second derivatives from analytic first ones."""


class Fit(Struct, frozen=True, kw_only=True):
    """The maximum: parameters by name, their standard errors (NaN where the maximum is not a peak), and how it was reached."""

    parameters: dict[str, float]
    errors: dict[str, float]
    log_likelihood: float
    evaluations: int
    converged: bool
    message: str = ""

    def values(self) -> Floats:
        """Return the parameters in their order."""
        return np.array(list(self.parameters.values()))


LEVEL = 1e-3
"""Where the slope of the mean log-likelihood is less than this times 1/√people, which is what chance makes of it, the search has arrived; also when its
last step could not improve the last digits and it calls that abnormal."""
REACH = 10.0
"""The search goes so far, in logarithms, from where it begins: a parameter beyond is one that the data do not tell."""


def maximise(likelihood: Likelihood, counts: Floats, names: Sequence[str], start: Sequence[float]) -> Fit:
    """Return where the log-likelihood, summed with ``counts``, is highest.

    The search runs over logarithms, so that every parameter stays positive; the objective is the mean over customers, so that
    tolerances do not depend on their number. Source: Nocedal and Wright, Numerical Optimization, ch. 7 (L-BFGS).
    """
    total = float(counts.sum())

    def objective(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        values, gradient = likelihood(parameters)
        return -float(counts @ values) / total, -(gradient @ counts) * parameters / total

    begin = np.log(np.asarray(start, float))
    found = minimize(
        objective, begin, jac=True, method="L-BFGS-B", bounds=[(one - REACH, one + REACH) for one in begin],
        options={"maxiter": 1_000, "ftol": 1e-14, "gtol": 1e-9},
    )  # fmt: skip
    at_rest = bool(found.success or np.abs(found.jac).max() * np.sqrt(total) < LEVEL)
    parameters = np.exp(found.x)
    errors = _errors(objective, found.x, total) * parameters
    errors[np.abs(found.x - begin) > REACH - 1e-6] = np.nan
    return Fit(
        parameters=dict(zip(names, parameters.tolist(), strict=True)),
        errors=dict(zip(names, errors.tolist(), strict=True)),
        log_likelihood=-float(found.fun) * total,
        evaluations=int(found.nfev),
        converged=at_rest,
        message="" if at_rest else str(found.message),
    )


def _errors(objective: Callable[[Floats], tuple[float, Floats]], logs: Floats, total: float) -> Floats:
    """Return the standard errors of the logarithms: the inverse of the observed information (central differences of the gradient)."""
    size = len(logs)
    information = np.empty((size, size))
    for place in range(size):
        step = np.zeros(size)
        step[place] = STEP
        information[place] = (objective(logs + step)[1] - objective(logs - step)[1]) / (2 * STEP) * total
    information = (information + information.T) / 2
    try:
        variances = np.diag(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        return np.full(size, np.nan)
    return np.sqrt(np.where(variances > 0, variances, np.nan))
