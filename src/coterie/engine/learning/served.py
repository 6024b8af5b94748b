"""Models of a project that a server runs: fitted beside it, put into force and taken out of it through its runner, whatever their kind."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from coterie.engine.learning import clustering, psychographic, publishing, renewal, scoring
from coterie.engine.learning.models import definition, models_of
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.learned.definition import ClustersModel, InterestsModel, TextModel
from coterie.model import Undetermined


class InForce(Struct, frozen=True, kw_only=True):
    """A version that was put into force or taken out of it at ``at``: of how many ``people`` it says something, and of how many
    something new was ``written``. Where it is live the server goes through everybody right after, and both are 0."""

    kind: str
    key: str
    version: int | None
    at: int
    is_live: bool = False
    people: int = 0
    written: int = 0


def fit(project: Project, kind: str, key: str, at: int, by: str, told: Told = quiet) -> int:
    """Return the version that was fitted as of ``at`` and kept; it is not published by that.

    Raises: NotFound, InvalidDefinition; Problem where there is too little to learn from, and nothing is kept then.
    """
    model = definition(project, key, kind)
    if isinstance(model, ClustersModel):
        return clustering.keep(project, clustering.fit(project, model, at, told), by=by).version
    if isinstance(model, InterestsModel | TextModel):
        return models_of(project).save(psychographic.fit(project, model, at, told), by=by).version
    found = scoring.fit(project, model.kind, key, at, told, by=by)
    if isinstance(found, Undetermined):
        raise Problem("nothing can be learned yet", where=f"models/{key}.yaml", received=found.reason)
    return found.version


def publish(runner: Any, switch: Any, kind: str, key: str, version: int | None, by: str, told: Told = quiet) -> InForce:
    """Return the version (the newest when not said) that is in force from now on. Raises: NotFound, Problem, InvalidDefinition."""
    told("putting it into force", 0.0)
    models_of(runner.project).load(kind, key, version)
    if kind == "clusters":
        live = publishing.publish_served(runner, switch, key, version, by=by, told=told)
        return InForce(
            kind=kind,
            key=key,
            version=live.version,
            at=live.at,
            is_live=live.is_live,
            people=live.people,
            written=live.written,
        )
    if kind in ("interests", "text"):
        ruled = psychographic.publish_served(runner, kind, key, version, by=by, told=told)
        done = ruled.written
        return InForce(
            kind=kind, key=key, version=ruled.artefact.version, at=done.at, people=len(ruled.table), written=done.people
        )
    one = scoring.publish_scores_served(runner, kind, key, version, by=by, told=told)  # type: ignore[arg-type]  # the other three
    return InForce(kind=kind, key=key, version=one.version, at=one.at, people=one.people, written=one.written)


def withdraw(runner: Any, switch: Any, kind: str, key: str, by: str) -> InForce:
    """No version is in force any more, and nobody has its traits. Raises: NotFound when none was."""
    if kind == "clusters":
        done = publishing.withdraw_served(runner, switch, key, by=by)
    else:
        done = renewal.withdraw_served(runner, kind, key, by=by)
    return InForce(kind=kind, key=key, version=None, at=done.at, written=done.people)
