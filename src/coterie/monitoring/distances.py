"""How far two spreads are apart, and how far chance alone brings them.

Sources: Kolmogorov–Smirnov distance for bins in order; total variation distance for values without order.
"""

from __future__ import annotations

import math

from coterie.monitoring.measures import Spread


def distance(one: Spread, two: Spread, *, ordered: bool) -> float:
    """Return the distance of two spreads, 0 (the same) to 1 (nothing in common)."""
    first, second = one.whole, two.whole
    if not first or not second:
        return 0.0
    names = one.counts.keys() | two.counts.keys()
    if not ordered:
        return 0.5 * sum(abs(one.counts.get(name, 0) / first - two.counts.get(name, 0) / second) for name in names)
    apart = largest = 0.0
    for name in sorted(names, key=float):
        apart += one.counts.get(name, 0) / first - two.counts.get(name, 0) / second
        largest = max(largest, abs(apart))
    return largest


def chance(normal: Spread, rows: float, *, ordered: bool) -> float:
    """Return the distance from ``normal`` that ``rows`` drawn from it rarely exceed (about once in two hundred)."""
    if not rows:
        return 1.0
    if ordered:
        return 1.7 / math.sqrt(rows)
    whole = normal.whole or 1.0
    shares = [count / whole for count in normal.counts.values()]
    mean = 0.4 * sum(math.sqrt(share * (1 - share) / rows) for share in shares)
    return mean + 1.2 / math.sqrt(rows)
