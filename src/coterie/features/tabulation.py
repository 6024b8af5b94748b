"""What was measured becomes a table of features, and what a feature set needs to know of its population is taken from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import structs

from coterie.features.definition import FeatureSet, Frozen
from coterie.features.expressions import Fifth, unmeasured
from coterie.features.feature import Feature
from coterie.features.plan import Plan
from coterie.features.table import Column, FeatureTable, Floats, Texts
from coterie.segments.conditions.thresholds import FIFTHS, cuts_above
from coterie.values import parse, text_of


def open_scores(plan: Plan) -> dict[str, Fifth]:
    """Return the scores of a plan whose cuts are not known, by name."""
    found = (one for feature in plan.expressed if feature.expression for one in unmeasured(feature.expression))
    return {one.name: one for one in found}


def cuts_of(scores: Mapping[str, Fifth], numbers: Floats) -> dict[str, tuple[float, ...]]:
    """Return the numbers between the fifths of each score; ``numbers`` (people, scores) is what it is taken of, NaN left out."""
    columns = {name: numbers[:, place] for place, name in enumerate(scores)}
    return {name: cuts_above(told[np.isfinite(told)].tolist(), FIFTHS) for name, told in columns.items()}


def levels_of(counts: Mapping[str, float], top: int) -> tuple[str, ...]:
    """Return the ``top`` texts with the highest counts, among equals in the order of their text."""
    return tuple(sorted(counts, key=lambda text: (-counts[text], text))[:top])


def frozen(
    feature_set: FeatureSet,
    *,
    cuts: Mapping[str, tuple[float, ...]] | None = None,
    levels: Mapping[str, tuple[str, ...]] | None = None,
) -> FeatureSet:
    """Return the set with these numbers and levels beside those that stand in it."""
    known = feature_set.frozen or Frozen()
    found = Frozen(
        cuts={**(known.cuts or {}), **(cuts or {})} or None, levels={**(known.levels or {}), **(levels or {})} or None
    )
    return structs.replace(feature_set, frozen=found if found != Frozen() else feature_set.frozen)


def texts_of(column: Sequence[str | None]) -> Texts:
    """Return the categories in a column of canonical JSON: the text of strings, numbers and truths; ``None`` for anything else."""
    known: dict[str | None, str | None] = {None: None}
    for one in dict.fromkeys(column):
        known.setdefault(one, None if one is None else text_of(parse(one)) or None)
    found = np.empty(len(column), object)
    found[:] = [known[one] for one in column]
    return found


def tabulate(plan: Plan, profiles: Texts, derived: Floats, values: Mapping[str, Texts], at: int) -> FeatureTable:
    """Return the table of a plan: ``derived`` (n, expressed features), ``values`` the categories that are read as they are."""
    places = {feature.name: derived[:, i] for i, feature in enumerate(plan.expressed)}
    columns = tuple(_column(feature, places, values) for feature in plan.features)
    order = np.argsort(profiles.astype(str), kind="stable")
    table = FeatureTable(profiles=profiles, columns=columns, at=at, feature_set=plan.key, version=plan.version)
    return table.only(order)


def _column(feature: Feature, derived: Mapping[str, Floats], values: Mapping[str, Texts]) -> Column:
    told: Floats | Texts
    if feature.expression is None:
        told = values[feature.name]
    elif feature.kind == "category":
        labels = np.array([*feature.labels, None], object)
        place = derived[feature.name]
        told = labels[np.where(np.isnan(place), len(feature.labels), place).astype(np.int64)]
    else:
        told = np.ascontiguousarray(derived[feature.name])
    return Column(name=feature.name, kind=feature.kind, values=told, unit=feature.unit, title=feature.title)
