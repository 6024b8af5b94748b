"""The journal's route ``replay``: events that were decoded once and refused afterwards, sent again as they were.

A stage of the intake refuses an event, or a source delivers one from the future: in quarantine lies the event itself, which needs
neither its mapping nor its call any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from coterie.connectors.sources import delivery
from coterie.connectors.sources.tracking.tracked import Decoded, Tracked
from coterie.limits import DEFAULT, Limits

ROUTE = "replay"


class Kept(Struct, forbid_unknown_fields=True):
    """An event as quarantine keeps it. ``received_at`` is the arrival that an import told, if it came by one."""

    id: str
    name: str
    identifiers: list[tuple[str, str]]
    properties: dict[str, Any]
    occurred_at: int
    previous: list[tuple[str, str]] = []
    received_at: int | None = None


_kept = msgspec.json.Decoder(Kept)
_body = msgspec.json.Decoder(list[Kept])


def kept(row: str | bytes) -> Kept | None:
    """Return the event that the text of a quarantined row is, ``None`` for a call or the row of a file."""
    try:
        return _kept.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def pack(rows: Sequence[str]) -> bytes:
    """Return the body of an entry that holds these events."""
    return msgspec.json.encode([msgspec.Raw(row.encode()) for row in rows])


def decode(body: bytes, received_at: int, limits: Limits = DEFAULT) -> Decoded:
    """Return the events of an entry. One that still lies in the future is refused again. Raises: msgspec.ValidationError."""
    events: list[Tracked] = []
    refused = []
    for index, one in enumerate(_body.decode(body)):
        at = one.occurred_at
        wrong = delivery.ahead(index, one, at, received_at, limits)
        if wrong is not None:
            refused.append(wrong)
            continue
        told = (one.id, one.name, tuple(one.identifiers), min(at, received_at), one.properties, tuple(one.previous))
        events.append(Tracked(*told))
    return Decoded(events, refused)
