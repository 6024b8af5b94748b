"""Curves that make skewed numbers more even, one value at a time."""

from __future__ import annotations

import numpy as np

from coterie.features.table import Floats


def bend(curve: str, values: Floats, power: float, nodes: Floats, marks: Floats) -> Floats:
    """Return (n,) float64 of ``values`` (n,) on a curve; NaN stays NaN."""
    return yeo_johnson(values, power) if curve == "yeo_johnson" else ranked(values, nodes, marks)


def yeo_johnson(values: Floats, power: float) -> Floats:
    """Return the Yeo–Johnson transform of ``values`` (n,): Box–Cox of ``x + 1``, mirrored below 0.

    Source: Yeo & Johnson 2000, Biometrika 87(4), equation 2.1.
    """
    above, below = np.maximum(values, 0.0), np.maximum(-values, 0.0)
    right = np.log1p(above) if power == 0 else (np.power(above + 1.0, power) - 1.0) / power
    left = np.log1p(below) if power == 2 else (np.power(below + 1.0, 2.0 - power) - 1.0) / (2.0 - power)
    return np.where(np.isnan(values), np.nan, np.where(values >= 0, right, -left))


def ranked(values: Floats, nodes: Floats, marks: Floats) -> Floats:
    """Return where ``values`` (n,) stand among ``nodes`` (ascending, ties allowed), between ``marks``; the middle of a tie.

    A straight line between nodes; beyond the ends the first and last mark. As scikit-learn's QuantileTransformer does it.
    """
    return 0.5 * (np.interp(values, nodes, marks) - np.interp(-values, -nodes[::-1], -marks[::-1]))
