"""Definitions changed while everything goes on: planned, backfilled beside the running ones, switched with a diff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from msgspec import Struct
from msgspec.structs import replace

from coterie.engine.plan import Plan
from coterie.engine.running.refreshing import RefreshState
from coterie.engine.running.switching import Edited
from coterie.errors import Problem
from coterie.segments.parse import data_of, yaml_text
from coterie.storage.state.refreshes import Refresh
from coterie.web.access import Actor
from coterie.web.api.definition import definition_body, parsed
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Done, Rows
from coterie.web.api.routes import By, Here, Key, Profile, Routes, taken
from coterie.web.api.segments import segment_of

routes = Routes("segments")
SHOWN_MAX = 1000
"""People of each kind that an answer names; the numbers are of all."""


class PlanRow(Struct, frozen=True, kw_only=True):
    """What becomes of one segment. ``enter`` and ``leave`` name at most 1,000 people each; the numbers count all."""

    key: str
    difference: str
    version: int
    size: int
    entered: int
    exited: int
    enter: tuple[str, ...]
    leave: tuple[str, ...]


class PlanTold(Struct, frozen=True, kw_only=True):
    """What an edit did, or would do: ``applied`` says which. Segments that stay as they are are left out.

    Of what was applied, the changes are those with ``after`` < sequence ≤ ``until``.
    """

    at: int
    applied: bool
    rows: tuple[PlanRow, ...]
    after: int | None = None
    until_sequence: int | None = None
    triggers: tuple[str, ...] = ()
    """Keys of the triggers that are in force after the folder was applied; empty for one segment."""


class ByHand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``in`` or ``out``, whatever the rule says; ``null`` leaves it to the rule again."""

    state: Literal["in", "out"] | None


DryRun = Annotated[bool, Query(description="Only tell what would change.")]
Expected = Annotated[
    int | None, Query(ge=0, le=2**31, description="Only if this version is in force (0: none); else 409.")
]


@routes.put("/segments/{key}", PlanTold, body=definition_body)
async def put_segment(
    desk: Here, by: By, key: Key, request: Request, dry_run: DryRun = False, expected_version: Expected = None
) -> PlanTold:
    """Make or change a segment. The answer says who enters and who leaves; live traffic goes on meanwhile."""
    segment = await parsed(request, key)
    switch = desk.switching
    if dry_run:
        return await _planned(desk, lambda: switch.plan(switch.with_one(segment)))
    before = await _text(desk, key)
    edited = await desk.ask(switch.put, segment, expected_version, landed=False)
    return await _applied(desk, by, edited, "segment.put", key, before)


@routes.delete("/segments/{key}", PlanTold)
async def delete_segment(
    desk: Here, by: By, key: Key, dry_run: DryRun = False, expected_version: Expected = None
) -> PlanTold:
    """Remove a segment; everybody leaves it. Refused while another segment refers to it."""
    switch = desk.switching
    if dry_run:
        return await _planned(desk, lambda: switch.plan(switch.without(key)))
    before = await _text(desk, key)
    edited = await desk.ask(switch.remove, key, expected_version, landed=False)
    return await _applied(desk, by, edited, "segment.delete", key, before)


@routes.get("/definitions/plan", PlanTold)
async def plan_definitions(desk: Here) -> PlanTold:
    """Return what applying the folder `segments/` would change."""
    return await _planned(desk, desk.switching.plan)


@routes.post("/definitions/apply", PlanTold)
async def apply_definitions(desk: Here, by: By) -> PlanTold:
    """Put the folders `segments/`, `triggers/` and `destinations/` into force as they are; all of it or nothing is right."""
    if desk.outbox is not None:
        await desk.ask(desk.outbox.check_folder, landed=False)
    edited = await desk.ask(desk.switching.apply_folder, landed=False)
    told = await _applied(desk, by, edited, "definitions.apply", "", None)
    if desk.outbox is None:
        return told
    await desk.ask(desk.outbox.reload, landed=False)
    return replace(told, triggers=tuple(sorted(desk.outbox.triggers.by_key)))


