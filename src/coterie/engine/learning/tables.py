"""Feature sets of a project, and their tables as of any instant, computed by the batch reader: only what had arrived by then counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.errors import NotFound, nearest
from coterie.features.definition import FeatureSet, lower
from coterie.features.expressions import identity
from coterie.features.parse import load
from coterie.features.plan import Plan, Reading
from coterie.features.table import PEOPLE_LEAST, FeatureTable, Floats, Rows
from coterie.features.tabulation import cuts_of, frozen, levels_of, open_scores, tabulate, texts_of
from coterie.segments.catalog import Catalog
from coterie.segments.conditions.form import Context
from coterie.segments.measures import Measurable
from coterie.values import parse, text_of

FOLDER = "features"


class Built(Struct, frozen=True):
    """A table, and the feature set with everything that was taken from its population: measured again with it, a later table or
    live state has the same fifths and categories."""

    table: FeatureTable
    feature_set: FeatureSet


def feature_sets(project: Project) -> list[FeatureSet]:
    """Return the feature sets in ``features/`` by key. Raises: InvalidDefinition with every problem of every file."""
    return load(project.root / FOLDER)


def feature_set_of(project: Project, key: str) -> FeatureSet:
    """Return the feature set with that key. Raises: NotFound with the nearest key, InvalidDefinition."""
    known = {one.key: one for one in feature_sets(project)}
    if key not in known:
        raise NotFound(f"no feature set {key!r}", hint=nearest(key, known) or f"write it: {FOLDER}/{key}.yaml")
    return known[key]


def plan_of(project: Project, feature_set: FeatureSet) -> Plan:
    """Return the set lowered with the project's time zone and thresholds. Raises: InvalidDefinition."""
    return lower(feature_set, definitions.context(project))


def feature_table(project: Project, feature_set: FeatureSet, at: int, *, population: str | None = None) -> FeatureTable:
    """Return the features of everybody in the population as of ``at``; see ``build``."""
    return build(project, feature_set, at, population=population).table


def build(project: Project, feature_set: FeatureSet, at: int, *, population: str | None = None) -> Built:
    """Return the table as of ``at``, and the set frozen on its population.

    ``population``: a segment instead of the one the set names. What arrived after ``at`` changes nothing. Cost: one scan of the log,
    one more per mix that is not frozen. Raises: InvalidDefinition, NotFound.
    """
    context = definitions.context(project)
    catalog = definitions.catalog(project, definitions.candidates(project))
    segment = feature_set.population if population is None else population
    if segment and segment not in catalog:
        raise NotFound(f"no segment {segment!r}", hint=nearest(segment, catalog.keys))
    with History(project.events) as history:
        return measured(history, feature_set, at, context=context, catalog=catalog, population=population)


def measured(
    history: History,
    feature_set: FeatureSet,
    at: int,
    *,
    context: Context = Context(),  # noqa: B008  an immutable value
    catalog: Catalog | None = None,
    population: str | None = None,
) -> Built:
    """Return what ``build`` does, of any history."""
    plan = lower(feature_set, context)
    if plan.questions:
        people = _people(history, plan, at, catalog, population)
        found = {
            one.name: levels_of(_counts(history, plan, i, at, people), one.top) for i, one in enumerate(plan.questions)
        }
        feature_set = frozen(feature_set, levels=found)
        plan = lower(feature_set, context)
    reading = plan.reading(population=population)
    categories = [feature for feature in plan.features if feature.expression is None]
    terms = [feature.term for feature in categories if feature.term is not None]
    answer = history.measures(reading.terms, at, values=terms, catalog=catalog)
    numbers = matrix_of(answer, len(reading.terms))
    inside = reading.inside(numbers)
    if not plan.is_frozen:
        scores = open_scores(plan)
        scored = Reading([one.of for one in scores.values()], None)
        told = scored.derive(numbers[inside][:, places_of(scored.terms, reading.terms)])
        feature_set = frozen(feature_set, cuts=cuts_of(scores, told))
        plan = lower(feature_set, context)
        reading = plan.reading(population=population)
    derived = reading.derive(numbers[inside])
    kept = answer.filter(pa.array(inside))
    profiles = np.array(kept.column("profile").to_pylist(), object)
    values = {one.name: texts_of(kept.column(f"v{i}").to_pylist()) for i, one in enumerate(categories)}
    return Built(tabulate(plan, profiles, derived, values, at), feature_set)


def arrow_of(table: FeatureTable) -> pa.Table:
    """Return the table as Arrow: ``profile``, then a column per feature; missing is null."""
    columns: dict[str, pa.Array] = {"profile": pa.array(table.profiles.tolist(), pa.string())}
    for one in table.columns:
        kind = pa.string() if one.kind == "category" else pa.float64()
        columns[one.name] = pa.array(one.values, kind, from_pandas=True)
    return pa.table(columns)


def matrix_of(answer: pa.Table, terms: int) -> Floats:
    """Return the measured columns of a statement's answer as (n, terms) float64, NaN where they are missing."""
    columns = [answer.column(f"m{i}").to_numpy().astype(np.float64) for i in range(terms)]
    return np.column_stack(columns) if columns else np.empty((answer.num_rows, 0))


def places_of(some: Sequence[Measurable], terms: Sequence[Measurable]) -> list[int]:
    """Return where each of ``some`` stands among ``terms``."""
    known = {identity(term): place for place, term in enumerate(terms)}
    return [known[identity(term)] for term in some]


def _people(history: History, plan: Plan, at: int, catalog: Catalog | None, population: str | None) -> pa.Array | None:
    """Return the profiles of the population; ``None`` when it is everybody."""
    if plan.populated(population) is None:
        return None
    reading = plan.reading((), population)
    answer = history.measures(reading.terms, at, catalog=catalog)
    inside: Rows = reading.inside(matrix_of(answer, len(reading.terms)))
    return answer.column("profile").filter(pa.array(inside)).combine_chunks()


def _counts(history: History, plan: Plan, question: int, at: int, people: pa.Array | None) -> dict[str, float]:
    """Return how many events of the population have each text as the value of the question's property; texts of too few are left out."""
    asked = plan.questions[question]
    found = history.levels(asked.selector, asked.field, at, asked.window)
    if people is not None:
        found = found.filter(pc.is_in(found.column("profile"), value_set=people))
    counts: dict[str, float] = {}
    some: Counter[str] = Counter()
    asked_for = found.group_by("value").aggregate([("events", "sum"), ("profile", "count_distinct")])
    for row in asked_for.to_pylist():
        text = text_of(parse(str(row["value"])))
        if text:
            counts[text] = counts.get(text, 0.0) + float(row["events_sum"])
            some[text] += row["profile_count_distinct"]
    return {text: count for text, count in counts.items() if some[text] >= PEOPLE_LEAST}
