"""How members differ from everybody else: standardised differences with intervals that need no normal distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from coterie.clusters.explanation.facts import Difference
from coterie.clusters.labels import Ints
from coterie.features.table import PEOPLE_LEAST, Column, FeatureTable, Floats

LEVELS_MAX = 12
"""Levels of one category that are compared: the most frequent ones."""
Z_95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


class Comparison(Struct, frozen=True, kw_only=True):
    """A column of numbers to compare: a numeric feature, or whether a customer has one level of a category."""

    column: Column
    level: str | None
    values: Floats


def comparisons(table: FeatureTable) -> Iterator[Comparison]:
    """Yield what of the table is compared: numeric columns as they are, categories as 0 and 1 for each of their frequent levels."""
    for column in table.columns:
        if column.kind == "number":
            yield Comparison(column=column, level=None, values=np.asarray(column.values, np.float64))
            continue
        missing = np.array([value is None for value in column.values], bool)
        for level in frequent_levels(column):
            values = np.where(missing, np.nan, (column.values == level).astype(np.float64))
            yield Comparison(column=column, level=level, values=values)


def frequent_levels(column: Column) -> tuple[str, ...]:
    """Return the most frequent levels of a category that some people have, at most ``LEVELS_MAX``; of equals, the first by text."""
    known = [value for value in column.values if value is not None]
    levels, counts = np.unique(np.asarray(known, dtype=object).astype(str), return_counts=True) if known else ((), ())
    some = [place for place in range(len(levels)) if counts[place] >= PEOPLE_LEAST]
    order = sorted(some, key=lambda place: (-counts[place], levels[place]))
    return tuple(str(levels[place]) for place in order[:LEVELS_MAX])


def compare_clusters(table: FeatureTable, labels: Ints, k: int) -> list[tuple[Difference, ...]]:
    """Return, per cluster, its differences from everybody else, greatest first (by ``exceeds``, then by ``difference``).

    ``labels`` (n,) are −1 for those in no cluster; they count among the others. A feature that is known for nobody in the cluster or
    for nobody else, or that is the same for all, is left out. Cost: one sort of each column, and k passes over it.
    """
    found: list[list[Difference]] = [[] for _ in range(k)]
    sizes = np.bincount(labels[labels >= 0], minlength=k)
    for one in comparisons(table):
        is_known = ~np.isnan(one.values)
        values, places = np.unique(one.values[is_known], return_inverse=True)
        if len(values) < 2:
            continue
        groups, everybody = labels[is_known], np.bincount(places)
        for cluster in range(k):
            inside = np.bincount(places[groups == cluster], minlength=len(values))
            outside = everybody - inside
            if inside.any() and outside.any():
                known = int(inside.sum()) / int(sizes[cluster])
                found[cluster].append(_difference(one, values, inside.astype(float), outside.astype(float), known))
    return [tuple(sorted(each, key=_greatest)) for each in found]


def _greatest(one: Difference) -> tuple[float, float, str, str]:
    return (-abs(one.exceeds - 0.5), -abs(one.difference), one.column, one.level or "")


def _difference(one: Comparison, values: Floats, inside: Floats, outside: Floats, known: float) -> Difference:
    """Return the difference between two groups that hold each of the ascending ``values`` so and so many times."""
    difference, error = standardised(values, inside, outside)
    exceeds, doubt = superiority(inside, outside)
    lowest, highest = chance_between(exceeds, doubt, min(float(inside.sum()), float(outside.sum())))
    return Difference(
        column=one.column.name,
        title=one.column.title or one.column.name,
        unit=one.column.unit,
        level=one.level,
        mean=_mean(values, inside),
        elsewhere=_mean(values, outside),
        median=_median(values, inside),
        median_elsewhere=_median(values, outside),
        difference=difference,
        low=difference - Z_95 * error,
        high=difference + Z_95 * error,
        exceeds=exceeds,
        exceeds_low=lowest,
        exceeds_high=highest,
        known=known,
    )


def _mean(values: Floats, counts: Floats) -> float:
    return float((values * counts).sum() / counts.sum())


def _median(values: Floats, counts: Floats) -> float:
    """Return the middle value, or the mean of the two middle ones."""
    below, whole = np.cumsum(counts), counts.sum()
    first, second = np.searchsorted(below, ((whole - 1) // 2, whole // 2), side="right")
    return float(values[first] / 2 + values[second] / 2)


def standardised(values: Floats, inside: Floats, outside: Floats) -> tuple[float, float]:
    """Return (mean inside − mean outside) / standard deviation of both together, and its standard error.

    ``inside`` and ``outside`` say how often each group holds each value. The error is that of the delta method with the empirical influence of every
    value on both means and on the standard deviation, so that it holds for skewed and heavy-tailed values too, where the textbook formula for Cohen's
    d does not. A group of one tells no spread: everybody's is taken for it. Both are 0 when all values are equal. Source: Hampel 1974, "The influence curve and its role in robust estimation".
    """
    first, second = float(inside.sum()), float(outside.sum())
    n = first + second
    centre = _mean(values, inside + outside)
    scale = math.sqrt(_mean((values - centre) ** 2, inside + outside))
    if scale == 0.0:
        return 0.0, 0.0
    apart = (values - centre) / scale
    mean, other = _mean(apart, inside), _mean(apart, outside)
    difference = mean - other
    spread = difference / (2.0 * n) * (apart**2 - 1.0)
    variance = _sampled(float((inside * ((apart - mean) / first - spread) ** 2).sum()), first)
    variance += _sampled(float((outside * ((apart - other) / second + spread) ** 2).sum()), second)
    return difference, math.sqrt(variance)


def _sampled(variance: float, people: float) -> float:
    """Return the variance of a mean of so many people that was computed with their own mean; of one person, that of everybody."""
    return variance * people / (people - 1.0) if people > 1.0 else max(variance, 1.0)


def superiority(inside: Floats, outside: Floats) -> tuple[float, float]:
    """Return the chance that a random one inside lies above a random one outside (ties half), and its standard error.

    Counts are by ascending value. The error is 0 where a group has a single value in one member only.
    Source: Mann, Whitney 1947; DeLong, DeLong, Clarke-Pearson 1988 for the variance by placements.
    """
    first, second = float(inside.sum()), float(outside.sum())
    over = (np.cumsum(outside) - outside / 2.0) / second
    under = 1.0 - (np.cumsum(inside) - inside / 2.0) / first
    chance = float((inside * over).sum() / first)
    variance = float((inside * (over - chance) ** 2).sum()) / (first * max(first - 1.0, 1.0))
    variance += float((outside * (under - chance) ** 2).sum()) / (second * max(second - 1.0, 1.0))
    return chance, math.sqrt(variance)


def chance_between(chance: float, doubt: float, smaller: float) -> tuple[float, float]:
    """Return the 95 % interval of ``superiority``, whose smaller group has ``smaller`` people.

    Where the placements tell no error (the groups do not overlap, or one person is a group) it is Wilson's for a share of ``smaller`` draws: three people
    above all others do not prove that all such people are. Source: Wilson 1927, JASA 22(158).
    """
    if doubt > 0.0 and smaller > 1.0:
        return max(chance - Z_95 * doubt, 0.0), min(chance + Z_95 * doubt, 1.0)
    weight = Z_95**2 / smaller
    centre = (chance + weight / 2.0) / (1.0 + weight)
    reach = Z_95 * math.sqrt(chance * (1.0 - chance) / smaller + weight / (4.0 * smaller)) / (1.0 + weight)
    return max(min(centre - reach, chance), 0.0), min(max(centre + reach, chance), 1.0)
