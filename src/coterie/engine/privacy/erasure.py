"""An erasure from the first step to the receipt. It may be cut off anywhere; repeating it finishes what was begun."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from coterie.engine import definitions
from coterie.engine.holding import writing
from coterie.engine.identity import identities_of
from coterie.engine.learning.models import FOLDER as MODELS
from coterie.engine.learning.models import models_of
from coterie.engine.learning.tables import FOLDER as FEATURES
from coterie.engine.privacy import shut
from coterie.engine.privacy.fields import fields_of
from coterie.engine.privacy.keeping import (
    Pending,
    finish,
    keep,
    pending_of,
    pending_path,
    receipts_of,
    secret_of,
    signing_key,
    suppressions_of,
    sweep,
)
from coterie.engine.privacy.shelves import BLOT, Shelf, Wanted, shelves_of
from coterie.engine.privacy.subjects import families_of, said_by, subject_of
from coterie.engine.project import HIDDEN, Project
from coterie.errors import Conflict
from coterie.identity.rules import Checks, rules_of
from coterie.model import TRAIT_EVENTS
from coterie.privacy.receipt import Place, Receipt, Searched, people_of, signed
from coterie.privacy.subject import Subject, joined, marks_of
from coterie.segments.parse import data_of
from coterie.storage.search import search, search_place

Told = Callable[[str], None]
"""Hears what is being done."""
PEOPLE_MAX = 10_000
"""People of one erasure: their names are looked for in one pass."""


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody asked for."""

    who: Sequence[str]
    """Profile ids, or identifiers as ``kind:value``."""
    by: str = ""
    reason: str = ""
    suppress: bool = True
    unknown: bool = False
    """Whether names that nobody is known by are taken at their word."""


class Preview(Struct, frozen=True, kw_only=True):
    """What an erasure would remove, place by place; nothing was changed."""

    profiles: tuple[str, ...]
    identifiers: tuple[str, ...]
    places: dict[str, int]


# ── before anything goes ─────────────────────────────────────────────────────────────────────────────────────


def subjects_of(project: Project, asked: Asked) -> list[Subject]:
    """Return the people that are asked about. Raises: NotFound."""
    identities = identities_of(project)
    rows = project.events.scan(profiles=families_of(project, identities, asked.who), names=TRAIT_EVENTS)
    said = said_by([rows])
    fields = fields_of(project, Checks(rules_of(project.settings.identity)))
    return [subject_of(project, identities, who, said, fields, unknown=asked.unknown) for who in asked.who]


def begun(project: Project, asked: Asked, subjects: Sequence[Subject], now: int) -> Pending:
    """Return the erasure, which is under way from now on. Raises: Conflict when a definition in force names somebody."""
    subject, secret = joined(subjects), secret_of(project)
    check_definitions(project, subject)
    pending = Pending(
        id=f"erasure-{now // 1_000_000:x}-{secrets.token_hex(4)}",
        subject=subject,
        families=tuple(one.keys for one in subjects),
        people=tuple(sorted({name for one in subjects for name in people_of(one, secret)})),
        asked_at=now,
        asked_by=asked.by,
        reason=subject.needles.blotted(asked.reason, BLOT),  # it stays in the receipt, which names nobody
        suppress=asked.suppress,
    )
    keep(project, pending)
    return pending


def check_definitions(project: Project, subject: Subject) -> None:
    """No definition in force names the person, nor a feature set, a model's file or a published model. Raises: Conflict."""
    needles = subject.needles
    named = [one.key for one in definitions.in_use(project) if needles.are_in(msgspec.json.encode(data_of(one)))]
    if named:
        raise Conflict(
            f"definitions in force name the person: {', '.join(named)}", hint="change them and apply, then erase again"
        )
    files = [file for folder in (FEATURES, MODELS) for file in sorted((project.root / folder).glob("*"))]
    named = [str(one.relative_to(project.root)) for one in files if one.is_file() and needles.are_in(one.read_bytes())]
    store = models_of(project)
    named += [
        f"version {version} of the model {key}, which is published"
        for kind, key, version in store.holding(needles.are_in)
        if version == store.published_version(kind, key)
    ]
    if named:
        hint = "take the name out of the files; fit such a model again without it and publish that; then erase again"
        raise Conflict(f"what is learned names the person: {', '.join(named)}", hint=hint)


# ── one after the other ──────────────────────────────────────────────────────────────────────────────────────


