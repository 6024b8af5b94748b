"""The tracking plan of a project: its events and what holds for all of them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.model import IDENTIFY, SET
from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.handling import Decided, Policy, for_source
from coterie.taxonomy.property import Property
from coterie.taxonomy.words import EventAction


class TrackingPlan(Struct, frozen=True):
    """Events by name. A plan without events expects nothing in particular, and its policy still holds."""

    events: dict[str, EventPlan]
    policy: Policy = Policy()

    @classmethod
    def of(cls, events: Iterable[EventPlan], policy: Policy | None = None) -> TrackingPlan:
        """Return the plan of these events, in the order of their names."""
        return cls({one.event: one for one in sorted(events, key=lambda one: one.event)}, policy or Policy())

    def property_of(self, event: str, name: str) -> Property | None:
        """Return what the plan says about a property of an event, ``None`` when nothing."""
        told = self.events.get(event)
        return None if told is None else told.named.get(name)

    def trait(self, name: str) -> Property | None:
        """Return what the plan says about a trait, ``None`` when nothing."""
        return self.property_of(IDENTIFY, name) or self.property_of(SET, name)

    def owner(self, event: str) -> str:
        """Return who answers for an event, empty when nobody is named."""
        told = self.events.get(event)
        return (told.owner if told is not None else "") or self.policy.owner

    def decided(self, event: str, source: tuple[str, ...]) -> Decided:
        """Return what becomes of violations of a planned event from a source: its own word about the source counts most."""
        own, policy = self.events[event], self.policy
        nearest, near = for_source(own.sources, source), for_source(policy.sources, source)
        return Decided(
            nearest.on_violation or near.on_violation or own.on_violation or policy.on_violation,
            nearest.on_unknown_property
            or near.on_unknown_property
            or own.on_unknown_property
            or policy.on_unknown_property,
        )

    def unknown_event(self, source: tuple[str, ...]) -> EventAction:
        """Return what becomes of an event from a source that the plan does not name."""
        return for_source(self.policy.sources, source).on_unknown_event or self.policy.on_unknown_event
