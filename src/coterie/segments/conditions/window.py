"""When the events happened. Nothing said: ever."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from coterie.segments import core
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.words import Doc, Duration, Instant, whole
from coterie.segments.durations import says, says_last, us_of
from coterie.segments.instants import instant_of


class During(Form, frozen=True, kw_only=True):
    """Whole local calendar units."""

    calendar: Annotated[Literal["day", "week", "month", "year"], Doc("The unit; weeks begin on Monday.")]
    last: Annotated[int | None, whole(1, 1000), Doc("How many units, the last of them included; 1 when not said.")] = (
        None
    )
    offset: Annotated[
        int | None, whole(0, 1000), Doc("How many units before the present one the last one lies; 0 when not said.")
    ] = None

    def says(self) -> str:
        last, offset = self.last or 1, self.offset or 0
        if last == 1 and offset <= 1:
            if self.calendar == "day":
                return ("today", "yesterday")[offset]
            return f"{('this', 'last')[offset]} {self.calendar}"
        units = f"the last {last} calendar {self.calendar}s" if last > 1 else f"the calendar {self.calendar}"
        if offset == 0:
            return f"in {units}, the present one included"
        ending = f"{offset} {self.calendar}{'' if offset == 1 else 's'} ago"
        return f"in {units} up to {ending}" if last > 1 else f"in {units} {ending}"


def _older_first(between_ago: tuple[str, str] | None) -> Flaw | None:
    if between_ago is not None and us_of(between_ago[0]) <= us_of(between_ago[1]):
        return Flaw(
            "the inner window is not shorter than the outer one",
            "between_ago",
            list(between_ago),
            "[older, newer]",
            f"write [{between_ago[1]}, {between_ago[0]}]",
        )
    return None  # fmt: skip


def _in_order(after: str | None, before: str | None) -> Flaw | None:
    if after is None or before is None:
        return None
    start, end = instant_of(after), instant_of(before)
    if start is not None and end is not None and start >= end:
        return Flaw("the window ends before it begins", "before", before, f"an instant later than {after}")
    return None


class Window(Form, frozen=True, kw_only=True):
    """A span of time."""

    spread: ClassVar[bool] = True
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("within",), ("between_ago",), ("during",), ("after", "before")), hint="keep one kind of window"),
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(("between_ago",), _older_first),
        Check(("after", "before"), _in_order),
    )

    within: Annotated[Duration | None, Doc("The last so long: now − T < t ≤ now.")] = None
    between_ago: Annotated[
        tuple[Duration, Duration] | None, Doc("From the older to the newer age: now − older < t ≤ now − newer.")
    ] = None
    during: Annotated[During | None, Doc("Whole local calendar units.")] = None
    after: Annotated[Instant | None, Doc("At this instant or later.")] = None
    before: Annotated[Instant | None, Doc("Before this instant.")] = None

    def lower(self, time_zone: str) -> core.Window:
        if self.within is not None:
            return core.Rolling(us_of(self.within))
        if self.between_ago is not None:
            return core.Rolling(us_of(self.between_ago[0]), us_of(self.between_ago[1]))
        if self.during is not None:
            return core.Calendar(self.during.calendar, time_zone, self.during.last or 1, self.during.offset or 0)
        if self.after is not None or self.before is not None:
            start = None if self.after is None else instant_of(self.after, time_zone)
            end = None if self.before is None else instant_of(self.before, time_zone)
            return core.Absolute(start, end)
        return core.EVER

    def says(self) -> str:
        """Return the window as words that end a clause; nothing for ever."""
        if self.within is not None:
            return f"in the last {says_last(self.within)}"
        if self.between_ago is not None:
            return f"between {says(self.between_ago[0])} and {says(self.between_ago[1])} ago"
        if self.during is not None:
            return self.during.says()
        if self.after is not None and self.before is not None:
            return f"from {self.after} until before {self.before}"
        if self.after is not None:
            return f"since {self.after}"
        return f"before {self.before}" if self.before is not None else ""
