"""The feature sets of a project, told: what they measure of whom, whether they can be followed live, what is odd about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import numpy as np
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.learning.tables import FOLDER, feature_sets, plan_of
from coterie.engine.project import Project
from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.features.definition import FeatureSet
from coterie.features.plan import Plan
from coterie.features.table import Column, FeatureTable
from coterie.model import SYSTEM_PREFIX, Undetermined
from coterie.segments import core
from coterie.segments.measures import Measurable, referred


class FeatureTold(Struct, frozen=True, kw_only=True):
    """One feature of a set: its column, and what it is in words."""

    name: str
    kind: Literal["number", "category"]
    unit: str
    says: str


class SetTold(Struct, frozen=True, kw_only=True):
    """One feature set. ``refusals`` say why it cannot be followed live as it is written; a fitted model keeps a frozen one."""

    key: str
    title: str
    description: str
    version: int
    who: str
    is_frozen: bool
    features: tuple[FeatureTold, ...]
    families: tuple[str, ...]
    refusals: tuple[str, ...]


class Summary(Struct, frozen=True, kw_only=True):
    """One column of a table: how many people have a value, and which."""

    name: str
    kind: Literal["number", "category"]
    unit: str
    known: int
    mean: float | Undetermined
    median: float | Undetermined
    least: float | Undetermined
    most: float | Undetermined
    distinct: int
    top: tuple[tuple[str, int], ...] = ()
    """The most frequent categories, with how many people have each."""


def told(project: Project, feature_set: FeatureSet) -> SetTold:
    """Return what a set measures. Raises: InvalidDefinition."""
    plan = plan_of(project, feature_set)
    return SetTold(
        key=feature_set.key,
        title=feature_set.title,
        description=feature_set.description,
        version=feature_set.version,
        who=feature_set.says(),
        is_frozen=plan.is_frozen,
        features=tuple(
            FeatureTold(name=one.name, kind=one.kind, unit=one.unit, says=one.title) for one in plan.features
        ),
        families=tuple(one.says() for one in feature_set.built_in or ()),
        refusals=refusals(project, plan),
    )


def refusals(project: Project, plan: Plan) -> tuple[str, ...]:
    """Return why a set cannot be followed live, in words: what is not frozen, and segments that are computed on a schedule."""
    scheduled = {one.key for one in definitions.candidates(project) if not one.is_live}
    asked = sorted(referred(plan.reading().terms) & scheduled)
    return (*plan.refusals(), *(f"the segment {key} is computed on a schedule, not live" for key in asked))


def check(project: Project) -> list[Problem]:
    """Return everything that is wrong with the feature sets of the project: of all files, their formulas and their segments."""
    try:
        found = feature_sets(project)
    except InvalidDefinition as error:
        return list(error.problems)
    known = {one.key for one in definitions.candidates(project)}
    problems: list[Problem] = []
    for one in found:
        try:
            terms = plan_of(project, one).reading().terms
        except InvalidDefinition as error:
            problems += error.problems
            continue
        for key in sorted(referred(terms) - known):
            where = f"{FOLDER}/{one.key}.yaml"
            allowed = ", ".join(sorted(known)[:20]) or "a segment with a file of its own"
            problems.append(
                Problem("no segment has this key", where=where, received=key, allowed=allowed, hint=nearest(key, known))
            )
    return problems


def unheard(project: Project, plan: Plan) -> list[tuple[str, str]]:
    """Return (event name, hint) for every event that a set names and that the log has never seen; none while the log is empty."""
    heard = {row["name"] for row in project.events.names().to_pylist()}
    terms = [*plan.reading().terms, *(one.term for one in plan.features if one.term is not None)]
    named = {name for term in terms for asked in _selectors(term) for name in asked.names}
    strange = sorted(name for name in named if not name.startswith(SYSTEM_PREFIX) and name not in heard)
    return [(name, nearest(name, heard)) for name in strange] if heard else []


def _selectors(term: Measurable) -> Iterator[core.Selector]:
    if isinstance(term, core.Leaf):
        yield from core.selectors(term)
    elif isinstance(term, core.Aggregate):
        yield term.selector
    elif isinstance(term, core.Elapsed):
        yield from _selectors(term.of) if isinstance(term.of, core.Aggregate) else ()


def summaries(table: FeatureTable) -> tuple[Summary, ...]:
    """Return what each column of a table holds; what no person has is undetermined."""
    return tuple(_summary(column) for column in table.columns)


def _summary(column: Column) -> Summary:
    nobody = Undetermined("nobody has a value")
    if column.kind == "category":
        known = [one for one in column.values.tolist() if one is not None]
        counts = Counter(known)
        top = tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5])
        none = Undetermined("a category is no number")
        return Summary(
            name=column.name, kind="category", unit=column.unit, known=len(known), distinct=len(counts), top=top,
            mean=none, median=none, least=none, most=none,
        )  # fmt: skip
    numbers = column.values[np.isfinite(column.values.astype(np.float64))].astype(np.float64)
    has = len(numbers) > 0
    return Summary(
        name=column.name,
        kind="number",
        unit=column.unit,
        known=len(numbers),
        mean=float(numbers.mean()) if has else nobody,
        median=float(np.median(numbers)) if has else nobody,
        least=float(numbers.min()) if has else nobody,
        most=float(numbers.max()) if has else nobody,
        distinct=len(np.unique(numbers)),
    )
