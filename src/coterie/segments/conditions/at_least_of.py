"""At least so many of several conditions."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Check, Condition, Context, Example, Flaw, Past, Spoken, traits
from coterie.segments.conditions.words import Doc, whole


def _enough(count: int, of: tuple[Condition, ...]) -> Flaw | None:
    if count > len(of):
        return Flaw("more than there are conditions", "count", count, f"a whole number from 1 to {len(of)}")
    return None


_TWO_OF_THREE = {
    "count": 2,
    "of": [
        {"did": {"event": "search", "within": "7d"}},
        {"did": {"event": "add_to_cart", "within": "7d"}},
        {"trait": {"name": "newsletter", "equals": True}},
    ],
}


class AtLeastOf(Spoken, frozen=True, kw_only=True):
    """At least `count` of the conditions hold."""

    word: ClassVar[str] = "at_least_of"
    checks: ClassVar[tuple[Check, ...]] = (Check(("count", "of"), _enough),)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data=_TWO_OF_THREE,
            events=(Past("search", "2d"), traits("9d", newsletter=True)),
            member=True,
            note="the first and the third hold",
        ),
        Example(data=_TWO_OF_THREE, events=(Past("search", "2d"),), member=False, note="only one holds"),
    )

    count: Annotated[int, whole(1), Doc("How many must hold.")]
    of: Annotated[tuple[Condition, ...], Doc("The conditions.")]

    def lower(self, context: Context) -> core.Node:
        return core.AtLeast(self.count, tuple(item.lower(context) for item in self.of))

    def says(self) -> str:
        parts = "; ".join(f"({number}) those {item.says()}" for number, item in enumerate(self.of, 1))
        return f"who are in at least {self.count} of these groups: {parts}"
