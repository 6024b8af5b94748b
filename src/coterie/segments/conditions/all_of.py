"""All of several conditions."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Condition, Context, Example, Past, Spoken, traits
from coterie.segments.conditions.phrases import joined
from coterie.segments.conditions.words import Doc


class AllOf(Spoken, frozen=True, kw_only=True):
    """Every condition of the list holds."""

    word: ClassVar[str] = "all"
    bare: ClassVar[str] = "items"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data=[{"did": {"event": "add_to_cart", "within": "24h"}}, {"trait": {"name": "plan", "equals": "free"}}],
            events=(traits("9d", plan="free"), Past("add_to_cart", "2h")),
            member=True,
            note="both hold",
        ),
        Example(
            data=[{"did": {"event": "add_to_cart", "within": "24h"}}, {"trait": {"name": "plan", "equals": "free"}}],
            events=(traits("9d", plan="pro"), Past("add_to_cart", "2h")),
            member=False,
            note="one does not",
        ),
    )

    items: Annotated[tuple[Condition, ...], Doc("The conditions.")]

    def lower(self, context: Context) -> core.Node:
        return core.All(tuple(item.lower(context) for item in self.items))

    def says(self) -> str:
        return joined(self.items, "and")
