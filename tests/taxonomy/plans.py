"""Small plans for tests, and events that meet them."""

from __future__ import annotations

from typing import Any

from coterie.connectors.sources.tracking.tracked import Tracked
from coterie.taxonomy.parse import plan_of
from coterie.taxonomy.plan import TrackingPlan

ORDER = """\
event: order_completed
description: A paid order.
owner: checkout
version: 2
properties:
  order_id: {type: string, required: true, pattern: "^o-[0-9]+$"}
  total: {type: number, minimum: 0, required: true}
  currency: {type: string, enum: [NOK, EUR]}
  email: {type: string, format: email, pii: direct}
  lines: {type: integer, minimum: 1, maximum: 100}
  gift: {type: boolean}
  skus: {type: array, items: {type: string}}
"""
GOOD = {"order_id": "o-1", "total": 12.5, "currency": "NOK", "lines": 2, "gift": False, "skus": ["a"]}


def plan(*texts: str, policy: str = "") -> TrackingPlan:
    """Return the plan of these event files and this policy."""
    files = [(f"tracking/event-{place}.yaml", text) for place, text in enumerate(texts or (ORDER,))]
    return plan_of([*files, *([("tracking/plan.yaml", policy)] if policy else [])])


def event(name: str = "order_completed", /, id: str = "e1", **properties: Any) -> Tracked:
    """Return an event of ada."""
    return Tracked(id, name, (("user_id", "ada"),), 1_000_000, dict(properties))
