"""Definitions changed while everything goes on: planned, backfilled beside the running ones, switched with a diff."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.plan import Plan, make_plan
from coterie.engine.written import Written, tried
from coterie.errors import Conflict, Problem
from coterie.segments.definition import Segment
from coterie.web.access import Actor
from coterie.web.api.definition import definition_body, is_json, parsed, text_of
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Done
from coterie.web.api.routes import By, Here, Key, Profile, Routes, taken
from coterie.web.api.segments import segment_of

routes = Routes("segments")
SHOWN_MAX = 1000
"""Profiles of each kind that a plan names; the numbers are of all."""


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
    """What an edit does, or would do: ``applied`` says which. Segments that stay as they are are left out."""

    at: int
    applied: bool
    rows: tuple[PlanRow, ...]


class ByHand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``in`` or ``out``, whatever the rule says; ``null`` leaves it to the rule again."""

    state: Literal["in", "out"] | None


DryRun = Annotated[bool, Query(description="Only tell what would change.")]


@routes.put("/segments/{key}", PlanTold, body=definition_body)
async def put_segment(desk: Here, by: By, key: Key, request: Request, dry_run: DryRun = False) -> PlanTold:
    """Make or change a segment. The answer says who enters and who leaves; live traffic goes on meanwhile."""
    segment, text = await parsed(request, key), await text_of(request)
    async with desk.editing:
        held = {one.key: one for one in await desk.ask(definitions.in_force, desk.project, landed=False)}
        wanted = list({**held, key: segment}.values())
        if dry_run:
            return await _planned(desk, wanted)
        return await _applied(
            desk, by, wanted, "segment.put", key, Written(text, ".json" if is_json(request) else ".yaml")
        )


@routes.delete("/segments/{key}", PlanTold)
async def delete_segment(desk: Here, by: By, key: Key, dry_run: DryRun = False) -> PlanTold:
    """Remove a segment; everybody leaves it. Refused while another segment refers to it."""
    async with desk.editing:
        held = await desk.ask(definitions.in_force, desk.project, landed=False)
        definitions.named(held, key)
        wanted = [one for one in held if one.key != key]
        if dry_run:
            return await _planned(desk, wanted)
        return await _applied(desk, by, wanted, "segment.delete", key, None)


@routes.get("/definitions/plan", PlanTold)
async def plan_definitions(desk: Here) -> PlanTold:
    """Return what applying the folder `segments/` would change."""
    return await _planned(desk, await desk.ask(definitions.on_disk, desk.project, landed=False))


@routes.post("/definitions/apply", PlanTold)
async def apply_definitions(desk: Here, by: By) -> PlanTold:
    """Put the folder `segments/` into force as it is."""
    async with desk.editing:
        wanted = await desk.ask(definitions.on_disk, desk.project, landed=False)
        return await _applied(desk, by, wanted, "definitions.apply", "", None)


@routes.put("/segments/{key}/members/{profile}", Done, body=ByHand)
async def put_member(
    desk: Here, by: By, key: Key, profile: Profile, body: Annotated[ByHand, Depends(taken(ByHand))]
) -> Done:
    """Put somebody into a segment or take them out, by hand; only where the definition says `manual: true`."""
    segment, who = await segment_of(desk, key), desk.known(profile)
    if not segment.manual:
        raise Problem("nobody is put into this segment by hand", where=key, hint="write manual: true in its definition")
    trait = f"manual.{key}"
    fact = {"id": desk.fact_id(trait), "name": "$set", "profile": who, "properties": {trait: body.state}}
    position = await desk.put([fact])
    await desk.record(by, "membership.put", f"segment:{key}", None, {"profile": who, "state": body.state})
    return Done(position=position)


async def _planned(desk: Desk, wanted: list[Segment]) -> PlanTold:
    plan = await desk.ask(make_plan, desk.project, desk.now(), wanted)
    return _told(plan, applied=False)


async def _applied(
    desk: Desk, by: Actor, wanted: list[Segment], action: str, key: str, said: Written | None
) -> PlanTold:
    """Return what the edit did. The file in `segments/` says the same as what is in force, also when it fails."""
    if desk.switch is None:
        raise Conflict("definitions cannot be changed on this server")
    plan, before = await desk.ask(_edited, desk, wanted, key, said, landed=False)
    told = _told(plan, applied=True)
    changed = {row.key: {"difference": row.difference, "version": row.version} for row in told.rows}
    after = {"text": None if said is None else said.text, "changed": changed}
    await desk.record(by, action, f"segment:{key}" if key else "definitions", before, after)
    return told


def _edited(desk: Desk, wanted: list[Segment], key: str, said: Written | None) -> tuple[Plan, str | None]:
    """Return the plan that was carried out, and what the definition's file said before it."""
    if not key:
        return desk.switch.edit(wanted).plan, None
    with tried(desk.project.root / "segments", key, said) as before:
        plan = desk.switch.edit(wanted).plan
    return plan, None if before is None else before.text


def _told(plan: Plan, *, applied: bool) -> PlanTold:
    rows = tuple(
        PlanRow(
            key=row.key, difference=row.difference, version=row.version, size=row.size, entered=len(row.entered),
            exited=len(row.exited), enter=row.entered[:SHOWN_MAX], leave=row.exited[:SHOWN_MAX],
        )
        for row in plan.rows
        if row.difference != "same"
    )  # fmt: skip
    return PlanTold(at=plan.at, applied=applied, rows=rows)
