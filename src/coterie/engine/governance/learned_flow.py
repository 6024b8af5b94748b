"""What flows through what is learned: events and segments into feature sets, those into models, models into traits."""

from __future__ import annotations

from collections.abc import Iterator

from coterie.clusters.traits import PREFIXES
from coterie.engine.learning.models import definitions, models_of
from coterie.engine.learning.renewal import TRAITS, names_of
from coterie.engine.learning.tables import feature_sets
from coterie.engine.project import Project
from coterie.errors import CoterieError
from coterie.features.definition import lower
from coterie.features.feature import Question
from coterie.governance.lineage import Node
from coterie.governance.reading import Read, of_events, of_terms
from coterie.learned.definition import (
    AnyModel,
    InterestsModel,
    PropensityModel,
    TextModel,
    ValueModel,
    features_of,
    segments_of,
)
from coterie.learned.words import Picked, events_of
from coterie.segments.conditions.form import Context
from coterie.segments.core import Selector


def feature_sets_read(project: Project, context: Context) -> Iterator[tuple[Node, Read]]:
    """Yield every feature set on disk and what it reads. Raises: InvalidDefinition."""
    for one in feature_sets(project):
        plan = lower(one, context)
        terms = [feature.term for feature in plan.features if feature.term is not None]
        asked = [_selected(question) for question in plan.questions]
        yield Node("features", one.key), of_terms([*plan.reading().terms, *terms], asked)


def models_read(project: Project) -> Iterator[tuple[Node, Read, str | None, tuple[str, ...]]]:
    """Yield every model on disk, what it reads, its feature set, and the traits that it publishes. Raises: InvalidDefinition.

    The columns of interests and texts are known when a version is published, not before.
    """
    for model in definitions(project):
        read = of_events([(events_of(picked).picker.selector("UTC"), fields) for picked, fields in _picked(model)])
        told = Read(read.events, read.traits, segments_of(model))
        yield Node("model", model.key), told, features_of(model), _traits(project, model)


def _selected(question: Question) -> tuple[Selector, tuple[str, ...]]:
    return question.selector, (question.field,)


def _picked(model: AnyModel) -> Iterator[tuple[Picked, tuple[str, ...]]]:
    """Yield the events that a model reads itself, with the properties that it looks at."""
    if isinstance(model, ValueModel):
        yield model.purchase, tuple(one for one in (model.order, model.amount) if one)
    elif isinstance(model, InterestsModel):
        yield model.looked, (model.category,)
    elif isinstance(model, TextModel):
        yield model.said, (model.text,)
    elif isinstance(model, PropensityModel):
        for one in (model.target.did, model.target.did_not):
            if one is not None:
                yield one, ()


def _traits(project: Project, model: AnyModel) -> tuple[str, ...]:
    if model.kind == "clusters":
        return tuple(f"{prefix}{model.key}" for prefix in PREFIXES)
    if model.kind in TRAITS:
        return tuple(f"{one}.{model.key}" for one in (*TRAITS[model.kind], f"{model.kind}_version"))
    try:
        kept = models_of(project).published(model.kind, model.key)
    except CoterieError:  # a signature that does not hold: whoever uses the model says so
        return ()
    return () if kept is None else names_of(kept)
