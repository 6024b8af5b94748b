"""One event of the plan as it is written in ``tracking/<name>.yaml``."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from coterie.model import IDENTIFY, SET, SYSTEM_PREFIX
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Name, whole
from coterie.taxonomy.handling import SourceHandling
from coterie.taxonomy.property import Property
from coterie.taxonomy.validation import DRAFT
from coterie.taxonomy.words import Action, Schema

PLANNED = (IDENTIFY, SET)
"""Events of ours that a plan may describe: their properties are the traits of people."""


def _refuse_system(event: str) -> Flaw | None:
    if event.startswith(SYSTEM_PREFIX) and event not in PLANNED:
        allowed = f"a name that does not begin with $, or {' or '.join(PLANNED)} for traits"
        return Flaw("Coterie writes this event itself", "event", received=event, allowed=allowed)
    return None


class EventPlan(Form, frozen=True, kw_only=True):
    """One event: what it is, who answers for it, and the properties it has."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("event",), _refuse_system),)

    event: Annotated[Name, Doc("Its name exactly as it is sent; `$identify` describes the traits of people.")]
    description: Annotated[str, Doc("When it is sent, and what it means.")] = ""
    owner: Annotated[str, Doc("Who answers for it.")] = ""
    version: Annotated[int, whole(1), Doc("Raised with every change that breaks senders; 1 when not said.")] = 1
    deprecated: Annotated[bool, Doc("Whether senders should stop sending it; it stays allowed.")] = False
    properties: Annotated[dict[Name, Property] | None, Doc("Its properties by their flat names (`address.city`).")] = (
        None
    )
    schema: Annotated[
        Schema | None,
        Doc("JSON Schema of all properties together, for rules between them (`if`, `dependentRequired`)."),
    ] = None
    on_violation: Annotated[Action | None, Doc("Otherwise than the plan: a property that is wrong or missing.")] = None
    on_unknown_property: Annotated[
        Action | None, Doc("Otherwise than the plan: a property that is not named here.")
    ] = None
    sources: Annotated[dict[Name, SourceHandling] | None, Doc("Otherwise for a source, for this event.")] = None

    @property
    def named(self) -> dict[str, Property]:
        """Return its properties by name."""
        return self.properties or {}

    @property
    def required(self) -> tuple[str, ...]:
        """Return the names of the properties that every such event has."""
        return tuple(name for name, one in self.named.items() if one.required)

    def json_schema(self) -> dict[str, Any]:
        """Return the whole event's properties as one JSON Schema document, for other tools."""
        found: dict[str, Any] = {"$schema": DRAFT, "title": self.event, "type": "object"}
        if self.description:
            found["description"] = self.description
        found["properties"] = {
            name: one.json_schema() | ({"description": one.description} if one.description else {})
            for name, one in self.named.items()
        }
        if self.required:
            found["required"] = list(self.required)
        return found if self.schema is None else {**found, "allOf": [self.schema]}
