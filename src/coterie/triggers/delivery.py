"""What a trigger decides: something to be delivered, under a key that is the same however often it is decided."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from coterie.model import Event, Identifier, MembershipChange, Value
from coterie.segments.instants import rfc3339
from coterie.values import canonical

State = Literal["waiting", "sent", "failed", "dead", "held_out", "cancelled"]
"""``waiting`` for its instant or its next try; ``failed`` after a try that another will follow; ``dead`` when no further
try is made; ``held_out``: never sent, by lot; ``cancelled``: a check before sending refused it."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One thing to deliver. ``key`` is its idempotency key; ``run`` the value of ``key_by`` as JSON text, or empty."""

    key: str
    trigger: str
    destination: str
    profile: str
    run: str
    payload: dict[str, Any]
    decided_at: int
    due_at: int
    priority: int
    state: State = "waiting"


class Run(Struct, frozen=True, kw_only=True):
    """A trigger began for a person: what caps, re-entry and reports count."""

    trigger: str
    profile: str
    run: str
    started_at: int
    held_out: bool
    delivery: str


def key_of(trigger: str, profile: str, run: str, cause: Sequence[str | int]) -> str:
    """Return the idempotency key of what ``cause`` sets off: 32 hexadecimal digits, a function of its arguments only."""
    text = canonical([trigger, profile, run, *cause])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def lot_of(salt: str, profile: str) -> float:
    """Return a number 0 ≤ x < 100 that belongs to (salt, profile) for ever: the lot that the condition `bucket` draws."""
    digest = hashlib.md5(f"{salt}:{profile}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 * 100


def payload_of(
    trigger: str,
    key: str,
    run: Value,
    profile: str,
    traits: Mapping[str, Value],
    identifiers: Sequence[Identifier],
    change: MembershipChange | None,
    event: Event | None,
    decided_at: int,
) -> dict[str, Any]:
    """Return what a destination is told: plain JSON data, instants as RFC 3339."""
    return {
        "key": key,
        "trigger": trigger,
        "run": run,
        "decided_at": rfc3339(decided_at),
        "profile": {
            "id": profile,
            "traits": dict(traits),
            "identifiers": [{"kind": one.kind, "value": one.value} for one in identifiers],
        },
        "segment": None if change is None else change.segment,
        "change": None if change is None else _change(change),
        "event": None if event is None else _event(event),
        "gathered": {},
    }


def _change(change: MembershipChange) -> dict[str, Any]:
    return {
        "segment": change.segment,
        "version": change.version,
        "direction": str(change.direction),
        "at": rfc3339(change.at),
        "cause": str(change.cause),
        "event_id": change.event_id or None,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "name": event.name,
        "occurred_at": rfc3339(event.occurred_at),
        "received_at": rfc3339(event.received_at),
        "properties": dict(event.properties),
    }
