"""What is learned of one numeric feature: its bounds, what fills it, its curve and its measure."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from msgspec import structs

from coterie.errors import Problem, not_installed
from coterie.features.preparation.curves import bend, yeo_johnson
from coterie.features.preparation.preparation import LeftOut, NumberStep
from coterie.features.preparation.recipe import Recipe, Treatment
from coterie.features.table import Column, Floats

TAILS = 0.01
"""Share of people beyond each bound where the recipe names no bound."""
SKEWED = 1.0
"""Skewness from which ``auto`` takes the logarithm."""
NODES = 200
"""Quantiles that are kept of a distribution."""
SAMPLE = 100_000
"""Values from which the power of Yeo and Johnson is found."""
NOTHING = 1e-12
"""A deviation below this share of the largest value is none: what is left is rounding."""


def bounded(column: Column, treatment: Treatment, gone: list[LeftOut]) -> NumberStep | None:
    """Return the step of a column with its bounds alone; ``None``, and a line in ``gone``, when nobody has a value."""
    values = known(column)
    if not len(values):
        gone.append(LeftOut(column.name, "nobody has it"))
        return None
    fill = None if treatment.missing == "leave_out" else 0.0
    if treatment.outliers == "keep":
        return NumberStep(column=column.name, fill=fill, weight=treatment.weight)
    if treatment.fences is not None:
        low, high = np.quantile(values, (0.25, 0.75))
        reach = treatment.fences * (high - low)
        low, high = low - reach, high + reach
    else:
        tail = TAILS if treatment.tails is None else treatment.tails
        low, high = np.quantile(values, (tail, 1.0 - tail))
    return NumberStep(
        column=column.name, fill=fill, low=float(low), high=float(high), drop=treatment.outliers == "drop",
        weight=treatment.weight,
    )  # fmt: skip


def number_step(column: Column, step: NumberStep, recipe: Recipe, seed: int, gone: list[LeftOut]) -> NumberStep | None:
    """Return the whole step of a column; ``None``, and a line in ``gone``, when it is the same for everybody.

    Raises: Problem for a logarithm of negative numbers.
    """
    treatment = recipe.treatment(column.name)
    values = known(column)
    if not len(values):
        gone.append(LeftOut(column.name, "nobody who is left has it"))
        return None
    values = np.clip(values, -np.inf if step.low is None else step.low, np.inf if step.high is None else step.high)
    step = structs.replace(step, fill=_fill(treatment.missing, values))
    step = _curved(step, values, treatment.transform, seed)
    lacking = len(column.values) - len(values)
    filled = values if step.fill is None or not lacking else np.append(values, np.full(lacking, step.fill))
    bent = np.log1p(np.maximum(filled, 0.0)) if step.curve == "log1p" else filled
    if step.curve in ("yeo_johnson", "quantile"):
        bent = bend(step.curve, filled, step.power, np.array(step.nodes), np.array(step.marks))
    centre, spread = measured(bent, treatment.scale or "standard")
    if not spread:
        gone.append(LeftOut(column.name, "the same for everybody"))
        return None
    marked = recipe.mark_missing and bool(lacking) and step.fill is not None
    return structs.replace(step, centre=centre, spread=spread, marked=marked)


def measured(values: Floats, scale: str) -> tuple[float, float]:
    """Return what is taken away from values and what they are divided by; 0 as the latter: they do not differ.

    ``standard`` divides by the deviation of the population (n, not n - 1), as scikit-learn's StandardScaler does. ``robust`` falls
    back to the deviation where the middle half does not differ.
    """
    deviation = float(np.std(values))
    if deviation <= NOTHING * float(np.max(np.abs(values), initial=0.0)):
        return 0.0, 0.0
    if scale == "standard":
        return float(np.mean(values)), deviation
    if scale == "robust":
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        return float(middle), float(high - low) or deviation
    if scale == "minmax":
        return float(np.min(values)), float(np.max(values) - np.min(values))
    return 0.0, 1.0


def known(column: Column) -> Floats:
    """Return the finite numbers of a column: an infinite one is as good as missing."""
    values = np.asarray(column.values, np.float64)
    return values[np.isfinite(values)]


def skewness(values: Floats) -> float:
    """Return the third standardised moment of the population; 0 for values that do not differ."""
    deviation = values - np.mean(values)
    second = float(np.mean(deviation**2))
    return float(np.mean(deviation**3)) / second**1.5 if second > 0 else 0.0


def _fill(missing: float | str | None, values: Floats) -> float | None:
    if missing == "leave_out":
        return None
    if missing == "mean":
        return float(np.mean(values))
    if missing == "zero":
        return 0.0
    if isinstance(missing, int | float):
        return float(missing)
    return float(np.median(values))


def _curved(step: NumberStep, values: Floats, transform: str | None, seed: int) -> NumberStep:
    least = min(float(np.min(values)), np.inf if step.fill is None else step.fill)
    if transform == "auto":
        transform = "log1p" if least >= 0 and skewness(values) > SKEWED else "none"
    if transform == "none":
        return step
    if transform == "log1p":
        if least < 0:
            raise Problem("log1p of a negative number", where=step.column, received=least, allowed="0 and more",
                          hint="transform: yeo_johnson takes any number")  # fmt: skip
        return structs.replace(step, curve="log1p")
    if transform == "yeo_johnson":
        return structs.replace(step, curve="yeo_johnson", power=_power(values, seed))
    shares = np.linspace(0.0, 1.0, min(NODES, len(values)))
    nodes = tuple(np.quantile(values, shares).tolist())
    if transform == "quantile_normal":
        edge = 0.5 / len(shares)
        normal = NormalDist()
        marks = tuple(normal.inv_cdf(min(max(share, edge), 1.0 - edge)) for share in shares.tolist())
    else:
        marks = tuple(shares.tolist())
    return structs.replace(step, curve="quantile", nodes=nodes, marks=marks)


def _power(values: Floats, seed: int) -> float:
    """Return the power by which values come nearest to a normal distribution: the maximum of its likelihood.

    Source: Yeo & Johnson 2000, Biometrika 87(4), equation 3.1.
    """
    try:
        from scipy.optimize import brent
    except ModuleNotFoundError as error:
        raise not_installed("transform: yeo_johnson", "learning") from error
    if len(values) > SAMPLE:
        values = np.random.default_rng(seed).choice(values, SAMPLE, replace=False)
    if not np.std(values):
        return 1.0
    signed = float(np.sum(np.sign(values) * np.log1p(np.abs(values))))

    def unlikely(power: float) -> float:
        spread = float(np.var(yeo_johnson(values, power)))
        return np.inf if spread < np.finfo(np.float64).tiny else len(values) / 2 * np.log(spread) - (power - 1) * signed

    return float(brent(unlikely, brack=(-2.0, 2.0)))
