"""Sources: where events come from beside the collection, how far each has been read, and how it is."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from coterie.connectors.sources.definitions import Definition
from coterie.engine.sourcing.again import send_again
from coterie.engine.sourcing.health import Phase, SourceHealth
from coterie.errors import NotFound, nearest
from coterie.storage.state.sources import Reading
from coterie.web.api.desk import Desk
from coterie.web.api.quarantine import Fixed, finished
from coterie.web.api.routes import By, Here, Routes, Word

routes = Routes("sources")


class SourceNow(Struct, frozen=True, kw_only=True):
    """How a source is since the server began. ``phase``: reading, waiting, resting, failed, off or pushed."""

    phase: Phase
    error: str
    error_kind: str
    retries: int
    next_at: int
    read_at: int
    place: str
    done: float
    rows: int
    events: int
    refused: int
    skipped: int


class SourceTold(Struct, frozen=True, kw_only=True):
    """A source: what its file says, what is committed of it in all, and how it is now. Instants in µs since 1970 UTC."""

    name: str
    title: str
    kind: str
    every_us: int
    enabled: bool
    label: str
    """What its rows in the log and the quarantine bear."""
    events: int
    refused: int
    arrived_at: int
    """When the newest of it arrived, 0 for never."""
    position: dict[str, Any]
    now: SourceNow


class SourceList(Struct, frozen=True, kw_only=True):
    """All sources of the project."""

    rows: tuple[SourceTold, ...]


@routes.get("/sources", SourceList)
async def list_sources(desk: Here) -> SourceList:
    """Return every source, by name."""
    return await _all(desk)


@routes.get("/sources/{name}", SourceTold)
async def read_source(desk: Here, name: Word) -> SourceTold:
    """Return one source."""
    return await _one(desk, name)


@routes.post("/sources/{name}/pull", SourceTold)
async def pull_source(desk: Here, by: By, name: Word) -> SourceTold:
    """Read a source now, also one that failed or is read by hand only. Answers at once; ask the source how far it is."""
    desk.feeding.ask(name)
    await desk.record(by, "source.pull", f"source:{name}")
    return await _one(desk, name)


@routes.post("/sources/{name}/reset", SourceTold)
async def reset_source(desk: Here, by: By, name: Word) -> SourceTold:
    """Read a source from its beginning. What it brought before stays, and does not come twice: events keep their ids."""
    before = await _one(desk, name)
    await desk.ask(desk.feeding.reset, name, landed=False)
    after = await _one(desk, name)
    await desk.record(by, "source.reset", f"source:{name}", before, after)
    return after


@routes.post("/sources/{name}/replay", Fixed)
async def replay_source(desk: Here, by: By, name: Word) -> Fixed:
    """Pass the refused rows of a source through its mapping as it is now. Those that pass leave the quarantine."""
    definition = desk.feeding.named(name)
    done = await desk.ask(send_again, desk.project, definition, desk.journal.append_now, now=desk.now())
    return await finished(desk, by, "source.replay", f"source:{name}", done)


@routes.post("/sources/reload", SourceList)
async def reload_sources(desk: Here, by: By) -> SourceList:
    """Put the files in ``sources/`` into force. With a mistake in any of them nothing changes, and all are told."""
    before = sorted(desk.feeding.definitions)
    await desk.ask(desk.feeding.reload, landed=False)
    await desk.record(by, "sources.reload", "sources", before, sorted(desk.feeding.definitions))
    return await _all(desk)


async def _all(desk: Desk) -> SourceList:
    followers = desk.feeding
    known = await desk.read(followers.readings, rows=len(followers.definitions))
    told = [_told(followers.definitions[one.name], one, known.get(one.name)) for one in followers.health()]
    return SourceList(rows=tuple(told))


async def _one(desk: Desk, name: str) -> SourceTold:
    found = {one.name: one for one in (await _all(desk)).rows}
    if name not in found:
        raise NotFound(f"no source {name!r}", hint=nearest(name, found) or "see them: GET /v1/sources")
    return found[name]


def _told(definition: Definition, health: SourceHealth, reading: Reading | None) -> SourceTold:
    return SourceTold(
        name=definition.name, title=definition.title, kind=health.kind, every_us=definition.every_us,
        enabled=definition.enabled, label=definition.label,
        events=reading.events if reading else 0, refused=reading.refused if reading else 0,
        arrived_at=reading.at if reading else 0, position=dict(reading.position) if reading else {},
        now=SourceNow(
            phase=health.phase, error=health.error, error_kind=health.error_kind, retries=health.retries,
            next_at=health.next_at, read_at=health.read_at, place=health.place, done=health.done, rows=health.rows,
            events=health.events, refused=health.refused, skipped=health.skipped,
        ),
    )  # fmt: skip
