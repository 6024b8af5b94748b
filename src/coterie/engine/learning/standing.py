"""Published models as the live reader follows them: what it measures of everybody, and what the model says of the measured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from coterie.clusters import traits
from coterie.clusters.labels import NOISE, Floats, Ints
from coterie.engine import definitions
from coterie.engine.learning.models import models_of
from coterie.engine.project import Project
from coterie.errors import CoterieError, Problem
from coterie.learned.artefact import Artefact
from coterie.learned.definition import ClustersModel
from coterie.learned.parse import definition_of
from coterie.learned.policy import LiveAssignment
from coterie.model import SET, Value
from coterie.segments.catalog import Catalog
from coterie.segments.conditions.form import Context
from coterie.segments.core import Selector, Trait, TraitSince
from coterie.segments.definition import Segment, lower_all
from coterie.segments.durations import us_of
from coterie.segments.measures import Measures, referred

if TYPE_CHECKING:  # a server without models needs none of it
    from coterie.clusters.fitted import FittedClusters
    from coterie.features.plan import Reading


class Verdict(Struct, frozen=True):
    """What a model says of some people: the place (n,) of their cluster, −1 for none, the distance (n,), NaN where there is
    none, and of whom something else must be written (n,)."""

    places: Ints
    distances: Floats
    differs: Any


class Standing(Struct, frozen=True, kw_only=True):
    """A published clustering, ready to be asked. ``live`` is empty where only publishing writes its traits."""

    key: str
    version: int
    fitted: FittedClusters
    reading: Reading
    live: LiveAssignment | None
    segments: frozenset[str]
    """The segments that its population and features refer to."""

    @property
    def terms(self) -> Measures:
        """Return what is measured of everybody: features, then what is written about them."""
        return (*self.reading.terms, *traits.terms_of(self.key, self.fitted.keys))

    @property
    def every_us(self) -> int:
        """Return the time within which everybody is looked at again."""
        return us_of(self.live.every) if self.live is not None else 0

    @property
    def tolerance(self) -> float:
        return self.live.tolerance if self.live is not None else 0.0

    def judge(self, measured: Floats) -> Verdict:
        """Return what the model says of people of whom the (n, terms) were measured. The same bits for one as for a million."""
        own = len(self.reading.terms)
        places, distances = self.place(measured[:, :own])
        before = traits.written(measured[:, own:], self.fitted.keys)
        differs = traits.differs(places, distances, before, self.version, self.tolerance)
        return Verdict(places, distances, differs)

    def place(self, measured: Floats) -> tuple[Ints, Floats]:
        """Return (place (n,), distance (n,)) from what ``reading.terms`` measured; outside of the population there is neither."""
        inputs = self.reading.derive(measured)
        places, distances = self.fitted.assign_inputs(inputs)
        outside = ~self.reading.inside(measured)
        places[outside], distances[outside] = NOISE, np.nan
        distances[~np.isfinite(distances)] = np.nan
        return places, distances

    def values(self, place: int, distance: float) -> dict[str, Value]:
        """Return the traits that are written about somebody."""
        return traits.values_of(self.key, self.fitted.keys, place, distance, self.version)


def standing(artefact: Artefact, context: Context) -> Standing:
    """Return a fitted clustering, ready to be asked. Raises: Problem, InvalidDefinition for one that cannot be read."""
    from coterie.clusters.fitted import FittedClusters
    from coterie.features.definition import lower
    from coterie.features.parse import parse

    model = definition_of(artefact)
    if not isinstance(model, ClustersModel):
        raise Problem("this model has no clusters", where=artefact.key, received=artefact.kind, allowed="clusters")
    fitted = FittedClusters.read(artefact.parameters)
    plan = lower(parse(artefact.feature_set), context)
    reading = plan.reading(fitted.preparation.needs(), population=model.population)
    return Standing(
        key=artefact.key,
        version=artefact.version,
        fitted=fitted,
        reading=reading,
        live=model.live,
        segments=referred(reading.terms),
    )


def published(project: Project) -> list[Standing]:
    """Return every published clustering by key. Raises: Problem, InvalidDefinition for one that cannot be read."""
    context = definitions.context(project)
    return [standing(one, context) for one in models_of(project).all_published() if one.kind == "clusters"]


def refusals(one: Standing, segments: Sequence[Segment], context: Context) -> list[Problem]:
    """Return why a model cannot be kept up to date live: segments that are not live, and traits that models write themselves."""
    live = {segment.key: segment for segment in segments if segment.is_live}
    problems = [
        Problem(
            "a live model looks at a segment that is not evaluated live",
            where=one.key, received=key, allowed=", ".join(sorted(live)) or "none is",
            hint="make it live, or leave live: out of the model",
        )
        for key in sorted(one.segments - live.keys())
    ]  # fmt: skip
    if problems:
        return problems
    catalog = lower_all(live.values(), context)
    nodes = [part.node for key in one.segments for part in catalog.closure(key)]
    seen = set(_named(one.reading.terms)) | set(_named(nodes))
    return [
        Problem(
            "a live model looks at what live models write", where=one.key, received=name,
            hint="leave that feature out: an answer that depends on itself never comes to rest",
        )
        for name in sorted(seen)
        if name.startswith(traits.PREFIXES) or name == SET
    ]  # fmt: skip


def _named(part: Any) -> Iterator[str]:
    """Yield the traits and the names of events that terms and nodes read."""
    if isinstance(part, Trait | TraitSince):
        yield part.name
    elif isinstance(part, Selector):
        yield from part.names
    elif isinstance(part, Struct):
        for field in part.__struct_fields__:
            yield from _named(getattr(part, field))
    elif isinstance(part, tuple | list):
        for item in part:
            yield from _named(item)


def live_ones(
    project: Project,
    segments: Sequence[Segment],
    told: Callable[[str, CoterieError | Problem], None] = lambda key, why: None,
) -> tuple[Standing, ...]:
    """Return the published clusterings that are kept up to date live; ``told`` hears which of them cannot be, and why."""
    store, context = models_of(project), definitions.context(project)
    found = []
    for kind, key in store.models():
        if kind != "clusters":
            continue
        try:
            artefact = store.published(kind, key)
            one = standing(artefact, context) if artefact is not None else None
            problems = refusals(one, segments, context) if one is not None and one.live is not None else []
            if one is not None and not problems:
                one.judge(np.full((1, len(one.terms)), np.nan))  # compiled here, and not while events wait
        except CoterieError as error:
            told(key, error)
            continue
        if problems:
            told(key, problems[0])
        elif one is not None and one.live is not None:
            found.append(one)
    return tuple(found)


def measuring(catalog: Catalog, models: Collection[Standing]) -> Catalog:
    """Return the catalog with what the models measure."""
    measures: Mapping[str, Measures] = {one.key: one.terms for one in models}
    return catalog.measuring(measures) if measures else catalog
