"""What was measured becomes a table of features, and what a feature set needs to know of its population is taken from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import structs

from coterie.features.definition import FeatureSet, Frozen
from coterie.features.expressions import evaluate, identity, unmeasured
from coterie.features.feature import Feature
from coterie.features.plan import Plan, Reading
from coterie.features.table import Column, FeatureTable, Floats, Rows, Texts
from coterie.segments.conditions.thresholds import FIFTHS, cuts_above
from coterie.values import parse, text_of


def cuts_of(plan: Plan, reading: Reading, measured: Floats, inside: Rows) -> dict[str, tuple[float, ...]]:
    """Return the numbers between the fifths of every score whose cuts are not known, taken over the people inside."""
    columns = {identity(term): np.ascontiguousarray(measured[:, i]) for i, term in enumerate(reading.terms)}
    found: dict[str, tuple[float, ...]] = {}
    for feature in plan.expressed:
        assert feature.expression is not None  # that is what expressed means
        for score in unmeasured(feature.expression):
            if score.name not in found:
                numbers = evaluate(score.of, columns, len(measured))[inside]
                found[score.name] = cuts_above(numbers[np.isfinite(numbers)].tolist(), FIFTHS)
    return found


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
