"""What is kept of one person, all of it, as plain data: for the person who asks, and for machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import Struct

from coterie.engine.identity import identities_of
from coterie.engine.learning.models import models_of
from coterie.engine.matching import store_of
from coterie.engine.privacy.fields import fields_of
from coterie.engine.privacy.subjects import person_of, said_by, subject_of
from coterie.engine.project import HIDDEN, Project
from coterie.engine.running.files import open_state, state_path
from coterie.errors import NotFound
from coterie.identity.identities import Identities
from coterie.identity.rules import Checks, rules_of
from coterie.model import TRAIT_EVENTS, Value
from coterie.privacy.subject import Subject
from coterie.profiles.traits import fold_traits, in_order, present
from coterie.storage.access import AccessStore
from coterie.storage.state import memberships
from coterie.storage.state.database import Connection
from coterie.storage.state.outbox import Outbox
from coterie.storage.state.trigger_runs import TriggerRuns

FORMAT = "coterie-access-1"
_decode = msgspec.json.Decoder().decode


class Kept(Struct, frozen=True, kw_only=True):
    """Everything that is kept of a person at ``at``. Fields that are empty say that nothing of the kind is kept."""

    format: str = FORMAT
    at: int
    profile: str
    profiles: tuple[str, ...]
    identifiers: tuple[dict[str, str], ...]
    merges: tuple[Any, ...]
    traits: dict[str, Value]
    consent: dict[str, Value]
    events: tuple[dict[str, Any], ...]
    memberships: tuple[dict[str, Any], ...]
    membership_changes: tuple[dict[str, Any], ...]
    messages: tuple[dict[str, Any], ...]
    """What was sent, or waits to be sent, because of the person."""
    trigger_runs: tuple[Any, ...]
    lists: tuple[str, ...]
    matches: tuple[Any, ...]
    quarantine: tuple[dict[str, Any], ...]
    audit: tuple[Any, ...]
    models: tuple[dict[str, Any], ...]
    """Where the person was when a model was fitted: kind, key and version, and what its file says of them."""
    caches: tuple[str, ...]
    """Caches of the project; they hold copies of traits and memberships."""


class State(Struct, frozen=True):
    """What the committed state knows beside the log."""

    memberships: tuple[dict[str, Any], ...] = ()
    messages: tuple[dict[str, Any], ...] = ()
    runs: tuple[Any, ...] = ()


def access(project: Project, who: str) -> Kept:
    """Return what is kept of the person ``who``; no server runs, or what it has not landed yet is left out. Raises: NotFound.

    Cost: one pass over the log to know who is who.
    """
    identities = identities_of(project)
    if state_path(project).exists():
        database = open_state(project)
        try:
            return kept(project, identities, who, lambda subject: state_of(database.reader(), subject))
        finally:
            database.close()
    return kept(project, identities, who, lambda subject: State())


def kept(project: Project, identities: Identities, who: str, state: Callable[[Subject], State]) -> Kept:
    """Return what is kept of a person, with ``identities`` and committed state as given. Raises: NotFound."""
    person = person_of(project, identities, who)
    if person is None:
        raise NotFound(f"nobody is called {who!r}", hint="name a profile, or an identifier as kind:value")
    log = project.events.scan(profiles=identities.members_of(person))
    fields = fields_of(project, Checks(rules_of(project.settings.identity)))
    subject = subject_of(project, identities, who, said_by([log]), fields)
    events, known = tuple(_events(log)), state(subject)
    traits = _traits(log)
    return Kept(
        at=project.wall(),
        profile=person,
        profiles=subject.profiles,
        identifiers=tuple({"kind": one.kind, "value": one.value} for one in identities.identifiers_of(person)),
        merges=tuple(identities.merges_of(person)),
        traits={name: value for name, value in traits.items() if not name.startswith("consent.")},
        consent={name[8:]: value for name, value in traits.items() if name.startswith("consent.")},
        events=events,
        memberships=known.memberships,
        membership_changes=tuple(
            row for one in subject.profiles for row in project.changes.table(profile=one).to_pylist()
        ),
        messages=known.messages,
        trigger_runs=known.runs,
        lists=tuple(
            name for name in project.lists.names() if not set(project.lists.members(name)).isdisjoint(subject.profiles)
        ),
        matches=tuple(_matches(project, subject)),
        quarantine=tuple(_quarantine(project, subject)),
        audit=tuple(_audit(project, subject)),
        models=tuple(models_of(project).about(subject.profiles)),
        caches=tuple(sorted(project.settings.caches)),
    )


def state_of(connection: Connection, subject: Subject) -> State:
    """Return what the committed state knows of somebody."""
    names = ("segment", "version", "since", "cause", "event_id")
    held = [
        dict(zip(names, row, strict=True))
        for one in subject.profiles
        for row in memberships.of_profile(connection, one)
    ]
    letters = [letter for one in subject.profiles for letter in Outbox(connection).letters(profile=one, limit=-1)]
    messages = [{**msgspec.to_builtins(one), "payload": _decode(one.payload)} for one in letters]
    runs = [run for one in subject.profiles for run in TriggerRuns(connection).runs(profile=one, limit=-1)]
    return State(tuple(held), tuple(messages), tuple(runs))


def _events(log: pa.Table) -> Iterable[dict[str, Any]]:
    for row in log.to_pylist():
        del row["event_key"]
        yield {**row, "properties": _decode(row["properties"])}


def _traits(log: pa.Table) -> dict[str, Value]:
    from coterie.engine.records import event_of

    events = [event_of(row) for row in log.to_pylist() if row["name"] in TRAIT_EVENTS]
    return dict(sorted(present(fold_traits(in_order(events))).items()))


def _matches(project: Project, subject: Subject) -> Iterable[Any]:
    store = store_of(project)
    names = frozenset(subject.profiles)
    return (
        one
        for one in (store.all() if store.path.exists() else ())
        if not names.isdisjoint((one.proposal.survivor, one.proposal.loser))
    )


def _quarantine(project: Project, subject: Subject) -> Iterable[dict[str, Any]]:
    needles = subject.needles
    return (
        row
        for row in project.quarantine.rows().to_pylist()
        if needles.are_in(row["row"]) or needles.are_in(row["detail"])
    )


def _audit(project: Project, subject: Subject) -> Iterable[Any]:
    path = project.root / HIDDEN / "access.db"
    if not path.exists():
        return []
    store = AccessStore(path)
    try:
        return [row for one in subject.profiles for row in store.audit(subject=f"profile:{one}", limit=-1)]
    finally:
        store.close()
