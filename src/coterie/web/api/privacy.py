"""Privacy over HTTP: what is kept of a person, erasure while serving, receipts, retention, the suppression list."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Query
from msgspec import Struct

from coterie.engine.privacy import suppressions
from coterie.engine.privacy.access import Kept as Everything
from coterie.engine.privacy.access import kept, state_of
from coterie.engine.privacy.erasure import Asked, Preview
from coterie.engine.privacy.keeping import receipts_of
from coterie.engine.privacy.retention import Kept, look
from coterie.engine.privacy.verification import Verified, verify
from coterie.errors import Problem
from coterie.privacy.receipt import Receipt
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Rows
from coterie.web.api.routes import By, Here, Profile, Routes, Word, taken

routes = Routes("privacy")
PEOPLE_MAX = 1_000
"""People of one request; more are several requests, or the command line."""


@routes.get("/privacy/access/{profile}", Everything, scope="admin")
async def read_everything(desk: Here, by: By, profile: Profile) -> Everything:
    """Return everything that is kept of a person, from every table, as one document."""

    def question() -> Everything:
        database = desk.runner.database
        return kept(
            desk.erasing.project(),
            desk.runner.identities,
            profile,
            lambda subject: state_of(database.reader(), subject),
        )

    found = await desk.ask(question)
    await desk.record(by, "privacy.access", f"profile:{found.profile}")
    return found


class ErasureAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to erase: profile ids, or identifiers as ``kind:value``."""

    profiles: list[str]
    reason: str = ""
    suppress: bool = True
    unknown: bool = False
    """Whether names that nobody is known by are taken at their word."""


class ErasureTold(Struct, frozen=True, kw_only=True):
    """An erasure: ``running`` (ask again by its id), ``done`` with its receipt, or ``failed`` with what stood in the way."""

    id: str
    state: str
    note: str = ""
    receipt: Receipt | None = None


Whom = Annotated[ErasureAsked, Depends(taken(ErasureAsked))]


@routes.post("/privacy/erasures", ErasureTold, body=ErasureAsked)
async def erase_people(desk: Here, by: By, body: Whom) -> ErasureTold:
    """Erase people from everything, for good. Answers with the signed receipt, or after 30 s with the id to ask for it."""
    asked = _asked(body, by.key_name)
    work = await asyncio.to_thread(desk.erasing.begin, asked)
    await desk.record(by, "privacy.erase", f"erasure:{work.id}", None, {"people": len(body.profiles)})
    await asyncio.to_thread(work.wait, desk.limits.api_wait_s_max)
    return _told(work)


@routes.post("/privacy/erasures/preview", Preview, body=ErasureAsked)
async def preview_erasure(desk: Here, body: Whom) -> Preview:
    """Return what an erasure would remove, place by place. Nothing is changed."""
    return await desk.ask(desk.erasing.preview, _asked(body, ""))


@routes.get("/privacy/erasures", Rows[Receipt], scope="admin")
async def list_erasures(desk: Here) -> Rows[Receipt]:
    """Return the receipts of all erasures, the oldest first. They name nobody."""
    return Rows(rows=tuple(await asyncio.to_thread(receipts_of(desk.project).all)), next=None)


@routes.get("/privacy/erasures/{number}", ErasureTold, scope="admin")
async def read_erasure(desk: Here, number: Word) -> ErasureTold:
    """Return how far an erasure is, and its receipt when it is done."""
    work = desk.erasing.work(number)
    if work is not None:
        return _told(work)
    return ErasureTold(id=number, state="done", receipt=await asyncio.to_thread(receipts_of(desk.project).get, number))


class VerificationAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom the receipt is said to be about: identifiers as ``kind:value``, or profile ids."""

    profiles: list[str]


Claim = Annotated[VerificationAsked, Depends(taken(VerificationAsked))]


@routes.post("/privacy/erasures/{number}/verify", Verified, body=VerificationAsked)
async def verify_erasure(desk: Here, number: Word, body: Claim) -> Verified:
    """Check a receipt's signature, that it is about these people, and search every byte for them again."""
    if not body.profiles:
        raise Problem("nobody is named", where="body.profiles", allowed="1 or more")
    return await desk.ask(verify, desk.project, receipts_of(desk.project).get(number), body.profiles)


@routes.get("/privacy/retention", Rows[Kept], scope="admin")
async def read_retention(desk: Here) -> Rows[Kept]:
    """Return how long each table is kept, and how many of its rows are older and go within the hour."""
    return Rows(
        rows=tuple(await desk.ask(lambda: look(desk.erasing.project(), desk.runner.database.reader()))), next=None
    )


@routes.post("/privacy/retention", Rows[Kept])
async def apply_retention(desk: Here, by: By) -> Rows[Kept]:
    """Let go of what is too old now, and return how many rows of each table went."""
    found = await desk.ask(desk.erasing.retain)
    await desk.record(by, "privacy.retention", "project", None, {one.table: one.rows for one in found})
    return Rows(rows=tuple(found), next=None)


class Suppressed(Struct, frozen=True, kw_only=True):
    """Whether an identifier is on the list of those who do not come back, and how many are on it."""

    suppressed: bool
    identifiers: int


@routes.get("/privacy/suppressed", Suppressed, scope="admin")
async def read_suppressed(
    desk: Here, who: Annotated[str, Query(description="A user id, or `kind:value`.", max_length=1000)] = ""
) -> Suppressed:
    """Return whether somebody is on the suppression list. The list holds keyed hashes, so it cannot be read."""
    return await asyncio.to_thread(_on_list, desk, who)


@routes.delete("/privacy/suppressed/{profile}", Suppressed)
async def lift_suppression(desk: Here, by: By, profile: Profile) -> Suppressed:
    """Let somebody come back: the identifier, and all that came onto the list with it."""
    await asyncio.to_thread(desk.erasing.let_back, profile)
    await desk.record(by, "privacy.lift", "suppression")
    return await asyncio.to_thread(_on_list, desk, profile)


def _on_list(desk: Desk, who: str) -> Suppressed:
    held = bool(who) and suppressions.is_suppressed(desk.project, who)
    return Suppressed(suppressed=held, identifiers=suppressions.count(desk.project))


def _asked(body: ErasureAsked, by: str) -> Asked:
    if not 0 < len(body.profiles) <= PEOPLE_MAX or any(not one or len(one) > PEOPLE_MAX for one in body.profiles):
        raise Problem(
            "not people",
            where="body.profiles",
            allowed=f"1 to {PEOPLE_MAX:,} ids, each up to {PEOPLE_MAX:,} characters",
        )
    return Asked(who=body.profiles, by=by, reason=body.reason, suppress=body.suppress, unknown=body.unknown)


def _told(work: Any) -> ErasureTold:
    return ErasureTold(id=work.id, state=work.state, note=work.note, receipt=work.receipt)
