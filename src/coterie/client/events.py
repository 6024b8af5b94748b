"""Events on their way to the server: given an id and an instant at once, sent many at a time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from coterie.errors import LimitExceeded, Problem

EVENTS_MAX = 200
BYTES_MAX = 450_000
"""A batch is sent when it has so many events, or is so large: the server takes 500 KB."""


class Buffer:
    """Events that wait. ``full`` says that it is time to send."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._bytes = 0

    @property
    def full(self) -> bool:
        return len(self._events) >= EVENTS_MAX or self._bytes >= BYTES_MAX

    def add(self, event: dict[str, Any]) -> None:
        """The event waits. Raises: LimitExceeded when it alone is larger than a batch."""
        size = len(msgspec.json.encode(event))
        if size > BYTES_MAX:
            raise LimitExceeded(f"the event has {size:,} bytes", hint=f"at most {BYTES_MAX:,}")
        self._events.append(event)
        self._bytes += size + 1

    def take(self) -> list[dict[str, Any]]:
        """Return what waits, at most one batch; it waits no more."""
        size, count = 0, 0
        for event in self._events[:EVENTS_MAX]:
            size += len(msgspec.json.encode(event)) + 1
            if count and size > BYTES_MAX:
                break
            count += 1
        taken, self._events = self._events[:count], self._events[count:]
        self._bytes = 0 if not self._events else sum(len(msgspec.json.encode(one)) + 1 for one in self._events)
        return taken

    def put_back(self, events: list[dict[str, Any]]) -> None:
        """Events that could not be sent wait again, first."""
        self._events = [*events, *self._events]
        self._bytes += sum(len(msgspec.json.encode(one)) + 1 for one in events)


def event_of(
    kind: str,
    *,
    user_id: str | None,
    anonymous_id: str | None,
    at: datetime | None,
    message_id: str | None,
    context: Mapping[str, Any] | None,
    **fields: Any,
) -> dict[str, Any]:
    """Return a call of the Segment spec. Raises: Problem when it is of nobody, or its instant has no time zone."""
    external = (context or {}).get("externalIds")
    if not user_id and not anonymous_id and not external:
        raise Problem("the event is of nobody", where="user_id", allowed="user_id, anonymous_id or context.externalIds")
    moment = datetime.now(UTC) if at is None else at
    if moment.tzinfo is None:
        raise Problem("an instant without a time zone", where="at", received=str(at), allowed="an aware datetime")
    told: dict[str, Any] = {
        "type": kind, "messageId": message_id or uuid.uuid4().hex, "timestamp": moment.isoformat(),
        "userId": user_id, "anonymousId": anonymous_id, "context": None if context is None else dict(context), **fields,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}
