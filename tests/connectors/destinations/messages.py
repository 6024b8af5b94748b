"""Messages for tests of destinations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.connectors.destinations.destination import Message
from coterie.model import Cause, Direction, Event, Identifier, MembershipChange
from coterie.triggers.delivery import payload_of

AT = 1_773_835_200_000_000
CONTENT = {"subject": "Your cart, {{ traits.first_name | default: 'friend' }}", "text": "Come back."}


def message(key: str = "k1", content: Mapping[str, str] = CONTENT, attempt: int = 1, **traits: Any) -> Message:
    """Return a message to Ada, who entered at-risk by an event."""
    change = MembershipChange(
        segment="at-risk",
        version=1,
        profile="ada",
        direction=Direction.ENTERED,
        at=AT,
        cause=Cause.EVENT,
        event_id="e1",
    )
    event = Event(id="e1", profile="ada", name="page", occurred_at=AT, received_at=AT, properties={"path": "/a"})
    told = {"email": "ada@example.com", "first_name": "Ada", **traits}
    kept = {name: value for name, value in told.items() if value is not None}
    payload = payload_of("care", key, None, "ada", kept, (Identifier("user_id", "ada"),), change, event, AT)
    return Message(
        key=key, trigger="care", profile="ada", payload=payload, content=dict(content), attempt=attempt, at=AT
    )
