"""One thing after another."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Check, Context, Example, Flaw, Past, Spoken
from coterie.segments.conditions.speech import named
from coterie.segments.conditions.steps import Step, says_steps, steps_flaws, steps_of
from coterie.segments.conditions.words import Doc, Duration, Name
from coterie.segments.durations import says_last, us_of


def _several(steps: tuple[Step, ...]) -> Flaw | None:
    if len(steps) < 2:
        return Flaw("a sequence has at least two steps", "steps", len(steps), hint="for one event write did")
    return None


_TWICE = {"steps": [{"event": "visit"}, {"event": "visit", "within": "3d"}], "in_last": "7d"}
_CART = {"steps": [{"event": "add_to_cart"}, {"event": "checkout"}], "same": "cart_id"}


class Then(Spoken, frozen=True, kw_only=True):
    """Events in this order, each strictly after the one before.

    Gaps and the window are exact; other events may lie between. `same` ties the steps by the value of one property.
    """

    word: ClassVar[str] = "then"
    checks: ClassVar[tuple[Check, ...]] = (Check(("steps",), _several), Check(("steps", "in_last"), steps_flaws))
    examples: ClassVar[tuple[Example, ...]] = (
        Example(data=_TWICE, events=(Past("visit", "2d"), Past("visit", "0s")), member=True, note="two days apart"),
        Example(data=_TWICE, events=(Past("visit", "2d"),), member=False, note="a step never stands for two"),
        Example(data=_TWICE, events=(Past("visit", "6d"), Past("visit", "1d")), member=False, note="too far apart"),
        Example(
            data=_CART,
            events=(Past("add_to_cart", "3d", {"cart_id": "a"}), Past("checkout", "1d", {"cart_id": "b"})),
            member=False,
            note="two different carts",
        ),
    )

    steps: Annotated[tuple[Step, ...], Doc("The events in order, at least two.")]
    in_last: Annotated[Duration | None, Doc("All steps lie in the last so long.")] = None
    same: Annotated[Name | None, Doc("Property with the same value on every step.")] = None

    def lower(self, context: Context) -> core.Node:
        window = None if self.in_last is None else us_of(self.in_last)
        return core.Sequence(steps_of(self.steps, context.time_zone), window, self.same or "")

    def says(self) -> str:
        last = f" in the last {says_last(self.in_last)}" if self.in_last else ""
        same = f" with the same {named(self.same)}" if self.same else ""
        return f"who{last} did {says_steps(self.steps)}{same}"
