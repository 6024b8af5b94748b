"""When somebody did something for the first time."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.words import Doc, Duration
from coterie.segments.durations import says_last, us_of


class FirstTime(Spoken, frozen=True, kw_only=True):
    """The first matching event ever lies within the last so long."""

    word: ClassVar[str] = "first_time"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"event": "purchase", "within": "7d"},
            events=(Past("purchase", "4d"), Past("purchase", "1d")),
            member=True,
            note="the first was four days ago",
        ),
        Example(
            data={"event": "purchase", "within": "7d"},
            events=(Past("purchase", "20d"), Past("purchase", "4d")),
            member=False,
            note="the first was long before",
        ),
    )

    picker: Picker
    within: Annotated[Duration, Doc("How recently the first event happened: now − T < t ≤ now.")]

    def lower(self, context: Context) -> core.Node:
        first = core.Aggregate("first_at", self.picker.selector(context.time_zone))
        return core.Compare(core.Elapsed(first), "<", float(us_of(self.within)))

    def says(self) -> str:
        return f"who did {self.picker.says()} for the first time in the last {says_last(self.within)}"
