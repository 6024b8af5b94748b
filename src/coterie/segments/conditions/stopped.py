"""Somebody was active and fell silent."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Check, Context, Example, Flaw, Past, Spoken
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.words import Doc, Duration
from coterie.segments.durations import says, says_last, us_of


def _silence_inside(active_within: str, silent_for: str) -> Flaw | None:
    if us_of(silent_for) >= us_of(active_within):
        return Flaw(
            "the silence is not shorter than the active window",
            "silent_for",
            silent_for,
            f"a duration below {active_within}",
        )
    return None  # fmt: skip


class Stopped(Spoken, frozen=True, kw_only=True):
    """Some matching event in the outer window, none in the inner one."""

    word: ClassVar[str] = "stopped"
    checks: ClassVar[tuple[Check, ...]] = (Check(("active_within", "silent_for"), _silence_inside),)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"event": "login", "active_within": "14d", "silent_for": "7d"},
            events=(Past("login", "10d"),),
            member=True,
            note="active the week before last, silent since",
        ),
        Example(
            data={"event": "login", "active_within": "14d", "silent_for": "7d"},
            events=(Past("login", "10d"), Past("login", "3d")),
            member=False,
            note="not silent",
        ),
        Example(
            data={"event": "login", "active_within": "14d", "silent_for": "7d"},
            events=(Past("login", "7d"),),
            member=True,
            note="exactly 7 days ago: the silence begins now",
        ),
    )

    picker: Picker
    active_within: Annotated[Duration, Doc("The outer window: some event in it.")]
    silent_for: Annotated[Duration, Doc("The inner window: no event in it.")]

    def lower(self, context: Context) -> core.Node:
        selector = self.picker.selector(context.time_zone)
        silent = us_of(self.silent_for)
        active = core.Aggregate("count", selector, "", core.Rolling(us_of(self.active_within), silent))
        since = core.Aggregate("count", selector, "", core.Rolling(silent))
        return core.All((core.Compare(active, ">=", 1.0), core.Compare(since, "=", 0.0)))

    def says(self) -> str:
        return (
            f"who did {self.picker.says()} between {says(self.active_within)} and {says(self.silent_for)} ago"
            f" but not in the last {says_last(self.silent_for)}"
        )
