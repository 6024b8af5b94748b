"""Fitting a recipe: from what a table holds to a preparation that is plain data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from coterie.errors import Problem, nearest
from coterie.features.preparation.categories import category_step
from coterie.features.preparation.numbers import bounded, number_step
from coterie.features.preparation.preparation import CategoryStep, LeftOut, NumberStep, Preparation
from coterie.features.preparation.recipe import Recipe
from coterie.features.preparation.reduction import pruned, rotated
from coterie.features.table import FeatureTable

PEOPLE_MIN = 2
"""People from whom anything can be learned."""


def fit(table: FeatureTable, recipe: Recipe, seed: int = 0, columns: Sequence[str] | None = None) -> Preparation:
    """Return the preparation that ``recipe`` makes of a table, or of those of its columns; same table and seed, same bytes.

    Bounds of outliers are those of all people; all that follows is learned of the people who are inside them. Features that are the
    same for everybody, and those that pruning took, are named in ``left_out`` with the reason.

    Raises: NotFound for an unknown column, Problem for too few people and for what a column cannot be. Cost: some passes over the
    table, and its correlations where they are asked for; ``yeo_johnson`` needs the extra ``learning``.
    """
    chosen = table.columns if columns is None else tuple(table.column(name) for name in columns)
    _refuse_strangers(recipe, [one.name for one in chosen])
    numeric = [one for one in chosen if one.kind == "number"]
    gone: list[LeftOut] = []
    steps = [step for one in numeric if (step := bounded(one, recipe.treatment(one.name), gone))]
    first = Preparation(numbers=tuple(steps), categories=(), made=(), kept=())
    rows = first.inside(table)
    if np.count_nonzero(rows) < PEOPLE_MIN:
        hint = "missing: leave_out and outliers: drop leave people out" if len(table) >= PEOPLE_MIN else ""
        raise Problem(
            "too few people to learn from", received=int(np.count_nonzero(rows)), allowed="2 or more", hint=hint
        )
    seen = table if rows.all() else table.only(rows)
    numbers = [one for step in steps if (one := number_step(seen.column(step.column), step, recipe, seed, gone))]
    remarks: list[str] = []
    categories = [
        found
        for one in chosen
        if one.kind == "category" and recipe.treatment(one.name).categories != "leave_out"
        if (found := category_step(seen.column(one.name), seen, chosen, recipe, gone, remarks))
    ]
    return _reduced(_joined(numbers, categories, gone, remarks, len(seen)), seen, recipe)


def _refuse_strangers(recipe: Recipe, names: Sequence[str]) -> None:
    for name in recipe.columns or {}:
        if name not in names:
            raise Problem("no feature has this name", where=f"prepare.columns.{name}", received=name,
                          allowed=", ".join(names), hint=nearest(name, names))  # fmt: skip


def _joined(
    numbers: list[NumberStep], categories: list[CategoryStep], gone: list[LeftOut], remarks: list[str], people: int
) -> Preparation:
    if not numbers and not categories:
        reasons = "; ".join(f"{one.name}: {one.reason}" for one in gone)
        raise Problem(
            "no feature is left to learn from",
            received=reasons or "a table without features",
            hint="name others: columns, or the feature set",
        )
    made = (
        *(one.column for one in numbers),
        *(f"{one.column} missing" for one in numbers if one.marked),
        *(name for one in categories for name in one.names),
    )
    return Preparation(
        numbers=tuple(numbers), categories=tuple(categories), made=made, kept=tuple(range(len(made))),
        left_out=tuple(gone), remarks=tuple(remarks), people=people,
    )  # fmt: skip


def _reduced(whole: Preparation, seen: FeatureTable, recipe: Recipe) -> Preparation:
    """Return the preparation without what correlates, and turned to its principal components, as the recipe says."""
    if recipe.prune is None and recipe.components is None:
        return whole
    made = whole.apply(seen)
    if recipe.prune is not None:
        kept, gone = pruned(made, whole.made, recipe.prune)
        whole, made = _without(whole, kept, gone), made[:, kept]
    if recipe.components is not None:
        whole = structs.replace(whole, rotation=rotated(made, recipe.components))
    return whole


def _without(whole: Preparation, kept: list[int], gone: list[LeftOut]) -> Preparation:
    """Return the preparation that makes the ``kept`` numbers alone, and reads no feature that none of them needs."""
    owners = [
        *(("number", place) for place in range(len(whole.numbers))),
        *(("number", place) for place, one in enumerate(whole.numbers) if one.marked),
        *(("category", place) for place, one in enumerate(whole.categories) for _ in one.names),
    ]
    used = {owners[place] for place in kept}
    places = [place for place, owner in enumerate(owners) if owner in used]
    return structs.replace(
        whole,
        numbers=tuple(one for place, one in enumerate(whole.numbers) if ("number", place) in used),
        categories=tuple(one for place, one in enumerate(whole.categories) if ("category", place) in used),
        made=tuple(whole.made[place] for place in kept),
        kept=tuple(places.index(place) for place in kept),
        left_out=(*whole.left_out, *gone),
    )
