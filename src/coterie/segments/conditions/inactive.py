"""Somebody who has done nothing for a time."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken, traits
from coterie.segments.conditions.picker import AnyPicker
from coterie.segments.conditions.words import Doc, Duration
from coterie.segments.durations import says, us_of


class Inactive(Spoken, frozen=True, kw_only=True):
    """No matching event in the last so long; no event at all when none is picked. Never having been active counts."""

    word: ClassVar[str] = "inactive"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(data={"for": "14d"}, events=(Past("page_view", "14d"),), member=True, note="14 days ago, exactly"),
        Example(data={"for": "14d"}, events=(Past("page_view", "13d"),), member=False, note="13 days ago"),
        Example(
            data={"for": "14d"},
            events=(Past("page_view", "20d"), traits("1d", plan="pro")),
            member=True,
            note="a trait that is set is no activity",
        ),
        Example(
            data={"for": "14d", "event": "purchase"},
            events=(Past("page_view", "1d"),),
            member=True,
            note="only purchases count, and there is none",
        ),
    )

    for_: Annotated[Duration, Doc("How long, at least.")]
    picker: AnyPicker

    def lower(self, context: Context) -> core.Node:
        window = core.Rolling(us_of(self.for_))
        return core.Compare(core.Aggregate("count", self.picker.selector(context.time_zone), "", window), "=", 0.0)

    def says(self) -> str:
        if self.picker == AnyPicker():
            return f"who have done nothing for {says(self.for_)}"
        return f"who have not done {self.picker.says()} for {says(self.for_)}"
