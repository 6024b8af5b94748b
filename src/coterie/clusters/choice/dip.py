"""Dip: how far a sample is from having one peak, whatever its shape is otherwise."""

from __future__ import annotations

import numpy as np

from coterie.clusters.compiled import compiled
from coterie.clusters.labels import Floats, Ints

SLOPE, OFFSET = 15.9, 1.57
"""Tail of √n · dip for uniform samples, the hardest of those with one peak: ln p ≈ 1.57 − 15.9 n dip². Fitted to 12,000 samples of 50 to
5,000; the 95, 99 and 99.9 % points (.532, .621, .73) come out within .01."""


def dip_of(values: Floats) -> float:
    """Return √n times the dip of a sample: its largest distance from the nearest distribution with one peak. Below .53 in 95 % of
    samples of one peak. Cost: n log n. Source: Hartigan and Hartigan (1985), The dip test of unimodality; Hartigan (1985), AS 217.
    """
    return float(_dip(np.sort(np.asarray(values, np.float64)))) * float(np.sqrt(len(values)))


def chance_of(scaled_dip: float) -> float:
    """Return how often a sample of one peak shows such a dip or a larger one, at most 1."""
    return float(min(1.0, np.exp(OFFSET - SLOPE * scaled_dip**2)))


@compiled
def _hull(values: Floats, upper: bool) -> Ints:
    """Return for each place the next corner of the greatest convex minorant below it (of the least concave majorant above it)."""
    n = len(values)
    corner = np.zeros(n, np.int64)
    step, end = (-1, n - 1) if upper else (1, 0)
    corner[end] = end
    place = end + step
    while 0 <= place < n:
        corner[place] = place - step
        while True:
            one = corner[place]
            two = corner[one]
            if one == end or (values[place] - values[one]) * (one - two) < (values[one] - values[two]) * (place - one):
                break
            corner[place] = two
        place += step
    return corner


@compiled
def _bulge(values: Floats, corners: Ints, first: int, last: int, upper: bool) -> float:
    """Return the largest distance between the steps of the sample and the hull through ``corners[first … last]``."""
    most = 0.0
    for place in range(first, last):
        one, two = corners[place], corners[place + 1]
        left, right = min(one, two), max(one, two)
        height = 1.0
        if right - left > 1 and values[right] != values[left]:
            slope = (right - left) / (values[right] - values[left])
            for row in range(left, right + 1):
                along = (values[row] - values[left]) * slope
                height = max(height, along - (row - left - 1) if upper else (row - left + 1) - along)
        most = max(most, height)
    return most


@compiled
def _walk(start: int, stop: int, corners: Ints) -> tuple[Ints, int]:
    """Return the corners from ``start`` to ``stop`` and the place of the last one."""
    found = np.empty(len(corners) + 1, np.int64)
    found[0] = start
    last = 0
    while found[last] != stop:
        found[last + 1] = corners[found[last]]
        last += 1
    return found, last


@compiled
def _apart(values: Floats, below: Ints, lows: int, above: Ints, highs: int) -> tuple[float, int, int]:
    """Return the largest gap between minorant (corners downwards) and majorant (upwards), and the corners on each where it is."""
    most, at_low, at_high = 0.0, lows, highs
    low, high = lows - 1, 1
    while True:
        one, two = below[low], above[high]
        if one > two:
            before = below[low + 1]
            gap = (two - before + 1) - (values[two] - values[before]) * (one - before) / (values[one] - values[before])
            high += 1
            if gap >= most:
                most, at_low, at_high = gap, low + 1, high - 1
        else:
            before = above[high - 1]
            gap = (values[one] - values[before]) * (two - before) / (values[two] - values[before]) - (one - before - 1)
            low -= 1
            if gap >= most:
                most, at_low, at_high = gap, low + 1, high
        low, high = max(low, 0), min(high, highs)
        if below[low] == above[high]:
            return most, at_low, at_high


@compiled
def _dip(values: Floats) -> float:
    n = len(values)
    if n < 4 or values[0] == values[n - 1]:
        return 1.0 / (2 * max(n, 1))
    down, up = _hull(values, False), _hull(values, True)
    low, high, dip = 0, n - 1, 1.0
    while True:
        below, lows = _walk(high, low, down)
        above, highs = _walk(low, high, up)
        gap, at_low, at_high = 1.0, lows, highs
        if lows > 1 or highs > 1:
            gap, at_low, at_high = _apart(values, below, lows, above, highs)
        if gap < dip:
            break
        left = _bulge(values, below, at_low, lows, False)
        right = _bulge(values, above, at_high, highs, True)
        dip = max(dip, left, right)
        if below[at_low] == low and above[at_high] == high:
            break
        low, high = below[at_low], above[at_high]
    return dip / (2 * n)
