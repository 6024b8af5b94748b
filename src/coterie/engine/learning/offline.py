"""Models of a project that nobody serves: put into force and taken out of it, whatever their kind. ``served`` is the same with a server."""

from __future__ import annotations

from coterie.engine.learning import psychographic, publishing, renewal, scoring
from coterie.engine.learning.models import models_of
from coterie.engine.learning.served import InForce
from coterie.engine.project import Project


def publish(project: Project, kind: str, key: str, version: int | None, by: str) -> InForce:
    """Return the version (the newest when not said) that is in force from now on. Raises: NotFound, Problem, Held while a server runs."""
    models_of(project).load(kind, key, version)
    if kind == "clusters":
        one = publishing.publish_clusters(project, key, version, by=by)
        people, written, at, number = one.people, one.written, one.at, one.version
    elif kind in ("interests", "text"):
        ruled = psychographic.publish(project, kind, key, version, by=by)
        people, written, at = len(ruled.table), ruled.written.people, ruled.written.at
        number = ruled.artefact.version
    else:
        told = scoring.publish_scores(project, kind, key, version, by=by)  # type: ignore[arg-type]  # the other three
        people, written, at, number = told.people, told.written, told.at, told.version
    return InForce(kind=kind, key=key, version=number, at=at, people=people, written=written)


def withdraw(project: Project, kind: str, key: str, by: str) -> InForce:
    """No version is in force any more, and nobody has its traits. Raises: NotFound when none was, Held while a server runs."""
    if kind == "clusters":
        done = publishing.withdraw_clusters(project, key, by=by)
    else:
        done = renewal.withdraw(project, kind, key, by=by)
    return InForce(kind=kind, key=key, version=None, at=done.at, written=done.people)
