"""What is learned of one category: its levels, and the numbers that each becomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from coterie.errors import Problem
from coterie.features.preparation.numbers import known, measured
from coterie.features.preparation.preparation import CategoryStep, LeftOut
from coterie.features.preparation.recipe import Recipe, Treatment
from coterie.features.table import PEOPLE_LEAST, Column, FeatureTable, Floats, Places

OTHER, MISSING = "other", "missing"
PARTS = 4
"""Parts into which a number is cut where levels are compared by who their people are."""


def category_step(
    column: Column,
    seen: FeatureTable,
    chosen: Sequence[Column],
    recipe: Recipe,
    gone: list[LeftOut],
    remarks: list[str],
) -> CategoryStep | None:
    """Return what a category becomes; ``None``, and a line in ``gone``, when it is the same for everybody.

    No outcome is looked at. Raises: Problem for ``svd`` of the only feature.
    """
    levels, places = leveled(column, recipe)
    shares = np.bincount(places, minlength=len(levels) + 2) / max(len(places), 1)
    if np.count_nonzero(shares) < 2:
        gone.append(LeftOut(column.name, "nobody has it" if shares[-1] == 1 else "the same for everybody"))
        return None
    if shares[-2]:
        rare = len({one for one in column.values.tolist() if one is not None}) - len(levels)
        remarks.append(
            f"{column.name}: {rare} rare level{'s' * (rare != 1)} of {shares[-2]:.1%} of the people count as other"
        )
    treatment = recipe.treatment(column.name)
    names: tuple[str, ...]
    if treatment.categories == "frequency":
        codes, names = _frequency(column, levels, shares), (f"{column.name} frequency",)
    elif treatment.categories == "svd":
        codes = _embedded(column, places, len(levels), seen, chosen, recipe)
        names = tuple(f"{column.name} {number}" for number in range(1, codes.shape[1] + 1))
    else:
        codes, names = _one_hot(column.name, levels, shares, recipe)
    scaled = codes if treatment.categories == "one_hot" else _scaled(codes, shares, treatment)
    rows = tuple(tuple(row) for row in (scaled * treatment.weight).tolist())
    return CategoryStep(column=column.name, levels=levels, codes=rows, names=names)


def leveled(column: Column, recipe: Recipe) -> tuple[tuple[str, ...], Places]:
    """Return the levels that count for themselves, the most frequent first, and (n,) the place of each person among them.

    Behind the levels stand ``other`` and ``missing``.
    """
    values = column.values.tolist()
    counts = Counter(one for one in values if one is not None)
    least = max(recipe.rare * len(values), PEOPLE_LEAST)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    levels = tuple(str(level) for level, count in ranked[: recipe.levels] if count >= least)
    places = {level: place for place, level in enumerate(levels)}
    other, missing = len(levels), len(levels) + 1
    return levels, np.array([missing if one is None else places.get(one, other) for one in values], np.int64)


def _one_hot(name: str, levels: tuple[str, ...], shares: Floats, recipe: Recipe) -> tuple[Floats, tuple[str, ...]]:
    """A number per level, and one for other and for missing where there are such people; missing ones too few are nothing."""
    written = [*levels, OTHER, MISSING]
    used = [
        place
        for place, share in enumerate(shares)
        if place < len(levels) or share >= (recipe.rare, 1e-9)[place == len(levels)]
    ]
    used = [place for place in used if shares[place] > 0]
    codes = np.zeros((len(levels) + 2, len(used)))
    codes[used, range(len(used))] = 1.0
    return codes, tuple(f"{name}={written[place]}" if place <= len(levels) else f"{name} missing" for place in used)


def _frequency(column: Column, levels: tuple[str, ...], shares: Floats) -> Floats:
    """The share of people of the level; of the others the share that one of them has on average."""
    counts = Counter(one for one in column.values.tolist() if one is not None and one not in levels)
    rest = sum(counts.values())
    other = sum(count * count for count in counts.values()) / rest / len(column.values) if rest else 0.0
    return np.array([*shares[:-2], other, shares[-1]])[:, None]


def _embedded(
    column: Column, places: Places, levels: int, seen: FeatureTable, chosen: Sequence[Column], recipe: Recipe
) -> Floats:
    """Principal coordinates of the levels by correspondence analysis with all other features: (levels + 2, dimensions).

    Numbers count in quarters. Source: Greenacre 2017, Correspondence Analysis in Practice, appendix A, equations A.4 to A.8.
    """
    context = [_parts(seen.column(one.name), recipe) for one in chosen if one.name != column.name]
    if not context:
        raise Problem("levels are compared by other features, and there is none", where=column.name, received="svd",
                      allowed="one_hot, frequency", hint="or give the model more columns")  # fmt: skip
    table = np.concatenate([_crossed(places, levels + 2, other) for other in context], axis=1)
    rows = np.flatnonzero(table.sum(axis=1))
    part = table[np.ix_(rows, np.flatnonzero(table.sum(axis=0)))] / table.sum()
    mass, other_mass = part.sum(axis=1), part.sum(axis=0)
    expected = np.outer(mass, other_mass)
    left, strengths, _ = np.linalg.svd((part - expected) / np.sqrt(expected), full_matrices=False)
    count = min(recipe.dimensions, len(rows) - 1, int(np.count_nonzero(strengths > 1e-12)) or 1)
    axes = left[:, :count] * strengths[:count] / np.sqrt(mass)[:, None]
    axes = axes * np.where(axes[np.argmax(np.abs(axes), axis=0), range(count)] < 0, -1.0, 1.0)
    codes = np.zeros((levels + 2, count))
    codes[rows] = axes
    return codes


def _parts(column: Column, recipe: Recipe) -> Places:
    """Return (n,) which quarter or level each person is in; missing is one of its own."""
    if column.kind == "category":
        return leveled(column, recipe)[1]
    values = np.asarray(column.values, np.float64)
    finite = known(column)
    cuts = np.unique(np.quantile(finite, np.arange(1, PARTS) / PARTS)) if len(finite) else np.empty(0)
    return np.where(np.isfinite(values), np.searchsorted(cuts, values), PARTS).astype(np.int64)


def _crossed(places: Places, rows: int, other: Places) -> Floats:
    columns = int(other.max(initial=0)) + 1
    return np.bincount(places * columns + other, minlength=rows * columns).reshape(rows, columns).astype(np.float64)


def _scaled(codes: Floats, shares: Floats, treatment: Treatment) -> Floats:
    """Return codes in the measure of the numbers, each level counted by its people; what nobody had at the fit is the middle."""
    found = codes.copy()
    people = np.repeat(np.arange(len(shares)), np.round(shares * 10_000).astype(np.int64))
    for place in range(codes.shape[1]):
        centre, spread = measured(codes[people, place], treatment.scale or "standard")
        found[:, place] = (codes[:, place] - centre) / (spread or 1.0)
    found[shares == 0] = 0.0
    return found
