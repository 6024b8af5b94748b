"""What recognising one event came to, and the records of the log that say so."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from coterie.identity.merges import LOSER
from coterie.model import LINK, MERGE, Event, Value

BECAUSE = "because"
"""Property of a ``$merge`` event: the identifier, as ``kind:value``, by which two profiles met."""
KIND, VALUE, MOVED_FROM = "kind", "value", "moved_from"
"""Properties of a ``$link`` event."""


class Merged(Struct, frozen=True, gc=False):
    """``survivor`` absorbed ``loser`` because both had been called ``because`` (``kind:value``)."""

    survivor: str
    loser: str
    because: str


class Linked(Struct, frozen=True, gc=False):
    """An identifier belongs to ``profile`` from now on; ``moved_from`` names the profile it belonged to, if there was one."""

    profile: str
    kind: str
    value: str
    moved_from: str = ""


class Conflict(Struct, frozen=True, gc=False):
    """An identifier of an event that was left out, and why.

    ``reason``: ``blocked``, ``too_long`` or ``unknown_kind`` (it is nobody's), ``limit`` (the profile has enough of the kind),
    ``other`` (it is another person's and does not move), ``apart`` (as ``other``; a merge of the two was undone by hand).
    """

    kind: str
    value: str
    reason: str
    held_by: str = ""


class Resolution(Struct, frozen=True, gc=False):
    """Whose an event is. ``profile`` is None when no identifier of it is anybody's."""

    profile: str | None
    merges: tuple[Merged, ...] = ()
    links: tuple[Linked, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


class Row(NamedTuple):
    """A row of what must be stored. (what, key) names it; ``profile`` None: it is gone. ``data`` is JSON or empty.

    ``identifier``: key ``kind:value`` → the profile it is linked to. ``merge``: key loser → into. ``past``: merges that were
    undone, by number. ``apart``: pairs that are kept apart. ``left``: profiles whose naming identifier moved on.
    """

    what: str
    key: str
    profile: str | None
    data: str = ""


def records_of(resolution: Resolution, event_id: str, at: int) -> tuple[list[Event], list[Event]]:
    """Return the records of the log before an event (``$merge``) and after it (``$link``), all arriving at ``at``."""
    before = [
        _record(f"{event_id}#merge{n}", one.survivor, MERGE, at, {LOSER: one.loser, BECAUSE: one.because})
        for n, one in enumerate(resolution.merges)
    ]
    after = []
    for n, link in enumerate(resolution.links):
        said: dict[str, Value] = {KIND: link.kind, VALUE: link.value}
        if link.moved_from:
            said[MOVED_FROM] = link.moved_from
        after.append(_record(f"{event_id}#link{n}", link.profile, LINK, at, said))
    return before, after


def event_id_of(record_id: str) -> str:
    """Return the id of the event that a record of ``records_of`` came with.

    >>> event_id_of("e7#merge0"), event_id_of("by-hand")
    ('e7', 'by-hand')
    """
    event_id, mark, rest = record_id.rpartition("#")
    return event_id if mark and rest.startswith(("merge", "link")) else record_id


def _record(record_id: str, profile: str, name: str, at: int, properties: dict[str, Value]) -> Event:
    return Event(id=record_id, profile=profile, name=name, occurred_at=at, received_at=at, properties=properties)
