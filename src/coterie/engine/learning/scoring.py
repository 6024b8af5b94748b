"""Models that say a number of each person (value, propensity, lookalike): fitted and kept, asked, published as traits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
from msgspec import Struct

from coterie.engine.history import History
from coterie.engine.holding import holding
from coterie.engine.learning import chances, lookalike, propensity, value
from coterie.engine.learning.chances import Chances
from coterie.engine.learning.models import definition, models_of
from coterie.engine.learning.publication import Rows, TraitsWritten, publish_traits, put_traits
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.learning.value import Valued
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem
from coterie.learned.artefact import Artefact
from coterie.learned.definition import LookalikeModel, PropensityModel, ValueModel
from coterie.model import Undetermined, Value
from coterie.segments.core import Trait
from coterie.segments.instants import rfc3339

Kind: TypeAlias = Literal["value", "propensity", "lookalike"]
Scored: TypeAlias = Valued | Chances
TRAITS: Mapping[str, tuple[str, ...]] = {
    "value": ("expected_purchases", "p_alive", "clv", "value_version"),
    "propensity": ("propensity", "propensity_version"),
    "lookalike": ("lookalike", "lookalike_version"),
}
"""Kind → the traits that its models publish; each is followed by a dot and the model's key."""


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
    rows = _news(project, kind, found, at)
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
    rows = _news(project, kind, found, at)
    models_of(project).publish(kind, key, artefact.version, project.wall(), by=by)
    told("writing traits", 0.6)
    return _published(kind, found, put_traits(runner, rows, at, label=f"{kind}.{key}@{artefact.version}"))


@holding("withdraw")
def withdraw_scores(project: Project, kind: Kind, key: str, *, by: str = "") -> TraitsWritten:
    """No version is published, and nobody has its traits any more. Raises: NotFound when none was, Held while a server runs."""
    at = project.next_instant()
    rows, label = _withdrawn(project, kind, key, at, by)
    return publish_traits(project, rows, at, label=label)


def withdraw_scores_served(runner: Any, kind: Kind, key: str, *, by: str = "") -> TraitsWritten:
    """As ``withdraw_scores`` where a server runs: through its runner. Raises: NotFound, Transient."""
    runner.land()
    at = runner.status().advanced_to
    rows, label = _withdrawn(runner.project, kind, key, at, by)
    return put_traits(runner, rows, at, label=label)


def _withdrawn(project: Project, kind: Kind, key: str, at: int, by: str) -> tuple[Rows, str]:
    store = models_of(project)
    version = store.published_version(kind, key)
    if version is None:
        raise NotFound(f"no version of {key!r} is published", hint="see them: coterie models list")
    store.withdraw(kind, key, project.wall(), by=by)
    present = _present(project, [f"{one}.{key}" for one in TRAITS[kind]], at)
    return [(who, dict.fromkeys(told)) for who, told in present.items()], f"{kind}.{key}@{version}-withdrawn"


def _news(project: Project, kind: Kind, found: Scored, at: int) -> Rows:
    """Return (profile, traits) of everybody of whom something else is to be written than they have."""
    names = [f"{one}.{found.key}" for one in TRAITS[kind]]
    present = _present(project, names, at)
    rows: list[tuple[str, Mapping[str, Value]]] = []
    for who, told in value.traits_of(found) if isinstance(found, Valued) else chances.traits_of(found):
        before = present.pop(who, {})
        if any(told.get(name) != before.get(name) for name in names):
            rows.append((who, {name: one for name, one in told.items() if one is not None or name in before}))
    return [*rows, *((who, dict.fromkeys(had)) for who, had in present.items())]


def _present(project: Project, names: list[str], at: int) -> dict[str, dict[str, float]]:
    """Return person → the traits of these names that they have. Cost: one scan of the log."""
    with History(project.events) as history:
        table = history.measures([Trait(name) for name in names], at)
    profiles = np.array(table["profile"].to_pylist(), object)
    found: dict[str, dict[str, float]] = {}
    for place, name in enumerate(names):
        column = table[f"m{place}"].cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(~np.isnan(column)).tolist():
            found.setdefault(profiles[row], {})[name] = float(column[row])
    return found


def _published(kind: Kind, found: Scored, done: TraitsWritten) -> ScoresPublished:
    return ScoresPublished(
        kind=kind, key=found.key, version=found.version, at=found.at, people=len(found.profiles), written=done.people,
        changes=done.changes, expired=found.expired,
    )  # fmt: skip
