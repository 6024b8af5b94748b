"""A version of a clustering put into force: everybody is where it says, and where it is live a server keeps it so."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import NOISE, Floats
from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.holding import holding
from coterie.engine.learning.models import models_of
from coterie.engine.learning.publication import TraitsWritten, publish_traits, put_traits
from coterie.engine.learning.standing import Standing, Verdict, refusals, standing
from coterie.engine.learning.tables import matrix_of
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.project import Project
from coterie.errors import InvalidDefinition, NotFound, Problem


class Published(Struct, frozen=True, kw_only=True):
    """A version that is in force since ``at``. ``sizes`` are people per cluster then, ``written`` those about whom something new
    was written; ``changes`` are membership changes that followed, where they are counted. Sizes are empty where a running server
    goes through everybody by itself."""

    key: str
    version: int
    at: int
    is_live: bool
    people: int = 0
    written: int = 0
    changes: int | None = None
    sizes: dict[str, int] = {}


def ready(project: Project, key: str, version: int | None = None) -> Standing:
    """Return a version (the newest when not said) that may be published. Raises: NotFound, Problem for a signature that does not
    hold, InvalidDefinition with every reason why it cannot be kept up to date live."""
    context, segments = definitions.context(project), definitions.in_use(project)
    one = standing(models_of(project).load("clusters", key, version), context)
    if one.live is not None and (problems := refusals(one, segments, context)):
        raise InvalidDefinition(problems)
    if missing := sorted(one.segments - {segment.key for segment in segments}):
        raise InvalidDefinition(
            [
                Problem(
                    "the model looks at a segment that is not in force",
                    where=key,
                    received=missing[0],
                    hint="put it into force: coterie apply",
                )
            ]
        )
    return one


@holding("cluster publish")
def publish_clusters(
    project: Project, key: str, version: int | None = None, *, by: str = "", told: Told = quiet
) -> Published:
    """The version (the newest when not said) is published, and everybody has the traits that it says at the project's next instant.

    Publishing what is published brings everybody up to date. Raises: Held while a server runs, and as ``ready``. Cost: one scan of
    the log, 5 µs per person of whom something else is written, two statements per segment in force.
    """
    one = ready(project, key, version)
    at = project.next_instant()
    models_of(project).publish("clusters", key, one.version, project.wall(), by=by)
    told("looking at everybody", 0.1)
    profiles, verdict = judged(project, one, at)
    told("writing traits", 0.6)
    done = publish_traits(project, rows_of(one, profiles, verdict), at, label=f"cluster.{key}@{one.version}")
    return _published(one, at, verdict, done)


def publish_served(
    runner: Any,
    switch: Any,
    key: str,
    version: int | None = None,
    *,
    by: str = "",
    told: Told = quiet,
) -> Published:
    """As ``publish_clusters`` where a server runs: a live model takes the place of the one before between two steps, and everybody is
    looked at in turns right after, some 20,000 people per step; any other is asked about everybody at once.

    Raises: as ``ready``; and what a switch raises: the version of before is in force again then.
    """
    project = runner.project
    one, store = ready(project, key, version), models_of(project)
    before = store.published_version("clusters", key)
    store.publish("clusters", key, one.version, project.wall(), by=by)
    try:
        switch.edit(None)
    except BaseException:
        if before is None:
            store.withdraw("clusters", key, project.wall(), by=by, note="it could not be put into force")
        else:
            store.publish("clusters", key, before, project.wall(), by=by, note="the other could not be put into force")
        raise
    if one.live is not None:
        return Published(key=key, version=one.version, at=runner.status().advanced_to, is_live=True)
    runner.land()
    told("looking at everybody", 0.1)
    at = runner.status().advanced_to
    profiles, verdict = judged(project, one, at)
    told("writing traits", 0.6)
    done = put_traits(runner, rows_of(one, profiles, verdict), at, label=f"cluster.{key}@{one.version}")
    return _published(one, at, verdict, done)


@holding("cluster withdraw")
def withdraw_clusters(project: Project, key: str, *, by: str = "") -> TraitsWritten:
    """No version is published, and nobody has its traits any more. Raises: NotFound when none was, Held while a server runs."""
    one, at = _published_one(project, key), project.next_instant()
    models_of(project).withdraw("clusters", key, project.wall(), by=by)
    return publish_traits(project, _blank(project, one, at), at, label=f"cluster.{key}@{one.version}-withdrawn")


def withdraw_served(runner: Any, switch: Any, key: str, *, by: str = "") -> TraitsWritten:
    """As ``withdraw_clusters`` where a server runs."""
    project = runner.project
    one = _published_one(project, key)
    models_of(project).withdraw("clusters", key, project.wall(), by=by)
    switch.edit(None)
    runner.land()
    at = runner.status().advanced_to
    return put_traits(runner, _blank(project, one, at), at, label=f"cluster.{key}@{one.version}-withdrawn")


def _published_one(project: Project, key: str) -> Standing:
    store = models_of(project)
    version = store.published_version("clusters", key)
    if version is None:
        raise NotFound(f"no version of {key!r} is published", hint="see them: coterie cluster list")
    return standing(store.load("clusters", key, version), definitions.context(project))


# ── everybody at once ────────────────────────────────────────────────────────────────────────────────────────


def measured(project: Project, one: Standing, at: int) -> tuple[list[str], Floats]:
    """Return (profiles (n,), (n, terms) float64): what the model measures of everybody known at ``at``, by the batch reader."""
    catalog = definitions.catalog(project)
    with History(project.events) as history:
        table = history.measures(one.terms, at, catalog=catalog).sort_by("profile")
    return table["profile"].to_pylist(), matrix_of(table, len(one.terms))


def judged(project: Project, one: Standing, at: int) -> tuple[list[str], Verdict]:
    """Return (profiles, what the model says of them at ``at``). Cost: one scan of the log."""
    profiles, found = measured(project, one, at)
    return profiles, one.judge(found)


def rows_of(one: Standing, profiles: list[str], verdict: Verdict) -> list[tuple[str, dict[str, Any]]]:
    """Return (profile, traits) of everybody of whom something else is to be written."""
    places, distances = verdict.places.tolist(), verdict.distances.tolist()
    return [
        (profiles[row], one.values(places[row], distances[row])) for row in np.flatnonzero(verdict.differs).tolist()
    ]


def _blank(project: Project, one: Standing, at: int) -> list[tuple[str, dict[str, Any]]]:
    """Return (profile, no traits) of everybody who has some."""
    from coterie.clusters import traits

    profiles, found = measured(project, one, at)
    before = traits.written(found[:, len(one.reading.terms) :], one.fitted.keys)
    has = (before.places != NOISE) | ~np.isnan(before.distances) | ~np.isnan(before.versions)
    names = [prefix + one.key for prefix in traits.PREFIXES]
    return [(profiles[row], dict.fromkeys(names)) for row in np.flatnonzero(has).tolist()]


def _published(one: Standing, at: int, verdict: Verdict, done: TraitsWritten) -> Published:
    counted = Counter(verdict.places.tolist())
    sizes = {key: counted.get(place, 0) for place, key in enumerate(one.fitted.keys)}
    return Published(
        key=one.key, version=one.version, at=at, is_live=one.live is not None, people=len(verdict.places),
        written=done.people, changes=done.changes, sizes=sizes,
    )  # fmt: skip
