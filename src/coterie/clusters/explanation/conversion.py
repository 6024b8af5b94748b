"""The short rule of a cluster as an ordinary segment: exactly those people whom the rule picks, by every reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coterie.clusters.explanation.facts import Bound, ShortRule
from coterie.clusters.explanation.preimages import Span, is_even, span_of, term_of, value_at
from coterie.clusters.explanation.writing import Data, Unwritable, among, spanned
from coterie.errors import Problem
from coterie.features.definition import FeatureSet, lower, setting_of
from coterie.features.expressions import Expression
from coterie.features.feature import Feature, spellings
from coterie.limits import WEEK_US
from coterie.segments.conditions.form import Context
from coterie.segments.core import Elapsed
from coterie.segments.definition import Segment
from coterie.segments.measures import Measurable
from coterie.segments.parse import parse
from coterie.segments.parse.written import data_of


def columns_of(feature_set: FeatureSet, context: Context = Context()) -> tuple[str, ...]:  # noqa: B008  an immutable value
    """Return the features on which a rule may ask so that it can be saved as a segment, in their order."""
    refused = refusals(feature_set, context)
    return tuple(name for name in lower(feature_set, context).names if name not in refused)


def refusals(feature_set: FeatureSet, context: Context = Context()) -> dict[str, str]:  # noqa: B008  an immutable value
    """Return why each of the other features cannot be asked about in a segment."""
    own = setting_of(feature_set, context).context
    found: dict[str, str] = {}
    for feature in lower(feature_set, context).features:
        try:
            _try(feature, own)
        except Unwritable as error:
            found[feature.name] = str(error)
    return found


def segment_of(
    rule: ShortRule,
    feature_set: FeatureSet,
    context: Context = Context(),  # noqa: B008  an immutable value
    *,
    key: str,
    title: str = "",
    description: str = "",
    owner: str = "",
    population: str | None = None,
) -> Segment:
    """Return the rule as a segment over the same people: those of the feature set, or of ``population``.

    Its members at the instant of the fit are those whom the rule picks, and later those whom it would pick then. Raises: Problem for a feature
    that cannot be written as a condition, or a bound that no condition says (a length of time that is no whole number of seconds).
    """
    plan, own = lower(feature_set, context), setting_of(feature_set, context).context
    branches = [[_condition(plan.feature(bound.column), bound, own) for bound in branch] for branch in rule.branches]
    said = [_joined("all", branch) for branch in branches]
    when = _joined("all", [*_people(feature_set, population), _joined("any", said)])
    data: dict[str, Any] = {"key": key, "title": title, "description": description, "owner": owner}
    if feature_set.universe == "identified" and population is None and not feature_set.population:
        data["universe"] = "identified"
    if feature_set.time_zone:
        data["time_zone"] = feature_set.time_zone
    return parse({**{word: value for word, value in data.items() if value}, "when": when})


def _people(feature_set: FeatureSet, population: str | None) -> list[Data]:
    """Return who the features are of, as ``Plan.populated`` has it: a segment alone, else those whom the set names."""
    segment = _segment(feature_set, population)
    if segment:
        return [{"in_segment": segment}]
    return [data_of(feature_set.who)] if feature_set.who is not None and population is None else []


def _segment(feature_set: FeatureSet, population: str | None) -> str:
    return (feature_set.population or "") if population is None else population


def _joined(word: str, parts: Sequence[Data]) -> Data:
    """Return the conditions under one word; a single one stands alone, and inner ones of the same word are part of it."""
    if not parts:
        return {"everyone": {}}
    flat = [inner for part in parts for inner in (part[word] if set(part) == {word} else [part])]
    telling = [part for part in flat if part != {"everyone": {}}] if word == "all" else flat
    if not telling:
        return {"everyone": {}}
    return telling[0] if len(telling) == 1 else {word: telling}


def _condition(feature: Feature, bound: Bound, context: Context) -> Data:
    try:
        if feature.kind == "category":
            return _levels(feature, bound, context)
        return _number(feature, bound, context)
    except Unwritable as error:
        raise Problem(
            "this part of the rule cannot be written as a condition of a segment",
            where=feature.name, received=str(error),
            hint="let the rule use other features, or publish the clusters and use the condition cluster",
        ) from error  # fmt: skip


def _levels(feature: Feature, bound: Bound, context: Context) -> Data:
    if feature.term is None:
        raise Unwritable("the category is made of other numbers")
    values = tuple(value for level in bound.levels for value in spellings(level))
    return among(feature.term, values, bound.negate, bound.missing, context)


def _number(feature: Feature, bound: Bound, context: Context) -> Data:
    expression, term = _only(feature)
    filled = value_at(expression, float("nan"))
    is_filled = filled == filled
    passes = _is_inside(bound, filled) if is_filled else bound.missing
    if not passes:
        return _spanned(expression, term, bound.at_least, bound.below, context)
    outside = [
        _spanned(expression, term, at_least, below, context)
        for at_least, below in ((None, bound.at_least), (bound.below, None))
        if at_least is not None or below is not None
    ]
    return {"not": outside[0]} if len(outside) == 1 else {"none": outside} if outside else {"everyone": {}}


def _spanned(
    expression: Expression, term: Measurable, at_least: float | None, below: float | None, context: Context
) -> Data:
    span = span_of(expression, at_least, below)
    if span is None:
        raise Unwritable("no value is inside the bounds")
    return spanned(term, span, context)


def _only(feature: Feature) -> tuple[Expression, Measurable]:
    term = None if feature.expression is None else term_of(feature.expression)
    if feature.expression is None or term is None:
        raise Unwritable("it is computed from several numbers, or does not rise and fall with one")
    return feature.expression, term


def _is_inside(bound: Bound, value: float) -> bool:
    return (bound.at_least is None or value >= bound.at_least) and (bound.below is None or value < bound.below)


def _try(feature: Feature, context: Context) -> None:
    """Write a bound that is as good as any. Raises: Unwritable where that cannot be done."""
    if feature.kind == "category":
        _levels(feature, Bound(column=feature.name, levels=("some",)), context)
        return
    expression, term = _only(feature)
    if span_of(expression, None, None) is None:
        raise Unwritable("it is known for no value of what it is made of")
    if _is_length(term) and not is_even(expression):
        raise Unwritable("a bent length of time: its bounds are no whole seconds")
    for span in (Span(at_least=float(WEEK_US)), Span(below=float(WEEK_US)), Span(at_least=1.0)):
        if not _is_length(term) or span.at_least != 1.0:
            spanned(term, span, context)


def _is_length(term: Measurable) -> bool:
    return isinstance(term, Elapsed)