def carry_out(
    project: Project,
    pending: Pending,
    shelves: Sequence[Shelf],
    told: Told,
    sent: Callable[[Wanted], dict[str, int]],
    barred: Callable[[], None] = lambda: None,
    cleared: Callable[[], None] = lambda: None,
) -> Receipt:
    """Every shelf is cleared, every byte searched; return the signed receipt. Repeating it after a crash is safe.

    ``barred`` is called whenever the suppression list has changed: nobody on it is let in while places are cleared. Counts are taken before the first row goes and kept with the erasure, so that a crash does not make the receipt tell less.
    """
    wanted = Wanted(pending.subject, pending.subject.needles)
    secret = secret_of(project)
    families = {f"{pending.id}/{n}": marks_of(keys, secret) for n, keys in enumerate(pending.families)}
    suppressions_of(project).add(families)
    barred()
    if pending.found is None:
        told("counting")
        pending = structs.replace(pending, found=looked(shelves, wanted), told=sent(wanted))
        keep(project, pending)
    for shelf in shelves:
        told(f"clearing {shelf.name}")
        shelf.clear(wanted)
    cleared()
    told("searching")
    receipt = _receipt(project, pending, shelves, wanted)
    receipts_of(project).put(receipt)
    if not pending.suppress:
        suppressions_of(project).drop(pending.id)
        barred()
    finish(project, pending)
    return receipt


def looked(shelves: Sequence[Shelf], wanted: Wanted) -> dict[str, int]:
    """Return what every place holds about the people."""
    found: dict[str, int] = {}
    for shelf in shelves:
        for name, count in shelf.look(wanted).items():
            found[name] = found.get(name, 0) + count
    return found


def _receipt(project: Project, pending: Pending, shelves: Sequence[Shelf], wanted: Wanted) -> Receipt:
    found, left, units = pending.found or {}, dict[str, int](), dict[str, Shelf]()
    for shelf in shelves:
        told = shelf.look(wanted)
        left |= told
        units |= dict.fromkeys(told, shelf)
    places = tuple(
        Place(
            name=name, unit=units[name].unit if name in units else "rows", found=found.get(name, 0),
            left=left.get(name, 0), note=units[name].note if name in units else "",
        )
        for name in dict.fromkeys([*found, *left])
    )  # fmt: skip
    bare = Receipt(
        id=pending.id,
        project=project.settings.name,
        asked_at=pending.asked_at,
        finished_at=max(project.wall(), pending.asked_at),
        asked_by=pending.asked_by,
        reason=pending.reason,
        people=pending.people,
        identifiers=len(pending.subject.keys),
        suppressed=pending.suppress,
        places=places,
        searched=searched(project, wanted, pending),
        told=pending.told,
    )
    return signed(bare, signing_key(project))


def searched(project: Project, wanted: Wanted, pending: Pending | None = None) -> Searched:
    """Return what a search of every byte under the project's hidden folder, and of its lake elsewhere, came to."""
    besides = [pending_path(project, one) for one in ([pending] if pending else pending_of(project))]
    reports = [search(project.root / HIDDEN, wanted.needles, besides=besides)]
    if not Path(project.lake.path).is_relative_to((project.root / HIDDEN).absolute()):
        reports.append(search_place(project.lake, wanted.needles))
    return Searched(
        files=sum(one.files for one in reports),
        bytes=sum(one.bytes for one in reports),
        values=sum(one.values for one in reports),
        places=tuple(sorted({f"{one.path} ({one.how})" for report in reports for one in report.found})),
        unsearchable=len(wanted.needles.texts) - len(wanted.needles.telling),
    )


# ── while nobody serves ──────────────────────────────────────────────────────────────────────────────────────


def erase(project: Project, asked: Asked, told: Told = lambda text: None) -> Receipt:
    """Return the receipt: everything that the project kept about these people is gone. Holds the project meanwhile.

    Raises: Held while a server runs, NotFound, Conflict when a definition names somebody or requests wait in the journal.
    Cost: two passes over the log, and the rewriting of what holds their rows.
    """
    with writing(project, "privacy erase"):
        resume(project, told)
        shut.check_journal(project)
        pending = begun(project, asked, subjects_of(project, asked), project.wall())
        return _carry_out_shut(project, pending, told)


def resume(project: Project, told: Told = lambda text: None) -> list[Receipt]:
    """Return the receipts of erasures that were begun before and are finished now. Holds the project meanwhile."""
    with writing(project, "privacy erase"):
        sweep(project)
        return [_carry_out_shut(project, pending, told) for pending in pending_of(project)]


def _carry_out_shut(project: Project, pending: Pending, told: Told) -> Receipt:
    shelves = [*shelves_of(project), *shut.shelves_of(project)]
    return carry_out(project, pending, shelves, told, lambda wanted: shut.told_of(project, wanted))


def preview(project: Project, asked: Asked) -> Preview:
    """Return what an erasure would remove. Nothing is changed."""
    subject = joined(subjects_of(project, asked))
    shelves = [*shelves_of(project), *shut.shelves_of(project)]
    places = looked(shelves, Wanted(subject, subject.needles))
    return Preview(profiles=subject.profiles, identifiers=subject.keys, places=places)
