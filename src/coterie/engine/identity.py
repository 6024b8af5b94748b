"""Who is who in a project's log, and the decisions about it that people make by hand."""

from __future__ import annotations

import hashlib

import msgspec

from coterie.engine.project import Project
from coterie.engine.records import Fact, put
from coterie.errors import NotFound, Problem
from coterie.identity.identities import Identities
from coterie.identity.merges import LOSER
from coterie.identity.resolution import BECAUSE
from coterie.identity.rules import rules_of
from coterie.model import MERGE, UNMERGE

BY_HAND = "by hand"
_decode = msgspec.json.Decoder().decode


def identities_of(project: Project) -> Identities:
    """Return every identifier and merge that the log tells of. Cost: one pass over the names and profiles of the log."""
    found = Identities(rules_of(project.settings.identity))
    learn(found, project)
    found.changed()
    return found


def learn(identities: Identities, project: Project) -> None:
    """The identities are what the log says: every profile in order of appearance, and every decision about them."""
    for row in project.events.structure().to_pylist():
        properties = _decode(row["properties"]) if row["properties"] else {}
        identities.learn(row["name"], row["profile"], properties, row["received_at"], row["event_id"])


def person_of(identities: Identities, text: str) -> str:
    """Return the person that a profile id or ``kind:value`` belongs to. Raises: NotFound."""
    found = identities.find(text)
    if found is None:
        raise NotFound(f"nobody is called {text!r}", hint="name a profile, or an identifier as kind:value")
    return found


def unmerge(project: Project, profile: str, loser: str) -> Fact:
    """Return the ``$unmerge`` that was written into the log. Raises: NotFound when ``loser`` is no part of the person."""
    identities = identities_of(project)
    person = person_of(identities, profile)
    if identities.canonical(loser) != person or loser == person:
        parts = ", ".join(one for one in identities.members_of(person) if one != person)
        raise NotFound(
            f"{loser!r} was not merged into {person!r}", hint=f"these were: {parts}" if parts else "nobody was"
        )
    return _written(project, UNMERGE, person, loser)


def merge(project: Project, profile: str, loser: str) -> Fact:
    """Return the ``$merge`` that was written into the log, whatever limits say. Raises: NotFound, Problem when they are one."""
    identities = identities_of(project)
    into, gone = person_of(identities, profile), person_of(identities, loser)
    if into == gone:
        raise Problem("these are one person already", where="merge", received=[profile, loser])
    return _written(project, MERGE, into, gone)


def _written(project: Project, name: str, profile: str, loser: str) -> Fact:
    at = project.next_instant()
    digest = hashlib.blake2b(f"{name}\n{profile}\n{loser}\n{at}".encode(), digest_size=8).hexdigest()
    fact = Fact(f"{name[1:]}:{digest}", profile, name, {LOSER: loser, BECAUSE: BY_HAND})
    put(project, [fact], at)
    return fact
