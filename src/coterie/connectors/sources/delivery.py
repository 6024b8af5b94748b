"""The journal's route ``source``: events that a source delivered, with the position behind them, in one durable entry."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from coterie.connectors.sources.tracking import Decoded
from coterie.connectors.sources.tracking.tracked import Refused, Tracked
from coterie.limits import DEFAULT, Limits
from coterie.model import Value

ROUTE = "source"


class Delivered(Struct, frozen=True, gc=False):
    """An event of a source: its mapping has said what it is; its person is found by the identifiers."""

    id: str
    name: str
    identifiers: tuple[tuple[str, str], ...]
    occurred_at: int
    properties: dict[str, Value] = {}


class Delivery(Struct, frozen=True):
    """What one entry of the journal holds."""

    source: str
    position: dict[str, Any]
    events: list[Delivered] = []
    refused: list[Refused] = []


_decoder = msgspec.json.Decoder(Delivery)


def pack(delivery: Delivery) -> bytes:
    """Return the body of the entry."""
    return msgspec.json.encode(delivery)


def unpack(body: bytes) -> Delivery:
    """Return what the entry holds. Raises: msgspec.ValidationError."""
    return _decoder.decode(body)


def decode(body: bytes, received_at: int, limits: Limits = DEFAULT) -> Decoded:
    """Return the events of the entry. One from the future within the clock skew happened on arrival; others are refused."""
    delivery = unpack(body)
    events: list[Tracked] = []
    refused = list(delivery.refused)
    for index, one in enumerate(delivery.events):
        wrong = ahead(index, one, one.occurred_at, received_at, limits)
        if wrong is not None:
            refused.append(wrong)
            continue
        events.append(Tracked(one.id, one.name, one.identifiers, min(one.occurred_at, received_at), one.properties))
    return Decoded(events, refused)


def ahead(index: int, event: Struct, occurred_at: int, received_at: int, limits: Limits) -> Refused | None:
    """Return why an event that lies further in the future than the clock skew is refused, ``None`` for any other."""
    seconds = (occurred_at - received_at) / 1e6
    if occurred_at - received_at <= limits.clock_skew_us:
        return None
    return Refused(
        index=index,
        reason="lies in the future",
        where="occurred_at",
        received=f"{seconds:.0f} s ahead of its arrival",
        allowed=f"at most {limits.clock_skew_us / 1e6:.0f} s ahead",
        row=msgspec.json.encode(event).decode(),
    )
