"""Membership changes: a log to page through, and a stream that follows it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query
from starlette.responses import StreamingResponse

from coterie.errors import Overloaded
from coterie.web.api.changelog import Changes, ChangeTold, page_of
from coterie.web.api.pages import number_of
from coterie.web.api.routes import Cursor, Here, Limit, Routes
from coterie.web.api.stream import lines

routes = Routes("changes")
OfSegment = Annotated[str, Query(description="Only changes of this segment.", max_length=200)]
OfProfile = Annotated[str, Query(description="Only changes of this person (id, or `kind:value`).", max_length=1000)]


@routes.get("/changes", Changes)
async def list_changes(
    desk: Here, cursor: Cursor = None, limit: Limit = 1000, segment: OfSegment = "", profile: OfProfile = ""
) -> Changes:
    """Return who entered and left which segment, when and why, in order.

    `next` continues; `sequence` is the end of the log in the state that was read, where a stream may begin.
    """
    who = desk.known(profile) if profile else ""
    return page_of(await desk.changes(number_of(cursor), limit, segment, who))


@routes.get("/changes/stream", str, media="text/event-stream")
async def stream_changes(
    desk: Here,
    cursor: Annotated[
        str | None, Query(description="Begin after this sequence; with the next change when left out.")
    ] = None,
    segment: OfSegment = "",
    profile: OfProfile = "",
    last_event_id: Annotated[
        str | None, Header(description="What a browser sends to continue; wins over `cursor`.")
    ] = None,
) -> StreamingResponse:
    """Follow the changes as Server-Sent Events: `event: change`, `id:` its sequence, `data:` the change as in the list.

    A comment comes every 15 s while nothing changes. Give the last `id` as `Last-Event-ID` (or `cursor`) to continue: nothing is
    left out and nothing comes twice. A slow reader holds no memory: what it has not read stays in the log.
    """
    if desk.streams >= desk.limits.streams_max:
        raise Overloaded("too many streams are open", retry_after_s=10)
    given = last_event_id or cursor
    start = number_of(given) if given else desk.runner.status().sequence
    who = desk.known(profile) if profile else ""
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(lines(desk, start, segment, who), headers=headers, media_type="text/event-stream")


__all__ = ["ChangeTold", "routes"]
