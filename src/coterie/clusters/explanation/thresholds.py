"""Thresholds that people can read: the shortest decimal number between two neighbouring values."""

from __future__ import annotations

import math


def shortest_between(low: float, high: float) -> float:
    """Return the number t, low < t ≤ high, with the fewest significant digits; of equals the one nearest to the middle.

    ``x < t`` holds for ``low`` and not for ``high``, so every such number divides the data in the same way.

    >>> shortest_between(41.2, 43.7), shortest_between(0.0312, 0.0392), shortest_between(2.0, 3.0), shortest_between(-3.0, -2.0)
    (42.0, 0.035, 3.0, -2.0)
    """
    if not low < high:
        return high
    middle = low / 2 + high / 2
    for exponent in range(_magnitude(max(abs(low), abs(high))), _magnitude(high - low) - 18, -1):
        candidates = {_multiple(number, exponent) for number in _near(middle, high, exponent)}
        inside = [one for one in candidates if low < one <= high]
        if inside:
            return min(inside, key=lambda one: (abs(one - middle), one))
    return high


def _magnitude(number: float) -> int:
    """Return the power of ten just above a number."""
    return math.floor(math.log10(number)) + 1 if number > 0 and math.isfinite(number) else 0


def _near(middle: float, high: float, exponent: int) -> list[int]:
    """Return the multiples of 10^exponent next to the middle and below the upper end."""
    unit = 10.0**exponent
    return [math.floor(middle / unit), math.ceil(middle / unit), math.floor(high / unit)]


def _multiple(number: int, exponent: int) -> float:
    """Return number · 10^exponent as the float that its decimal text reads as."""
    return float(f"{number}e{exponent}")
