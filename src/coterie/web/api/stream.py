"""Changes as Server-Sent Events (HTML Living Standard, 9.2): resumable by id, silent connections kept open, slow readers held back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from coterie.web.api.changelog import told_change
from coterie.web.api.desk import Desk

TURN_S = 0.5
"""How soon a stream notices that the server stops."""
_encode = msgspec.json.Encoder().encode


async def lines(desk: Desk, after: int, segment: str = "", profile: str = "") -> AsyncIterator[bytes]:
    """Yield the changes beyond sequence ``after`` as events, for ever. Each yield waits until the reader took the one before.

    The first block and every sign of life carry the id at which to go on, too, so that a stream which is cut before its first
    change misses nothing. At most ``limits.stream_rows_max`` changes are in memory.
    """
    desk.streams += 1
    try:
        yield b"retry: 1000\nid: %d\n\n" % after
        while not desk.closing:
            page = await desk.changes(after, desk.limits.stream_rows_max, segment, profile)
            if page.rows:
                yield b"".join(
                    b"id: %d\nevent: change\ndata: %b\n\n" % (row.sequence, _encode(told_change(row)))
                    for row in page.rows
                )
            after = int(page.next) if page.next is not None else max(after, page.sequence)
            if page.next is None and not await _changed(desk, after):
                yield b": still here\nid: %d\n\n" % after
    finally:
        desk.streams -= 1


async def _changed(desk: Desk, after: int) -> bool:
    """Return whether something changed within ``limits.stream_heartbeat_s``, or the server is about to stop."""
    left = desk.limits.stream_heartbeat_s
    while left > 0 and not desk.closing:
        if await desk.runner.changed(after, min(left, TURN_S)):
            return True
        left -= TURN_S
    return desk.closing
