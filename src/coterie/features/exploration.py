"""What a table of features looks like before anybody models it: gaps, tails, outliers, what says the same, whether groups are likely."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
from msgspec import Struct

from coterie.errors import CoterieError, not_installed
from coterie.features.preparation import Recipe, fit
from coterie.features.preparation.numbers import SKEWED, known, skewness
from coterie.features.table import Column, FeatureTable, Floats
from coterie.model import Undetermined

BINS = 20
LEVELS = 12
"""Levels of a category that are told; the rest is summed up."""
FENCES = 3.0
"""An outlier lies so many quartile ranges beyond the quartiles."""
ALIKE = 0.9
"""Correlation from which two features say the same."""
GAPS = 0.5
"""Share of missing values from which a feature says little."""
NOBODY = Undetermined("there is nobody")
HOPKINS_PEOPLE_MIN, HOPKINS_PEOPLE_MAX, HOPKINS_POINTS, HOPKINS_ROUNDS = 100, 10_000, 200, 5
EVEN = 0.6
"""Hopkins statistic below which there is no sign of groups."""
LUMPY = 2.0
"""Difference of log odds from the statistic of one cloud from which groups are likely."""


class Bin(Struct, frozen=True):
    """People whose number is between ``low`` and ``high``."""

    low: float
    high: float
    people: int


class NumberExplored(Struct, frozen=True, kw_only=True):
    """One numeric feature. Quantiles, tails and bins are of those who have it; ``skew`` is the third standardised moment."""

    name: str
    title: str
    missing: float | Undetermined
    distinct: int
    zeros: float | Undetermined
    mean: float | Undetermined
    deviation: float | Undetermined
    quantiles: tuple[float, ...]
    """0, 1, 25, 50, 75, 99 and 100 %; empty when nobody has it."""
    skew: float | Undetermined
    outliers: float | Undetermined
    bins: tuple[Bin, ...]
    advice: tuple[str, ...]


class Level(Struct, frozen=True):
    """A level of a category and its share of all people."""

    level: str
    share: float


class CategoryExplored(Struct, frozen=True, kw_only=True):
    """One category: its most frequent levels, and the share of all others together."""

    name: str
    title: str
    missing: float | Undetermined
    distinct: int
    levels: tuple[Level, ...]
    others: float
    advice: tuple[str, ...]


class Pair(Struct, frozen=True):
    """Two numeric features and their rank correlation (Spearman) among those who have both."""

    one: str
    other: str
    correlation: float


class Hopkins(Struct, frozen=True, kw_only=True):
    """Whether people lie in groups: about 0.5 when they lie evenly, towards 1 when they lie close together in places.

    One single cloud lies close together in the middle and has a high value too; ``cloud`` is the value of a normal one with the same
    covariance. Only far above that are groups likely.
    """

    value: float | Undetermined
    deviation: float | Undetermined
    """Of single draws."""
    cloud: float | Undetermined
    says: str


class Exploration(Struct, frozen=True, kw_only=True):
    """An exploratory report. ``pairs`` are the strongest correlations first; ``remarks`` say what matters, in words."""

    feature_set: str
    at: int
    people: int
    numbers: tuple[NumberExplored, ...]
    categories: tuple[CategoryExplored, ...]
    pairs: tuple[Pair, ...]
    hopkins: Hopkins
    remarks: tuple[str, ...]


def explore(table: FeatureTable, recipe: Recipe | None = None, seed: int = 0) -> Exploration:
    """Return the report of a table. Hopkins' statistic is that of the numbers as ``recipe`` (the default one) prepares them.

    Cost: 10 s for a million people with twenty features. Hopkins needs the extra ``learning`` and is
    undetermined without it.
    """
    numbers = tuple(_number(one) for one in table.columns if one.kind == "number")
    categories = tuple(_category(one) for one in table.columns if one.kind == "category")
    pairs = _pairs(table, seed)
    found = _hopkins_of(table, recipe or Recipe(), seed)
    advice = [f"{one.name}: {said}" for one in numbers for said in one.advice]
    advice += [f"{one.name}: {said}" for one in categories for said in one.advice]
    advice += [
        f"{one.one} and {one.other} say nearly the same (rank correlation {one.correlation:.2f}): prune: {ALIKE}"
        for one in pairs
        if abs(one.correlation) >= ALIKE
    ]
    return Exploration(
        feature_set=table.feature_set, at=table.at, people=len(table), numbers=numbers, categories=categories, pairs=pairs,
        hopkins=found, remarks=(*advice, found.says),
    )  # fmt: skip


def hopkins(matrix: Floats, seed: int = 0) -> Hopkins:
    """Return Hopkins' statistic of (n, d) prepared numbers: the mean of five draws of 200 people, and the same of one cloud.

    ``H = Σ u^d / (Σ u^d + Σ w^d)``: w are distances from people to their nearest neighbour, u those from random places in the box
    that holds everybody. Source: Lawson & Jurs 1990, J. Chemical Information and Computer Sciences 30(1), equation 1.
    """
    matrix = np.unique(matrix[np.isfinite(matrix).all(axis=1)], axis=0)
    people, dimensions = matrix.shape
    if people < HOPKINS_PEOPLE_MIN or not dimensions:
        return _unknown(f"{people} people differ, and it takes {HOPKINS_PEOPLE_MIN}")
    rng = np.random.default_rng(seed)
    if people > HOPKINS_PEOPLE_MAX:
        matrix = matrix[np.sort(rng.choice(people, HOPKINS_PEOPLE_MAX, replace=False))]
    try:
        values, single = _draws(matrix, rng), _draws(_cloud(matrix, rng), rng)
    except ModuleNotFoundError:
        return _unknown(not_installed("Hopkins' statistic", "learning").message.split("\n")[0])
    value, cloud = float(np.mean(values)), float(np.mean(single))
    apart = (
        float(np.log(value / (1 - value)) - np.log(cloud / (1 - cloud)))
        if min(value, cloud) > 0 and max(value, cloud) < 1
        else value - cloud
    )
    if value < EVEN:
        word = "people are spread evenly, no sign of groups"
    elif apart > LUMPY or value == 1:
        word = f"far denser in places than one single cloud ({cloud:.3f}): groups are likely"
    else:
        word = f"not spread evenly, but one single cloud would have {cloud:.3f}: whether there are groups is for the choice of k to say"
    return Hopkins(
        value=value, deviation=float(np.std(values, ddof=1)), cloud=cloud, says=f"Hopkins statistic {value:.3f}: {word}"
    )


def _draws(matrix: Floats, rng: np.random.Generator) -> list[float]:
    from scipy.spatial import cKDTree

    dimensions = matrix.shape[1]
    tree, low, high = cKDTree(matrix), matrix.min(axis=0), matrix.max(axis=0)
    points = min(HOPKINS_POINTS, len(matrix) // 10)
    values = []
    for _ in range(HOPKINS_ROUNDS):
        chosen = matrix[rng.choice(len(matrix), points, replace=False)]
        near = tree.query(chosen, k=2)[0][:, 1]
        far = tree.query(rng.uniform(low, high, (points, dimensions)))[0]
        largest = max(float(near.max()), float(far.max())) or 1.0
        inside, random = np.sum((near / largest) ** dimensions), np.sum((far / largest) ** dimensions)
        values.append(float(random / (inside + random)))
    return values


def _cloud(matrix: Floats, rng: np.random.Generator) -> Floats:
    """Return as many people in one normal cloud with the same covariance."""
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(matrix.T)))
    spread: Floats = rng.normal(size=matrix.shape) * np.sqrt(np.maximum(variances, 0.0))
    cloud: Floats = spread @ axes.T
    return cloud


def _hopkins_of(table: FeatureTable, recipe: Recipe, seed: int) -> Hopkins:
    names = [one.name for one in table.numeric()]
    if not names or not len(table):
        return _unknown("there are no numbers")
    rows = np.arange(len(table))
    if len(rows) > 10 * HOPKINS_PEOPLE_MAX:
        rows = np.sort(np.random.default_rng(seed).choice(rows, 10 * HOPKINS_PEOPLE_MAX, replace=False))
    some = table.only(rows)
    try:
        return hopkins(fit(some, recipe, seed, names).apply(some), seed)
    except CoterieError as error:
        return _unknown(error.message.split("\n")[0])


def _unknown(reason: str) -> Hopkins:
    value = Undetermined(reason)
    return Hopkins(value=value, deviation=value, cloud=value, says=f"Hopkins statistic undetermined: {reason}")


def _number(column: Column) -> NumberExplored:
    values, people = known(column), len(column.values)
    missing = 1.0 - len(values) / people if people else NOBODY
    if not len(values):
        nothing = Undetermined("nobody has it")
        return NumberExplored(
            name=column.name, title=column.title, missing=missing, distinct=0, zeros=nothing, mean=nothing, deviation=nothing,
            quantiles=(), skew=nothing, outliers=nothing, bins=(), advice=("nobody has it",),
        )  # fmt: skip
    quantiles = tuple(np.quantile(values, (0, 0.01, 0.25, 0.5, 0.75, 0.99, 1)).tolist())
    reach = FENCES * (quantiles[4] - quantiles[2])
    outside = (values < quantiles[2] - reach) | (values > quantiles[4] + reach)
    outliers = float(np.mean(outside)) if reach else Undetermined("the middle half of the people have one value")
    distinct = len(np.unique(values))
    skew = skewness(values) if distinct > 1 else Undetermined("everybody has the same")
    counts, edges = np.histogram(values, bins=min(BINS, max(distinct, 1)))
    bins = tuple(
        Bin(low, high, count)
        for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    )
    return NumberExplored(
        name=column.name, title=column.title, missing=missing, distinct=distinct, zeros=float(np.mean(values == 0)),
        mean=float(np.mean(values)), deviation=float(np.std(values)), quantiles=quantiles, skew=skew, outliers=outliers,
        bins=bins, advice=_advice(missing, distinct, skew, quantiles[0], outliers),
    )  # fmt: skip


def _advice(
    missing: float | Undetermined,
    distinct: int,
    skew: float | Undetermined,
    least: float,
    outliers: float | Undetermined,
) -> tuple[str, ...]:
    told = []
    if distinct == 1:
        told.append("everybody has the same value: it is left out")
    if isinstance(missing, float) and missing > GAPS:
        told.append(f"{missing:.0%} lack it: leave it out, or mark_missing: true")
    if isinstance(skew, float) and skew > SKEWED:
        curve = "log1p (what auto takes)" if least >= 0 else "yeo_johnson"
        told.append(f"long tail (skewness {skew:.1f}): transform {curve}")
    elif isinstance(skew, float) and skew < -SKEWED:
        told.append(f"long tail downwards (skewness {skew:.1f}): transform yeo_johnson")
    if isinstance(outliers, float) and outliers > 0.01 and not (isinstance(skew, float) and skew > SKEWED):
        told.append(f"{outliers:.1%} are outliers: outliers: winsorise")
    return tuple(told)


def _category(column: Column) -> CategoryExplored:
    values = column.values.tolist()
    counts = Counter(one for one in values if one is not None)
    people = len(values) or 1
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    missing = 1.0 - sum(counts.values()) / people if values else NOBODY
    told = []
    if len(counts) < 2:
        told.append("everybody has the same level: it is left out" if counts else "nobody has it")
    if isinstance(missing, float) and missing > GAPS:
        told.append(f"{missing:.0%} lack it")
    if len(counts) > 50:
        told.append(f"{len(counts):,} levels: the rare ones count as other; categories: svd or frequency")
    return CategoryExplored(
        name=column.name, title=column.title, missing=missing, distinct=len(counts),
        levels=tuple(Level(level, count / people) for level, count in ranked[:LEVELS]),
        others=sum(count for _, count in ranked[LEVELS:]) / people, advice=tuple(told),
    )  # fmt: skip


def _pairs(table: FeatureTable, seed: int) -> tuple[Pair, ...]:
    """Return every pair of numbers that differ, by how strongly they go together."""
    columns = [one for one in table.numeric() if len(np.unique(known(one))) > 1]
    rows = np.arange(len(table))
    if len(rows) > 10 * HOPKINS_PEOPLE_MAX:
        rows = np.sort(np.random.default_rng(seed).choice(rows, 10 * HOPKINS_PEOPLE_MAX, replace=False))
    values = {one.name: np.asarray(one.values, np.float64)[rows] for one in columns}
    found = []
    for one, other in combinations(values, 2):
        both = np.isfinite(values[one]) & np.isfinite(values[other])
        ranks = [_ranks(values[name][both]) for name in (one, other)]
        if both.sum() > 2 and all(np.std(some) > 0 for some in ranks):
            found.append(Pair(one, other, float(np.corrcoef(ranks[0], ranks[1])[0, 1])))
    return tuple(sorted(found, key=lambda one: (-abs(one.correlation), one.one, one.other)))


def _ranks(values: Floats) -> Floats:
    """Return ranks, ties in their middle."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: Floats = (ends - (counts - 1) / 2.0)[place]
    return middle
