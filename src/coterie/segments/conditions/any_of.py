"""Any of several conditions."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Condition, Context, Example, Spoken, traits
from coterie.segments.conditions.phrases import joined
from coterie.segments.conditions.words import Doc


class AnyOf(Spoken, frozen=True, kw_only=True):
    """At least one condition of the list holds."""

    word: ClassVar[str] = "any"
    bare: ClassVar[str] = "items"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data=[{"trait": {"name": "status", "equals": "onboarding"}}, {"did": {"event": "login", "within": "7d"}}],
            events=(traits("9d", status="onboarding"),),
            member=True,
            note="the first holds",
        ),
        Example(
            data=[{"trait": {"name": "status", "equals": "onboarding"}}, {"did": {"event": "login", "within": "7d"}}],
            events=(traits("9d", status="active"),),
            member=False,
            note="none holds",
        ),
    )

    items: Annotated[tuple[Condition, ...], Doc("The conditions.")]

    def lower(self, context: Context) -> core.Node:
        return core.Any(tuple(item.lower(context) for item in self.items))

    def says(self) -> str:
        return joined(self.items, "or")
