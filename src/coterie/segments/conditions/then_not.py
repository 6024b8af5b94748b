"""Something happened, and what should follow did not."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Check, Choice, Context, Example, Flaw, Past, Spoken
from coterie.segments.conditions.speech import named
from coterie.segments.conditions.steps import Picked, Step, says_steps, steps_flaws, steps_of
from coterie.segments.conditions.words import Doc, Duration, Name
from coterie.segments.durations import says, says_last, us_of


def _look_back(for_: str, in_last: str | None) -> Flaw | None:
    if in_last is not None and us_of(for_) >= us_of(in_last):
        return Flaw("not shorter than the window of the whole sequence", "for", for_, f"a duration below {in_last}")
    return None


_CART = {"first": {"event": "add_to_cart"}, "absent": {"event": "checkout"}, "for": "24h"}
_SAME = {**_CART, "same": "cart_id"}


def _with(name: str, ago: str, cart: str) -> Past:
    return Past(name, ago, {"cart_id": cart})


class ThenNot(Spoken, frozen=True, kw_only=True):
    """An event (or several in order) happened at least `for` ago, and the absent event has not happened since.

    It begins at the exact instant, with no event arriving, and ends when the absent event happens. Each event may begin it anew: it
    holds when some occurrence was not followed.
    """

    word: ClassVar[str] = "then_not"
    choices: ClassVar[tuple[Choice, ...]] = (Choice((("first",), ("steps",)), least=1),)
    checks: ClassVar[tuple[Check, ...]] = (
        Check(("steps", "in_last"), steps_flaws),
        Check(("for_", "in_last"), _look_back),
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(data=_CART, events=(Past("add_to_cart", "24h"),), member=True, note="24 hours, to the microsecond"),
        Example(data=_CART, events=(Past("add_to_cart", "23h"),), member=False, note="not yet"),
        Example(
            data=_CART,
            events=(Past("add_to_cart", "40h"), Past("checkout", "2h")),
            member=False,
            note="a late checkout ends it too",
        ),
        Example(
            data=_SAME,
            events=(_with("add_to_cart", "40h", "a"), _with("add_to_cart", "40h", "b"), _with("checkout", "39h", "a")),
            member=True,
            note="the checkout of another cart does not count",
        ),
        Example(
            data={
                "steps": [{"event": "search"}, {"event": "add_to_cart", "within": "1h"}],
                "absent": {"like": "checkout*"},
                "for": "1d",
                "in_last": "30d",
            },
            events=(Past("search", "50h"), Past("add_to_cart", "48h")),
            member=False,
            note="the two steps are too far apart",
        ),
    )

    first: Annotated[Picked | None, Doc("The event that begins it.")] = None
    steps: Annotated[tuple[Step, ...] | None, Doc("Or several events in order, as in `then`.")] = None
    absent: Annotated[Picked, Doc("The event that has not happened since the last of them.")]
    for_: Annotated[Duration, Doc("How long it has been missing, at least.")]
    in_last: Annotated[Duration | None, Doc("All steps lie in the last so long.")] = None
    same: Annotated[Name | None, Doc("Property with the same value on every step and on the absent event.")] = None

    def _steps(self) -> tuple[Step, ...]:
        return self.steps if self.steps is not None else (Step(picker=self.first.picker),) if self.first else ()

    def lower(self, context: Context) -> core.Node:
        absent = core.Absent(self.absent.picker.selector(context.time_zone), us_of(self.for_))
        window = None if self.in_last is None else us_of(self.in_last)
        return core.Sequence(steps_of(self._steps(), context.time_zone), window, self.same or "", absent)

    def says(self) -> str:
        last = f" in the last {says_last(self.in_last)}" if self.in_last else ""
        same = f" with the same {named(self.same)}" if self.same else ""
        return (
            f"who{last} did {says_steps(self._steps())}"
            f" and then no {self.absent.picker.says().removeprefix('any ').removeprefix('an ')}{same} for {says(self.for_)} or more"
        )
