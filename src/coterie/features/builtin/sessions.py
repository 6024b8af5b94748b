"""Visits: how many, how long, how deep, how lively."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.features.expressions import Expression, Measured, call
from coterie.features.feature import Feature, Setting, counted, number
from coterie.segments import core
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.picker import AnyPicker
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Duration, Name
from coterie.segments.durations import says, us_of

GAP = "30m"


class Sessions(Form, frozen=True, kw_only=True):
    """Sessions: runs of events with no longer gap than `gap` between two of them, or events with the same value of `id`.

    `sessions` how many, `session_minutes` their mean length (from the first to the last event; gaps above `gap` do not count),
    `session_events` the mean number of events, `session_pages` (with `pages`) of page views, `events_per_minute` how lively they are
    (missing where they have no length). All but `sessions` are missing for people without one.
    """

    word: ClassVar[str] = "sessions"
    choices: ClassVar[tuple[Choice, ...]] = (Choice((("gap",), ("id",))),)

    picker: AnyPicker
    window: Window
    gap: Annotated[Duration | None, Doc(f"The longest pause inside a session; {GAP} when not said.")] = None
    id_: Annotated[Name | None, Doc("Property that names the session, where the source knows it.")] = None
    pages: Annotated[Name | tuple[Name, ...] | None, Doc("Names of the events that are page views.")] = None

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        zone, window = setting.zone, self.window.lower(setting.zone)
        has = (core.Field(self.id_, core.Exists()),) if self.id_ else ()
        selector = self.picker.selector(zone, *has)
        gap = us_of(self.gap or GAP)
        sessions: Expression = Measured(core.Aggregate("sessions", selector, "", window, zone, gap_us=gap))
        if self.id_:
            sessions = Measured(core.Aggregate("distinct", selector, self.id_, window, zone))
        active = Measured(core.Aggregate("active_seconds", selector, "", window, zone, gap_us=gap))
        minutes = call("divide", active, 60.0)
        events = Measured(counted(selector, window, zone))
        found = [
            number(f"{prefix}sessions", sessions, "how many sessions"),
            number(
                f"{prefix}session_minutes", call("divide", minutes, sessions), "mean length of a session", "minutes"
            ),
            number(f"{prefix}session_events", call("divide", events, sessions), "mean events of a session"),
        ]
        if self.pages:
            names = (self.pages,) if isinstance(self.pages, str) else self.pages
            viewed = Measured(counted(core.Selector(names, "", selector.where), window, zone))
            found.append(
                number(f"{prefix}session_pages", call("divide", viewed, sessions), "mean page views of a session")
            )
        found.append(number(f"{prefix}events_per_minute", call("divide", events, minutes), "events per minute"))
        return tuple(found)

    def says(self) -> str:
        how = f"by {self.id_}" if self.id_ else f"with pauses of up to {says(self.gap or GAP)}"
        return f"sessions of {self.picker.says()} {how}"
