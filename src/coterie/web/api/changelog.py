"""Changes as they are answered, in lists and streams alike."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from coterie.engine.running.answers import ChangeRow, Page
from coterie.segments.instants import from_us


class ChangeTold(Struct, frozen=True, kw_only=True):
    """Somebody entered or left a segment. ``sequence`` is the place in the log of changes; ``event_id`` is empty for timers and edits."""

    sequence: int
    segment: str
    version: int
    profile: str
    direction: str
    at: datetime
    cause: str
    event_id: str


class Changes(Struct, frozen=True, kw_only=True):
    """Changes in order. ``next`` is the cursor of the following ones, ``null`` at the end; ``sequence`` is the end of the log."""

    rows: tuple[ChangeTold, ...]
    next: str | None
    sequence: int


def told_change(row: ChangeRow) -> ChangeTold:
    """Return a change as it is answered."""
    return ChangeTold(
        sequence=row.sequence,
        segment=row.segment,
        version=row.version,
        profile=row.profile,
        direction=row.direction,
        at=from_us(row.at),
        cause=row.cause,
        event_id=row.event_id,
    )


def page_of(page: Page[ChangeRow]) -> Changes:
    """Return a page of changes as it is answered."""
    following = None if page.next is None else str(page.next)
    return Changes(rows=tuple(map(told_change, page.rows)), next=following, sequence=page.sequence)
