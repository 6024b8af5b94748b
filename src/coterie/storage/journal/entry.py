"""One request in the journal, and one that waits to get there."""

from __future__ import annotations

from asyncio import Future
from threading import Event

from msgspec import Struct

from coterie.errors import CoterieError


class Entry(Struct, frozen=True, gc=False):
    """A request as it came. ``position`` grows by one and may jump; ``received_at`` grows from commit to commit."""

    position: int
    received_at: int
    """When it was made durable, in µs since 1970 UTC: one stamp for all that one commit held."""
    route: str
    """What the body is: ``track``, ``identify``, ``page``, ``screen``, ``group``, ``alias``, ``batch`` or ``facts``."""
    source: str
    """The id of the key that it came with."""
    body: bytes
    """JSON, decompressed."""


class Waiting:
    """A request on its way into the journal, and who waits for it: a future of an event loop, or a thread."""

    __slots__ = ("body", "done", "error", "future", "position", "route", "source")

    def __init__(self, route: str, source: str, body: bytes, future: Future[int] | None) -> None:
        self.route, self.source, self.body, self.future = route, source, body, future
        self.done = Event() if future is None else None
        self.position = -1
        self.error: CoterieError | None = None


def settle(group: list[Waiting]) -> None:
    """Every future of ``group`` has its result, in the event loop that waits for it."""
    for one in group:
        future = one.future
        if future is None or future.done():
            continue
        if one.error is None:
            future.set_result(one.position)
        else:
            future.set_exception(one.error)
