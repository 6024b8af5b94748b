"""None of several conditions."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Condition, Context, Example, Past, Spoken, traits
from coterie.segments.conditions.phrases import denied, joined
from coterie.segments.conditions.words import Doc


class NoneOf(Spoken, frozen=True, kw_only=True):
    """No condition of the list holds."""

    word: ClassVar[str] = "none"
    bare: ClassVar[str] = "items"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data=[{"did": {"event": "purchase"}}, {"trait": {"name": "plan", "equals": "pro"}}],
            events=(Past("page_view", "1h"),),
            member=True,
            note="no purchase, and a missing plan is not pro",
        ),
        Example(
            data=[{"did": {"event": "purchase"}}, {"trait": {"name": "plan", "equals": "pro"}}],
            events=(traits("9d", plan="pro"),),
            member=False,
            note="one of them holds",
        ),
    )

    items: Annotated[tuple[Condition, ...], Doc("The conditions.")]

    def lower(self, context: Context) -> core.Node:
        return core.Not(core.Any(tuple(item.lower(context) for item in self.items)))

    def says(self) -> str:
        if len(self.items) == 1:
            return denied(self.items[0])
        return f"who are not among those ({joined(self.items, 'or')})"
