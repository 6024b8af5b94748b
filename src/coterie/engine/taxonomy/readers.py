"""What segments, triggers, feature sets and models read that the plan does not name: a misspelt word, or a plan that is not whole."""

from __future__ import annotations

from msgspec import Struct

from coterie.engine.governance.flow import lineage_of
from coterie.engine.project import Project
from coterie.errors import nearest
from coterie.governance.lineage import READERS, Lineage, Node
from coterie.model import SYSTEM_PREFIX
from coterie.taxonomy.checker import CONTEXT
from coterie.taxonomy.event import PLANNED
from coterie.taxonomy.plan import TrackingPlan

_OURS = ("list.", "manual.", "consent.", "group.", "group_id", "time_zone")
"""Traits that begin so are told by Coterie, or by calls beside their traits."""


class Unplanned(Struct, frozen=True, kw_only=True):
    """An event, a property of one, or a trait that is read by ``readers`` (``segment:vip``) and is not in the plan."""

    event: str
    property: str
    readers: tuple[str, ...]
    hint: str


def unplanned(project: Project, plan: TrackingPlan) -> list[Unplanned]:
    """Return what definitions on disk read by name and the plan does not have. Raises: InvalidDefinition for a wrong definition."""
    lineage = lineage_of(project, {})
    found: list[Unplanned] = []
    for node in lineage.nodes():
        if node.kind == "event":
            found += _event(node, lineage, plan)
        elif node.kind == "property":
            (event,) = (one.name for one in lineage.above(node) if one.kind == "event")
            found += _property(node, event, lineage, plan)
        elif node.kind == "trait":
            found += _trait(node, lineage, plan)
    return found


def _event(node: Node, lineage: Lineage, plan: TrackingPlan) -> list[Unplanned]:
    if node.name in plan.events or node.name.startswith(SYSTEM_PREFIX):
        return []
    return [_told(node.name, "", node, lineage, nearest(node.name, plan.events))]


def _property(node: Node, event: str, lineage: Lineage, plan: TrackingPlan) -> list[Unplanned]:
    name = node.name.removeprefix(f"{event}.")
    planned = plan.events.get(event)
    if planned is None or name in planned.named or name.startswith(CONTEXT):
        return []
    return [_told(event, name, node, lineage, nearest(name, planned.named))]


def _trait(node: Node, lineage: Lineage, plan: TrackingPlan) -> list[Unplanned]:
    if any(one.kind == "model" for one in lineage.above(node)):
        return []
    known = [name for event in PLANNED if event in plan.events for name in plan.events[event].named]
    if not known or node.name in known or node.name.startswith(_OURS):
        return []
    return [_told(PLANNED[0], node.name, node, lineage, nearest(node.name, known))]


def _told(event: str, name: str, node: Node, lineage: Lineage, hint: str) -> Unplanned:
    readers = tuple(str(one) for one in lineage.below(node) if one.kind in READERS)
    return Unplanned(event=event, property=name, readers=readers, hint=hint)
