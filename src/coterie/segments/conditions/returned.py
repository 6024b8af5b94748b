"""Somebody came back after a silence."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.words import Doc, Duration
from coterie.segments.durations import says, says_last, us_of


class Returned(Spoken, frozen=True, kw_only=True):
    """Some matching event lately, none in the silence before, some before that."""

    word: ClassVar[str] = "returned"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"event": "login", "within": "7d", "after_silence": "30d"},
            events=(Past("login", "90d"), Past("login", "2d")),
            member=True,
            note="back after a long time",
        ),
        Example(
            data={"event": "login", "within": "7d", "after_silence": "30d"},
            events=(Past("login", "2d"),),
            member=False,
            note="there for the first time",
        ),
        Example(
            data={"event": "login", "within": "7d", "after_silence": "30d"},
            events=(Past("login", "90d"), Past("login", "20d"), Past("login", "2d")),
            member=False,
            note="never silent that long",
        ),
    )

    picker: Picker
    within: Annotated[Duration, Doc("Some event in the last so long.")]
    after_silence: Annotated[Duration, Doc("No event in the so long before that; some earlier.")]

    def lower(self, context: Context) -> core.Node:
        selector = self.picker.selector(context.time_zone)
        lately, silence = us_of(self.within), us_of(self.within) + us_of(self.after_silence)

        def count(window: core.Rolling) -> core.Aggregate:
            return core.Aggregate("count", selector, "", window)

        return core.All(
            (
                core.Compare(count(core.Rolling(lately)), ">=", 1.0),
                core.Compare(count(core.Rolling(silence, lately)), "=", 0.0),
                core.Compare(count(core.Rolling(None, silence)), ">=", 1.0),
            )
        )

    def says(self) -> str:
        return (
            f"who came back to {self.picker.says()} in the last {says_last(self.within)}"
            f" after {says(self.after_silence)} or more without it"
        )
