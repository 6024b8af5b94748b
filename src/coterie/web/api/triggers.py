"""Triggers: what happens when somebody enters or leaves a segment, or an event arrives; and when it last did."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from msgspec import Struct

from coterie.engine.written import Written, read_written, tried
from coterie.errors import InvalidDefinition, NotFound, Problem, nearest
from coterie.storage.state.trigger_runs import RunRow, Standing, TriggerRuns
from coterie.triggers.definition import Trigger
from coterie.triggers.parse import parse_text
from coterie.web.access import Actor
from coterie.web.api.definition import definition_body, is_json, text_of
from coterie.web.api.desk import Desk, Office
from coterie.web.api.pages import Rows, number_of, sliced
from coterie.web.api.routes import By, Cursor, Here, Limit, Routes, Word

routes = Routes("triggers")


class TriggerTold(Struct, frozen=True, kw_only=True):
    """A trigger: what it does in words, whether it is on, and what became of it: runs, of which held out, and refusals by reason."""

    key: str
    title: str
    owner: str
    destination: str
    sentence: str
    state: Literal["on", "paused", "off"]
    started_at: int | None
    paused_at: int | None
    tallies: dict[str, int]


class TriggerFull(Struct, frozen=True, kw_only=True):
    """A trigger with its file as it was written."""

    trigger: TriggerTold
    text: str


@routes.get("/triggers", Rows[TriggerTold])
async def list_triggers(desk: Here, cursor: Cursor = None, limit: Limit = 1000) -> Rows[TriggerTold]:
    """Return the triggers."""
    return sliced(await desk.ask(_all, desk.office, landed=False), cursor, limit)


@routes.get("/triggers/{key}", TriggerFull)
async def read_trigger(desk: Here, key: Word) -> TriggerFull:
    """Return a trigger with its definition as it was written."""
    return await desk.ask(_full, desk, key, landed=False)


@routes.put("/triggers/{key}", TriggerFull, body=definition_body)
async def put_trigger(
    desk: Here,
    by: By,
    key: Word,
    request: Request,
    dry_run: Annotated[bool, Query(description="Only check it.")] = False,
) -> TriggerFull:
    """Make or change a trigger (YAML or JSON). A new one is on from now; `existing: true` meets present members once."""
    text, ending = await text_of(request), ".json" if is_json(request) else ".yaml"
    trigger = parse_text(text, f"trigger{ending}")
    if trigger.key != key:
        raise InvalidDefinition(
            [Problem("another key than that of the path", where="key", received=trigger.key, allowed=key)]
        )
    async with desk.editing:
        if dry_run:
            await desk.ask(desk.office.check, trigger, landed=False)
            return TriggerFull(trigger=_told(trigger, None, {}), text=text)
        before = await desk.ask(_replaced, desk, key, Written(text, ending), landed=False)
    full = await desk.ask(_full, desk, key, landed=False)
    await desk.record(by, "trigger.put", f"trigger:{key}", before, text)
    return full


@routes.delete("/triggers/{key}", TriggerTold)
async def delete_trigger(desk: Here, by: By, key: Word) -> TriggerTold:
    """Remove a trigger. What is waiting of it is not sent."""
    async with desk.editing:
        one = (await desk.ask(_full, desk, key, landed=False)).trigger
        before = await desk.ask(_replaced, desk, key, None, landed=False)
    await desk.record(by, "trigger.delete", f"trigger:{key}", before, None)
    return one


@routes.post("/triggers/{key}/pause", TriggerTold)
async def pause_trigger(desk: Here, by: By, key: Word) -> TriggerTold:
    """Stop a trigger for a while: it decides nothing, and what waits keeps waiting."""
    return await _switched(desk, by, key, "pause")


@routes.post("/triggers/{key}/resume", TriggerTold)
async def resume_trigger(desk: Here, by: By, key: Word) -> TriggerTold:
    """Let a paused trigger go on, from now."""
    return await _switched(desk, by, key, "resume")


@routes.get("/triggers/{key}/runs", Rows[RunRow])
async def list_runs(
    desk: Here,
    key: Word,
    cursor: Cursor = None,
    limit: Limit = 100,
    profile: Annotated[str, Query(description="Only runs of this person.", max_length=1000)] = "",
) -> Rows[RunRow]:
    """Return what a trigger began for whom, the latest first."""
    _known(desk, key)
    before = number_of(cursor)
    rows = await desk.ask(_runs, desk.office, key, profile, before, limit, landed=False)
    return Rows(rows=tuple(rows), next=str(rows[-1].id) if len(rows) == limit else None)


def _all(office: Office) -> list[TriggerTold]:
    with office.opened() as connection:
        runs = TriggerRuns(connection)
        standings, tallies = runs.standings(), runs.tallies()
    by_key = office.triggers.by_key
    return [_told(by_key[key], standings.get(key), tallies.get(key, {})) for key in sorted(by_key)]


def _full(desk: Desk, key: str) -> TriggerFull:
    _known(desk, key)
    told = next(one for one in _all(desk.office) if one.key == key)
    said = read_written(desk.project.root / "triggers", key)
    return TriggerFull(trigger=told, text="" if said is None else said.text)


def _replaced(desk: Desk, key: str, said: Written | None) -> str | None:
    """Return what the trigger's file said before; it says ``said`` now, and that is in force."""
    with tried(desk.project.root / "triggers", key, said) as before:
        desk.office.reload()
    return None if before is None else before.text


async def _switched(desk: Desk, by: Actor, key: str, action: Literal["pause", "resume"]) -> TriggerTold:
    _known(desk, key)
    await desk.ask(_switch, desk.office, key, action, desk.now(), landed=False)
    await desk.record(by, f"trigger.{action}", f"trigger:{key}")
    return (await desk.ask(_full, desk, key, landed=False)).trigger


def _switch(office: Office, key: str, action: str, at: int) -> None:
    with office.opened() as connection:
        runs = TriggerRuns(connection)
        _ = runs.pause(key, at) if action == "pause" else runs.resume(key, at)
    office.wake()


def _runs(office: Office, key: str, profile: str, before: int, limit: int) -> list[RunRow]:
    with office.opened() as connection:
        return TriggerRuns(connection).runs(key, profile, before, limit)


def _known(desk: Desk, key: str) -> None:
    by_key: dict[str, Any] = desk.office.triggers.by_key
    if key not in by_key:
        raise NotFound(f"no trigger {key[:100]!r}", hint=nearest(key, by_key) or "see them: GET /v1/triggers")


def _told(one: Trigger, standing: Standing | None, tallies: dict[str, int]) -> TriggerTold:
    paused_at = standing.paused_at if standing else None
    state: Literal["on", "paused", "off"] = "off" if standing is None else "on" if paused_at is None else "paused"
    return TriggerTold(
        key=one.key, title=one.title, owner=one.owner, destination=one.destination, sentence=one.says(), state=state,
        started_at=standing.started_at if standing else None, paused_at=paused_at, tallies=tallies,
    )  # fmt: skip
