"""The plan's files as JSON Schema, for editors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coterie.segments.schema import schema_of
from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.handling import Policy

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "tracking-event": lambda: schema_of("Coterie tracking plan: an event", EventPlan),
    "tracking-plan": lambda: schema_of("Coterie tracking plan: what holds for all events", Policy),
}
"""Name → what makes the schema of such a file."""
