"""The complement of a condition."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Condition, Context, Example, Past, Spoken, traits
from coterie.segments.conditions.phrases import denied
from coterie.segments.conditions.words import Doc


class Negation(Spoken, frozen=True, kw_only=True):
    """The condition does not hold: the plain complement, so it holds where a value is missing."""

    word: ClassVar[str] = "not"
    bare: ClassVar[str] = "item"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"trait": {"name": "plan", "equals": "pro"}},
            events=(Past("page_view", "1h"),),
            member=True,
            note="no plan at all is not the plan pro",
        ),
        Example(
            data={"trait": {"name": "plan", "equals": "pro"}},
            events=(traits("9d", plan="pro"),),
            member=False,
            note="the plan is pro",
        ),
    )

    item: Annotated[Condition, Doc("The condition.")]

    def lower(self, context: Context) -> core.Node:
        return core.Not(self.item.lower(context))

    def says(self) -> str:
        return denied(self.item)

    def denial(self) -> str:
        return self.item.says()
