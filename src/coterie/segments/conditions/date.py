"""A trait that holds a date or an instant, compared with the present."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from coterie.segments import core
from coterie.segments.conditions.form import Choice, Context, Example, Form, Spoken, traits
from coterie.segments.conditions.speech import counted, named
from coterie.segments.conditions.words import Doc, Duration, Name, TimeZone, whole
from coterie.segments.durations import says, says_last, us_of
from coterie.segments.instants import Unit

CalendarWord: TypeAlias = Literal[
    "today", "yesterday", "tomorrow",
    "this_week", "last_week", "next_week",
    "this_month", "last_month", "next_month",
    "this_year", "last_year", "next_year",
]  # fmt: skip
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_SHIFTS = {"this": 0, "last": -1, "next": 1}


class Anniversary(Form, frozen=True, kw_only=True):
    """The yearly return of a date, soon."""

    within_days: Annotated[int, whole(1, 365), Doc("At most so many days from today, today included.")]


class Date(Spoken, frozen=True, kw_only=True):
    """A date in a trait lies at a given distance from now, or in a given local day, week, month or year.

    Date words follow the calendar of the time zone; durations are exact. Weeks begin on Monday. 29 February returns on
    the 28th in common years.
    """

    word: ClassVar[str] = "date"
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice(
            (("within",), ("more_than_ago",), ("in_next",), ("is",), ("days_from_now",), ("anniversary",)),
            least=1,
            hint="say one of them; join two date conditions with all",
        ),
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"trait": "created_at", "within": "60s"},
            events=(traits("30s", created_at="2026-03-18T11:59:30Z"),),
            member=True,
            note="30 seconds ago",
        ),
        Example(
            data={"trait": "created_at", "within": "60s"},
            events=(traits("60s", created_at="2026-03-18T11:59:00Z"),),
            member=False,
            note="exactly 60 seconds ago: just outside",
        ),
        Example(
            data={"trait": "created_at", "more_than_ago": "30d"},
            events=(traits("9d", created_at="2026-01-01"),),
            member=True,
            note="longer ago than 30 days",
        ),
        Example(
            data={"trait": "renewal", "in_next": "7d"},
            events=(traits("9d", renewal="2026-03-25T12:00:00Z"),),
            member=True,
            note="exactly 7 days ahead: just inside",
        ),
        Example(
            data={"trait": "appointment", "is": "today", "time_zone": "America/New_York"},
            events=(traits("9d", appointment="2026-03-19T02:00:00Z"),),
            member=True,
            note="22:00 in New York, still the same local day",
        ),
        Example(
            data={"trait": "due", "is": "next_week"},
            events=(traits("9d", due="2026-03-23"),),
            member=True,
            note="now is a Wednesday, and Monday is next week",
        ),
        Example(
            data={"trait": "due", "days_from_now": -3},
            events=(traits("9d", due="2026-03-15"),),
            member=True,
            note="three local days ago",
        ),
        Example(
            data={"trait": "born", "anniversary": {"within_days": 7}},
            events=(traits("9d", born="1984-03-24"),),
            member=True,
            note="the birthday is in six days",
        ),
        Example(
            data={"trait": "born", "anniversary": "today"},
            events=(traits("9d", born="1984-03-19"),),
            member=False,
            note="tomorrow, not today",
        ),
    )

    trait: Annotated[Name, Doc("Name of the trait: ISO 8601 text.")]
    within: Annotated[Duration | None, Doc("In the past, less than this long ago.")] = None
    more_than_ago: Annotated[Duration | None, Doc("In the past, this long ago or longer.")] = None
    in_next: Annotated[Duration | None, Doc("In the future, at most this far ahead.")] = None
    is_: Annotated[CalendarWord | None, Doc("In this local day, week, month or year.")] = None
    days_from_now: Annotated[
        int | None, whole(-40_000, 40_000), Doc("Exactly so many local days ahead; negative: ago.")
    ] = None
    anniversary: Annotated[
        Literal["today"] | Anniversary | None, Doc("The month and day return today, or within so many days.")
    ] = None
    time_zone: Annotated[TimeZone | None, Doc("Whose calendar; the definition's when not said.")] = None

    def lower(self, context: Context) -> core.Node:
        zone = self.time_zone or context.time_zone
        trait = core.Trait(self.trait)
        elapsed = core.Elapsed(trait, zone)
        if self.within is not None:
            return core.All((core.Compare(elapsed, ">=", 0.0), core.Compare(elapsed, "<", float(us_of(self.within)))))
        if self.more_than_ago is not None:
            return core.Compare(elapsed, ">=", float(us_of(self.more_than_ago)))
        if self.in_next is not None:
            return core.All((core.Compare(elapsed, "<", 0.0), core.Compare(elapsed, ">=", -float(us_of(self.in_next)))))
        if self.is_ is not None:
            unit, shift = calendar_of(self.is_)
            return core.Compare(core.Until(trait, unit, zone), "=", float(shift))
        if self.days_from_now is not None:
            return core.Compare(core.Until(trait, "day", zone), "=", float(self.days_from_now))
        returns = core.Until(trait, "anniversary", zone)
        if isinstance(self.anniversary, Anniversary):
            return core.Compare(returns, "<=", float(self.anniversary.within_days))
        return core.Compare(returns, "=", 0.0)

    def says(self) -> str:
        return f"whose {named(self.trait)} {self._predicate()}"

    def _predicate(self) -> str:
        if self.within is not None:
            return f"lies in the last {says_last(self.within)}"
        if self.more_than_ago is not None:
            return f"lies {says(self.more_than_ago)} back or longer"
        if self.in_next is not None:
            return f"lies in the next {says_last(self.in_next)}"
        if self.is_ is not None:
            return f"is {self.is_}" if self.is_ in _DAYS else f"lies {self.is_.replace('_', ' ')}"
        if self.days_from_now is not None:
            days = self.days_from_now
            return f"is {counted(days, 'day')} from now" if days >= 0 else f"was {counted(-days, 'day')} ago"
        if isinstance(self.anniversary, Anniversary):
            return f"has its anniversary within {counted(self.anniversary.within_days, 'day')}"
        return "has its anniversary today"


def calendar_of(word: str) -> tuple[Unit, int]:
    """Return the unit of a calendar word and how many units from now it means."""
    if word in _DAYS:
        return "day", _DAYS[word]
    shift, unit = word.split("_")
    return unit, _SHIFTS[shift]  # type: ignore[return-value]
