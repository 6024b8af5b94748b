"""Segments: which there are, who is in them, what they say, and what they were before."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.plan import as_data
from coterie.engine.project import Project
from coterie.segments.definition import Segment
from coterie.segments.instants import from_us
from coterie.segments.parse import yaml_text
from coterie.web.api.definition import definition_body, parsed
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import Cursor, Here, Key, Limit, Routes, instant

routes = Routes("segments")


class SegmentListed(Struct, frozen=True, kw_only=True):
    """A segment in force: what it is called, what it says, how many are in it now."""

    key: str
    title: str
    description: str
    owner: str
    tags: tuple[str, ...]
    version: int
    refresh: str
    manual: bool
    size: int | None
    sentence: str


class SegmentFull(Struct, frozen=True, kw_only=True):
    """A segment in force with its definition, as data and as a file."""

    key: str
    version: int
    size: int | None
    sentence: str
    definition: dict[str, Any]
    yaml: str


class MemberTold(Struct, frozen=True, kw_only=True):
    """Somebody in a segment: since when and why; of members at another instant only the id is known."""

    profile: str
    version: int | None = None
    since: datetime | None = None
    cause: str | None = None
    event_id: str | None = None


class Members(Struct, frozen=True, kw_only=True):
    """Members by profile id. A stream from ``sequence`` on continues exactly where this state ends."""

    rows: tuple[MemberTold, ...]
    next: str | None
    sequence: int | None


class VersionTold(Struct, frozen=True, kw_only=True):
    """One change of a definition: when it took effect, what became of it, who moved."""

    at: int
    change: str
    version: int
    definition: dict[str, Any]
    entered: int
    exited: int


class Said(Struct, frozen=True, kw_only=True):
    """A definition as one English sentence."""

    key: str
    sentence: str


@routes.get("/segments", Rows[SegmentListed])
async def list_segments(
    desk: Here,
    cursor: Cursor = None,
    limit: Limit = 1000,
    tag: Annotated[str, Query(description="Only segments with this tag.", max_length=100)] = "",
) -> Rows[SegmentListed]:
    """Return the segments in force, by key."""
    found = await desk.ask(desk.in_use, landed=False)
    counts = desk.runner.counts()
    rows = [_listed(one, counts.get(one.key)) for one in found if not tag or tag in one.tags]
    return sliced(rows, cursor, limit)


@routes.get("/segments/{key}", SegmentFull)
async def read_segment(desk: Here, key: Key) -> SegmentFull:
    """Return a segment with its definition."""
    one = await segment_of(desk, key)
    data = as_data(one)
    size = desk.runner.counts().get(key)
    return SegmentFull(
        key=key, version=one.version, size=size, sentence=one.says(), definition=data, yaml=yaml_text(data)
    )


@routes.get("/segments/{key}/members", Members)
async def list_members(
    desk: Here,
    key: Key,
    cursor: Cursor = None,
    limit: Limit = 1000,
    at: Annotated[str | None, Query(description="Members at another instant, as known then.", max_length=100)] = None,
) -> Members:
    """Return who is in a segment: now, with since and why, or at any instant."""
    await segment_of(desk, key)
    if at is None:
        page = await desk.read(desk.runner.members, key, cursor or "", limit, rows=limit)
        rows = tuple(
            MemberTold(
                profile=one.profile,
                version=one.version,
                since=from_us(one.since),
                cause=one.cause,
                event_id=one.event_id,
            )
            for one in page.rows
        )
        return Members(rows=rows, next=None if page.next is None else str(page.next), sequence=page.sequence)
    found = await desk.ask(_members_at, desk.project, key, instant(at, desk))
    some = sliced(found, cursor, limit)
    return Members(rows=tuple(MemberTold(profile=one) for one in some.rows), next=some.next, sequence=None)


def _members_at(project: Project, key: str, at: int) -> list[str]:
    with History(project.events) as history:
        return sorted(history.members_at(definitions.catalog(project), key, at))


@routes.get("/segments/{key}/versions", Rows[VersionTold])
async def list_versions(desk: Here, key: Key, cursor: Cursor = None, limit: Limit = 100) -> Rows[VersionTold]:
    """Return every version that a definition had, the latest first; also of one that was removed."""
    found = await desk.ask(_versions, desk.project, key, landed=False)
    if not found:
        await segment_of(desk, key)
    return sliced(found, cursor, limit)


def _versions(project: Project, key: str) -> list[VersionTold]:
    return [
        VersionTold(
            at=apply.at, change=entry.change, version=entry.version, definition=entry.definition,
            entered=entry.entered, exited=entry.exited,
        )
        for apply in reversed(project.applied.history())
        for entry in apply.entries
        if entry.key == key
    ]  # fmt: skip


@routes.post("/segments/says", Said, scope="read", body=definition_body)
async def say_definition(request: Request) -> Said:
    """Return what a definition says, in English; every mistake of it at once if it is none."""
    one = await parsed(request)
    return Said(key=one.key, sentence=one.says())


async def segment_of(desk: Desk, key: str) -> Segment:
    """Return the definition in use with that key. Raises: NotFound with the nearest key."""
    return definitions.named(await desk.ask(desk.in_use, landed=False), key)


def _listed(one: Segment, size: int | None) -> SegmentListed:
    return SegmentListed(
        key=one.key, title=one.title, description=one.description, owner=one.owner, tags=one.tags, version=one.version,
        refresh="live" if one.is_live else "scheduled", manual=one.manual, size=size, sentence=one.says(),
    )  # fmt: skip