@routes.put("/segments/{key}/members/{profile}", Done, body=ByHand)
async def put_member(
    desk: Here, by: By, key: Key, profile: Profile, body: Annotated[ByHand, Depends(taken(ByHand))]
) -> Done:
    """Put somebody into a segment or take them out, by hand; only where the definition says `manual: true`."""
    segment, who = await segment_of(desk, key), desk.anybody(profile)
    if not segment.manual:
        raise Problem("nobody is put into this segment by hand", where=key, hint="write manual: true in its definition")
    trait = f"manual.{key}"
    fact = {"id": desk.fact_id(trait), "name": "$set", "profile": who, "properties": {trait: body.state}}
    position = await desk.put([fact])
    await desk.record(by, "membership.put", f"segment:{key}", None, {"profile": who, "state": body.state})
    return Done(position=position)


@routes.get("/refreshes", Rows[RefreshState])
async def list_refreshes(desk: Here) -> Rows[RefreshState]:
    """Return the segments with a schedule: when each was computed and will be again."""
    return Rows(rows=tuple(await desk.ask(desk.refreshing.states, landed=False)), next=None)


@routes.post("/segments/{key}/refresh", Refresh)
async def refresh_segment(desk: Here, by: By, key: Key) -> Refresh:
    """Compute a segment that has a schedule now, by hand."""
    segment = await segment_of(desk, key)
    if segment.is_live:
        raise Problem("the segment follows every event, there is nothing to refresh", where=key)
    done = await desk.ask(desk.refreshing.refresh, key, landed=False)
    await desk.record(by, "segment.refresh", f"segment:{key}", None, done)
    return done


async def _planned(desk: Desk, plan: Callable[[], Plan]) -> PlanTold:
    found = await desk.ask(plan, landed=False)
    rows = tuple(
        PlanRow(
            key=row.key, difference=row.difference, version=row.version, size=row.size, entered=len(row.entered),
            exited=len(row.exited), enter=row.entered[:SHOWN_MAX], leave=row.exited[:SHOWN_MAX],
        )
        for row in found.rows
        if row.difference != "same"
    )  # fmt: skip
    return PlanTold(at=found.at, applied=False, rows=rows)


async def _applied(desk: Desk, by: Actor, edited: Edited, action: str, key: str, before: str | None) -> PlanTold:
    """Return what an edit did; it is in the audit log."""
    names = await desk.ask(_names, desk, edited, landed=False)
    rows = tuple(
        PlanRow(
            key=row.key, difference=row.difference, version=row.version, size=row.size, entered=row.entered,
            exited=row.exited, enter=names.get((row.key, "entered"), ()), leave=names.get((row.key, "exited"), ()),
        )
        for row in edited.rows
        if row.difference != "same"
    )  # fmt: skip
    told = PlanTold(at=edited.at, applied=True, rows=rows, after=edited.after, until_sequence=edited.until)
    changed = {row.key: {"difference": row.difference, "version": row.version} for row in rows}
    after: dict[str, Any] = {"text": await _text(desk, key), "changed": changed}
    await desk.record(by, action, f"segment:{key}" if key else "definitions", before, after)
    return told


def _names(desk: Desk, edited: Edited) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return (segment, direction) → the first people who moved by an edit."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for row in edited.rows:
        after, left = edited.after, row.entered + row.exited
        while left > 0 and after < edited.until:
            page = desk.runner.changes(after, SHOWN_MAX, row.key)
            some = [one for one in page.rows if one.sequence <= edited.until]
            for one in some:
                held = found.get((one.segment, one.direction), ())
                if len(held) < SHOWN_MAX:
                    found[one.segment, one.direction] = (*held, one.profile)
            left -= len(some)
            after = some[-1].sequence if some else edited.until
            if all(len(found.get((row.key, word), ())) >= SHOWN_MAX for word in ("entered", "exited")):
                break
    return found


async def _text(desk: Desk, key: str) -> str | None:
    """Return a definition in use as a file, ``None`` when there is none."""
    if not key:
        return None
    found = await desk.ask(desk.in_use, landed=False)
    return next((yaml_text(data_of(one)) for one in found if one.key == key), None)
