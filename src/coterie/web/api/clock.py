"""The clock: what time it is here, and moving a manual clock in tests and simulations."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import Depends
from msgspec import Struct

from coterie.clock import ManualClock
from coterie.errors import Conflict, Problem, TimedOut
from coterie.segments.durations import us_of
from coterie.segments.instants import instant_of
from coterie.web.api.routes import Here, Routes, taken

routes = Routes("clock")


class ClockTold(Struct, frozen=True, kw_only=True):
    """What time it is here, and the instant until which timers have fired."""

    at: int
    advanced_to: int
    manual: bool


class ClockMoved(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to: an instant, or so long from now (``24h``)."""

    at: str | None = None
    by: str | None = None


@routes.get("/clock", ClockTold)
async def read_clock(desk: Here) -> ClockTold:
    """Return what time it is here."""
    return _told(desk)


@routes.post("/clock", ClockTold, body=ClockMoved)
async def move_clock(desk: Here, body: Annotated[ClockMoved, Depends(taken(ClockMoved))]) -> ClockTold:
    """Move a manual clock forward and wait until every timer that is due has fired. Only on a server with `clock: manual`."""
    if not isinstance(desk.clock, ManualClock):
        raise Conflict("this server's clock is not moved by hand", hint="coterie serve --clock manual")
    at = _target(body, desk)
    if at < desk.clock.now():
        raise Problem("the clock cannot go back", where="body.at", received=body.at)
    desk.clock.advance_to(at)
    until = time.monotonic() + desk.limits.api_wait_s_max
    while desk.runner.status().advanced_to < at:
        if time.monotonic() > until:
            raise TimedOut("timers that are due have not all fired yet", hint="ask again: GET /v1/clock")
        await asyncio.sleep(0.002)
    return _told(desk)


def _target(body: ClockMoved, desk: Here) -> int:
    if (body.at is None) == (body.by is None):
        raise Problem("say where to move it", where="body", allowed='{"at": instant} or {"by": "24h"}')
    if body.by is not None:
        try:
            target = desk.clock.now() + us_of(body.by)
        except (ValueError, KeyError, IndexError) as error:
            raise Problem(
                "not a duration", where="body.by", received=body.by, allowed="such as 90s, 24h, 30d"
            ) from error
        if target > _LAST:
            raise Problem("too far", where="body.by", received=body.by, allowed="an instant before 2200")
        return target
    at = instant_of(body.at, desk.project.settings.time_zone)
    if at is None:
        raise Problem("not an instant", where="body.at", received=body.at, allowed="RFC 3339, of 1900 to 2199")
    return at


_LAST = 7_258_118_400_000_000


def _told(desk: Here) -> ClockTold:
    advanced_to = max(desk.runner.status().advanced_to, 0)
    return ClockTold(at=desk.clock.now(), advanced_to=advanced_to, manual=isinstance(desk.clock, ManualClock))
