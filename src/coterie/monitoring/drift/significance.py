"""Tests of "the same distribution", for who asks: with many customers any difference is significant, so nothing is decided by them."""

from __future__ import annotations

import numpy as np

from coterie.model import Undetermined
from coterie.monitoring.drift.bins import Floats

EXPECTED_LEAST = 5.0
"""Fewest expected in a category for the χ² approximation (Cochran 1954)."""


def kolmogorov_smirnov(reference: Floats, current: Floats) -> float | Undetermined:
    """Return the two-sided p-value of the two-sample Kolmogorov–Smirnov test."""
    from scipy import stats

    if len(reference) < 2 or len(current) < 2:
        return Undetermined("fewer than two values on a side")
    return float(stats.ks_2samp(reference, current).pvalue)


def chi_square(reference: Floats, current: Floats) -> float | Undetermined:
    """Return the p-value of the current counts against the reference's shares (goodness of fit, Pearson 1900)."""
    from scipy import stats

    before, now = np.asarray(reference, np.float64), np.asarray(current, np.float64)
    if before.sum() == 0 or now.sum() == 0:
        return Undetermined("no counts on a side")
    expected = before / before.sum() * now.sum()
    if (expected < EXPECTED_LEAST).any():
        return Undetermined(f"a category with fewer than {EXPECTED_LEAST:g} expected")
    return float(stats.chisquare(now, expected).pvalue)
