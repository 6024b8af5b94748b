"""Who is who in a project's log, and the decisions about it that people make by hand."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.project import Project
from coterie.engine.records import Fact, event_of, put
from coterie.errors import NotFound, Problem
from coterie.identity.identities import Identities
from coterie.identity.merges import LOSER
from coterie.identity.resolution import BECAUSE
from coterie.identity.rules import rules_of
from coterie.model import LINK, MERGE, UNMERGE

BY_HAND = "by hand"


def identities_of(project: Project) -> Identities:
    """Return every identifier and merge that the log tells of. Cost: one pass over the log."""
    found = Identities(rules_of(project.settings.identity))
    decisions = pa.array([MERGE, UNMERGE, LINK])
    for table in project.events.batches():
        done = 0
        for place in pc.indices_nonzero(pc.is_in(table["name"].cast(pa.string()), decisions)).to_pylist():
            _meet(found, table.slice(done, place - done))
            (row,) = table.slice(place, 1).to_pylist()
            event = event_of(row)
            found.learn(event.name, event.profile, event.properties, event.received_at, event.id)
            done = place + 1
        _meet(found, table.slice(done))
        found.changed()
    return found


def _meet(identities: Identities, table: pa.Table) -> None:
    for profile in pc.unique(table["profile"]).to_pylist():
        identities.meet(profile)


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
