"""Questions about a segment that take long: sizes over time, overlap, why somebody is in it, and the proof."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.explanation import Explained, explain
from coterie.engine.preview import Overlap, preview
from coterie.engine.project import Project
from coterie.engine.verification import Verification, verify
from coterie.errors import Problem
from coterie.web.api.routes import At, Here, Key, Profile, Routes, instant
from coterie.web.api.segments import segment_of

routes = Routes("segments")
PROVEN_EVENTS_MAX = 2_000_000
"""Events of a log that may be proved by request: the oracle takes some seconds per million, in its own processes."""


class Sizes(Struct, frozen=True, kw_only=True):
    """How many were in a segment at each instant, and how many people were known at the last one."""

    key: str
    instants: tuple[int, ...]
    sizes: tuple[int, ...]
    known: int


class Overlaps(Struct, frozen=True, kw_only=True):
    """What a segment shares with every other one at an instant, the largest share first."""

    key: str
    at: int
    size: int
    overlaps: tuple[Overlap, ...]


@routes.get("/segments/{key}/history", Sizes)
async def read_sizes(
    desk: Here,
    key: Key,
    since: Annotated[
        str | None, Query(description="First instant; the first arrival when left out.", max_length=100)
    ] = None,
    until: Annotated[str | None, Query(description="Last instant; now when left out.", max_length=100)] = None,
    points: Annotated[int, Query(ge=1, le=1000, description="How many instants, evenly spread.")] = 30,
) -> Sizes:
    """Return the size of a segment over time, as known then, by the batch reader."""
    await segment_of(desk, key)
    end = instant(until, desk, "until")
    start = None if since is None else instant(since, desk, "since")
    if start is not None and start > end:
        raise Problem("the end lies before the beginning", where="until", received=until, allowed=f"after {since}")
    found = await desk.ask(preview, desk.project, key, until=end, since=start, points=points, measure=False)
    return Sizes(key=key, instants=found.instants, sizes=found.sizes, known=found.known)


@routes.get("/segments/{key}/overlap", Overlaps)
async def read_overlap(desk: Here, key: Key, at: At = None) -> Overlaps:
    """Return how many members a segment shares with every other one."""
    await segment_of(desk, key)
    when = instant(at, desk)
    found = await desk.ask(preview, desk.project, key, until=when, since=when, points=1, measure=False)
    return Overlaps(key=key, at=when, size=found.sizes[-1], overlaps=found.overlaps)


@routes.get("/segments/{key}/explain/{profile}", Explained)
async def explain_member(desk: Here, key: Key, profile: Profile, at: At = None) -> Explained:
    """Return why somebody is in a segment or not: leaf by leaf, with the events that count, and what comes next."""
    await segment_of(desk, key)
    return await desk.ask(explain, desk.project, key, desk.known(profile), instant(at, desk))


@routes.get("/profiles/{profile}/segments/{key}", Explained)
async def explain_segment(desk: Here, profile: Profile, key: Key, at: At = None) -> Explained:
    """Return why a person is in a segment or not: the same answer, asked from the person's side."""
    await segment_of(desk, key)
    return await desk.ask(explain, desk.project, key, desk.known(profile), instant(at, desk))


@routes.post("/segments/{key}/verify", Verification, scope="read")
async def verify_segment(
    desk: Here,
    key: Key,
    instants: Annotated[int, Query(ge=1, le=50, description="How many instants, chosen to be hard.")] = 5,
    seed: Annotated[int, Query(ge=0, le=2**31)] = 1,
) -> Verification:
    """Prove a segment: three readers judge everybody at several hard instants. The first difference, made small, if there is one."""
    await segment_of(desk, key)
    return await desk.ask(_verified, desk.project, key, instants, seed)


def _verified(project: Project, key: str, count: int, seed: int) -> Verification:
    events = project.events.extent().events
    if events > PROVEN_EVENTS_MAX:
        raise Problem(
            "the log is too long to be proved by request", received=events, allowed=f"{PROVEN_EVENTS_MAX:,} events",
            hint="prove a copy of the project folder: coterie verify",
        )  # fmt: skip
    return verify(project, definitions.catalog(project).closure(key), count=count, seed=seed)
