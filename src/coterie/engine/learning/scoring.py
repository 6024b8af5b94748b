"""Models that say a number of each person (value, propensity, lookalike): fitted and kept, asked, published as traits."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import pyarrow as pa
from msgspec import Struct

from coterie.engine.holding import holding
from coterie.engine.learning import chances, lookalike, propensity, value
from coterie.engine.learning.chances import Chances
from coterie.engine.learning.models import definition, models_of
from coterie.engine.learning.publication import Rows, TraitsWritten, publish_traits, put_traits
from coterie.engine.learning.renewal import news
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.learning.value import Valued
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.learned.artefact import Artefact
from coterie.learned.definition import LookalikeModel, PropensityModel, ValueModel
from coterie.model import Undetermined
from coterie.segments.instants import rfc3339

Kind: TypeAlias = Literal["value", "propensity", "lookalike"]
Scored: TypeAlias = Valued | Chances


class ScoresPublished(Struct, frozen=True, kw_only=True):
    """A version that is in force: of how many ``people`` it says something at ``at``, and about how many something new was
    ``written``; ``changes`` are the membership changes that followed, where they are counted."""

    kind: Kind
    key: str
    version: int
    at: int
    people: int
    written: int
    changes: int | None = None
    expired: bool = False
    """The model is older than it was said to hold."""


def fit(
    project: Project, kind: Kind, key: str, at: int, told: Told = quiet, *, by: str = ""
) -> Artefact | Undetermined:
    """Return the model ``models/<key>.yaml`` fitted as of ``at`` and kept as the next version, which is not published by that.

    Undetermined where there is too little to learn from; nothing is kept then. Raises: NotFound, InvalidDefinition, Problem.
    """
    model = definition(project, key, kind)
    latest = max(project.next_instant(), project.wall())  # a server may be some µs ahead of its clock
    if at > latest:
        raise Problem(
            "outcomes of the future are not known", where="at", received=rfc3339(at), allowed=f"up to {rfc3339(latest)}"
        )
    found: Artefact | Undetermined
    if isinstance(model, ValueModel):
        found = value.fit(project, model, at, told)
    elif isinstance(model, PropensityModel):
        found = propensity.fit(project, model, at, told)
    else:
        assert isinstance(model, LookalikeModel), "clusters are fitted elsewhere"
        found = lookalike.fit(project, model, at, told)
    return found if isinstance(found, Undetermined) else models_of(project).save(found, by=by)


def model_then(project: Project, kind: Kind, key: str, version: int | None = None) -> Artefact:
    """Return a version of a model: the published one when not said, else the newest. Raises: NotFound, Problem."""
    store = models_of(project)
    return store.load(kind, key, store.published_version(kind, key) if version is None else version)


def scored(project: Project, artefact: Artefact, at: int) -> Scored:
    """Return what a model says of everybody as of ``at``. Raises: Problem."""
    if artefact.kind == "value":
        return value.scored(project, artefact, at)
    if artefact.kind == "propensity":
        return propensity.scored(project, artefact, at)
    return lookalike.scored(project, artefact, at)


def table_of(found: Scored) -> pa.Table:
    """Return it as a table, the highest first; null where nothing can be said."""
    return value.table_of(found) if isinstance(found, Valued) else chances.shown(found)


@holding("publish")
def publish_scores(
    project: Project, kind: Kind, key: str, version: int | None = None, *, by: str = "", told: Told = quiet
) -> ScoresPublished:
    """The version (the newest when not said) is published, and everybody has the traits that it says at the project's next instant.

    Traits of people of whom it says nothing any more are removed. Publishing what is published brings everybody up to date.
    Raises: Held while a server runs, NotFound, Problem. Cost: two scans of the log, 5 µs per person of whom something new is written.
    """
    artefact, at = models_of(project).load(kind, key, version), project.next_instant()
    told("looking at everybody", 0.1)
    found = scored(project, artefact, at)
    rows = news(project, artefact, _told(found), at)
    models_of(project).publish(kind, key, artefact.version, project.wall(), by=by)
    told("writing traits", 0.6)
    done = publish_traits(project, rows, at, label=f"{kind}.{key}@{artefact.version}")
    return _published(kind, found, done)


def publish_scores_served(
    runner: Any, kind: Kind, key: str, version: int | None = None, *, by: str = "", told: Told = quiet
) -> ScoresPublished:
    """As ``publish_scores`` where a server runs: through its runner. Raises: NotFound, Problem, Transient."""
    project = runner.project
    artefact = models_of(project).load(kind, key, version)
    runner.land()
    at = runner.status().advanced_to
    told("looking at everybody", 0.1)
    found = scored(project, artefact, at)
    rows = news(project, artefact, _told(found), at)
    models_of(project).publish(kind, key, artefact.version, project.wall(), by=by)
    told("writing traits", 0.6)
    return _published(kind, found, put_traits(runner, rows, at, label=f"{kind}.{key}@{artefact.version}"))


def _told(found: Scored) -> Rows:
    return value.traits_of(found) if isinstance(found, Valued) else chances.traits_of(found)


def _published(kind: Kind, found: Scored, done: TraitsWritten) -> ScoresPublished:
    return ScoresPublished(
        kind=kind, key=found.key, version=found.version, at=found.at, people=len(found.profiles), written=done.people,
        changes=done.changes, expired=found.expired,
    )  # fmt: skip
