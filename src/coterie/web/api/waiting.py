"""Read your writes: an answer that includes a given journal position."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from coterie.errors import Problem
from coterie.limits import DEFAULT
from coterie.web.api.desk import Desk

TIMEOUT_S = 5.0
INT_MAX = 2**63 - 1


async def included(
    request: Request,
    after: Annotated[
        str | None,
        Query(
            description="A journal position (the `Coterie-Position` header of what was sent) or `latest`: the answer includes it.",
            pattern=r"^(latest|[0-9]{1,18})$",
        ),
    ] = None,
    timeout: Annotated[
        float, Query(ge=0, le=DEFAULT.api_wait_s_max, description="Seconds to wait for that.")
    ] = TIMEOUT_S,
) -> None:
    """What ``after`` names is in the answer. Raises: TimedOut, NotFound for a position that is to come."""
    if after is not None:
        desk: Desk = request.app.state.desk
        await wait(desk, after, timeout)


async def wait(desk: Desk, after: str, timeout_s: float = TIMEOUT_S) -> None:
    """Everything up to the position that a text names is committed. Raises: Problem, TimedOut, NotFound."""
    if after == "latest":
        await desk.reach(desk.journal.head, timeout_s)
        return
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise Problem("not a journal position", where="after", received=after, allowed="a whole number, or latest")
    await desk.reach(int(after), timeout_s)
