"""Somebody does something again and again."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.limits import DEFAULT
from coterie.segments import core
from coterie.segments.conditions.form import Check, Context, Example, Flaw, Past, Spoken
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.speech import times
from coterie.segments.conditions.words import Doc, Duration, whole
from coterie.segments.durations import LONGEST_US, says, us_of


def _periods(in_: int, of_last: int) -> Flaw | None:
    if in_ > of_last:
        return Flaw("more periods than are looked at", "in", in_, f"a whole number from 1 to {of_last}")
    return None


def _reach(every: str, of_last: int) -> Flaw | None:
    if us_of(every) * of_last > LONGEST_US:
        return Flaw("the periods reach back more than a hundred years", "every", every)
    return None


class Regularly(Spoken, frozen=True, kw_only=True):
    """At least so often in each of at least `in` of the last `of_last` periods, counted back from now."""

    word: ClassVar[str] = "regularly"
    checks: ClassVar[tuple[Check, ...]] = (Check(("in_", "of_last"), _periods), Check(("every", "of_last"), _reach))
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"event": "login", "every": "7d", "in": 3, "of_last": 4},
            events=(Past("login", "27d"), Past("login", "9d"), Past("login", "2d")),
            member=True,
            note="in the first, second and fourth week back",
        ),
        Example(
            data={"event": "login", "every": "7d", "in": 3, "of_last": 4},
            events=(Past("login", "9d"), Past("login", "8d"), Past("login", "2d")),
            member=False,
            note="three times, but in two weeks only",
        ),
        Example(
            data={"event": "login", "at_least": 2, "every": "1d", "in": 1, "of_last": 2},
            events=(Past("login", "30h"), Past("login", "25h")),
            member=True,
            note="twice in the period before the last",
        ),
    )

    picker: Picker
    at_least: Annotated[int | None, whole(1, 1_000_000), Doc("How often in a period; 1 when not said.")] = None
    every: Annotated[Duration, Doc("Length of a period.")]
    in_: Annotated[int, whole(1, DEFAULT.periods_max), Doc("In how many periods.")]
    of_last: Annotated[int, whole(1, DEFAULT.periods_max), Doc("How many periods are looked at, back from now.")]

    def lower(self, context: Context) -> core.Node:
        selector = self.picker.selector(context.time_zone)
        period = us_of(self.every)
        windows = [core.Rolling((back + 1) * period, back * period) for back in range(self.of_last)]
        bound = float(self.at_least or 1)
        periods = [core.Compare(core.Aggregate("count", selector, "", window), ">=", bound) for window in windows]
        return core.AtLeast(self.in_, tuple(periods))

    def says(self) -> str:
        return (
            f"who did {self.picker.says()} at least {times(self.at_least or 1)}"
            f" in {self.in_} of the last {self.of_last} periods of {says(self.every)}"
        )
