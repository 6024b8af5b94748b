"""How far two distributions are apart, as effect sizes that do not grow with the number of people."""

from __future__ import annotations

import numpy as np

from coterie.errors import Problem
from coterie.monitoring.drift.bins import FLOOR, Floats


def _pair(reference: Floats, current: Floats, floor: float = 0.0) -> tuple[Floats, Floats]:
    p, q = np.asarray(reference, np.float64), np.asarray(current, np.float64)
    if p.shape != q.shape or p.ndim != 1 or not p.size:
        raise Problem("shares of different bins", received=[list(p.shape), list(q.shape)], allowed="two (bins,) arrays")
    return (np.where(p == 0.0, floor, p), np.where(q == 0.0, floor, q)) if floor else (p, q)


def population_stability(reference: Floats, current: Floats, floor: float = FLOOR) -> float:
    """Return the population stability index Σ (q − p) ln(q / p) of two arrays of shares, ≥ 0; an empty bin counts as ``floor``.

    By convention below 0.1 is no change worth a word, 0.1 to 0.25 a moderate one, above 0.25 a large one.
    Source: Siddiqi 2006, "Credit Risk Scorecards", ch. 9. It is the Jeffreys divergence of the two.
    """
    p, q = _pair(reference, current, floor)
    return float(np.sum((q - p) * np.log(q / p)))


def kullback_leibler(reference: Floats, current: Floats, floor: float = FLOOR) -> float:
    """Return Σ p ln(p / q) in nats, ≥ 0, of shares made to sum to 1 again after empty bins were filled with ``floor``."""
    p, q = _pair(reference, current, floor)
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum(p * np.log(p / q)))


def jensen_shannon(reference: Floats, current: Floats) -> float:
    """Return the Jensen–Shannon distance (square root of the divergence in nats), 0 to sqrt(ln 2) = 0.8326.

    Source: Lin 1991, IEEE Trans. Inf. Theory 37, eq. 4.1; Endres & Schindelin 2003 for the root being a metric.
    """
    p, q = _pair(reference, current)
    middle = 0.5 * (p + q)
    parts = [np.sum(one[one > 0] * np.log(one[one > 0] / middle[one > 0])) for one in (p, q)]
    return float(np.sqrt(max(0.0, 0.5 * float(parts[0] + parts[1]))))


def hellinger(reference: Floats, current: Floats) -> float:
    """Return the Hellinger distance, 0 (the same) to 1 (nothing in common)."""
    p, q = _pair(reference, current)
    return float(np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2.0))


def wasserstein(reference: Floats, current: Floats) -> float:
    """Return the area between the two distribution functions, in units of the values. Cost: two sorts.

    Source: Vallender 1974, Theory Prob. Appl. 18 (the one-dimensional case).
    """
    p, q = np.sort(np.asarray(reference, np.float64)), np.sort(np.asarray(current, np.float64))
    if not p.size or not q.size:
        raise Problem("there is nothing to compare", received=[p.size, q.size], allowed="at least one value each")
    both = np.sort(np.concatenate([p, q]))
    below_p = np.searchsorted(p, both[:-1], side="right") / p.size
    below_q = np.searchsorted(q, both[:-1], side="right") / q.size
    return float(np.sum(np.abs(below_p - below_q) * np.diff(both)))


def normed_wasserstein(reference: Floats, current: Floats) -> float | None:
    """Return the Wasserstein distance in standard deviations of the reference; ``None`` where all of the reference is one value."""
    spread = float(np.std(np.asarray(reference, np.float64)))
    return wasserstein(reference, current) / spread if spread > 0.0 else None
