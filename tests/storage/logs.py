"""Small logs for tests of the stores."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def rows(*events: dict[str, Any]) -> pa.Table:
    """Return events as an Arrow table; what is left out has a plain default."""
    filled = [
        {
            "event_id": f"e{number}",
            "profile": "ada",
            "name": "viewed",
            "occurred_at": event.get("received_at", number),
            "received_at": event.get("occurred_at", number),
            "properties": "{}",
            **event,
        }
        for number, event in enumerate(events)
    ]
    return pa.Table.from_pylist(filled)
