"""At which hours and on which days of the week somebody is active, by the local clock."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.features.expressions import Measured, call
from coterie.features.feature import Feature, Setting, counted, number
from coterie.segments import core
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.picker import AnyPicker
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, TimeZone
from coterie.segments.moments import HOUR, WEEKDAY, timed

PARTS = {"night": range(6), "morning": range(6, 12), "afternoon": range(12, 18), "evening": range(18, 24)}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Hours(Form, frozen=True, kw_only=True):
    """When somebody is active: the shares of the events at `night` (0 to 6 o'clock), in the `morning` (6 to 12), `afternoon` (12 to 18) and
    `evening` (18 to 24), at the `weekend`; with `weekdays` also of each day. `main_hour` and `main_weekday` (1 is Monday) are the most
    frequent ones. Hours are those of the local clock of `time_zone`. Missing for people without such an event."""

    word: ClassVar[str] = "hours"

    picker: AnyPicker
    window: Window
    weekdays: Annotated[bool, Doc("Whether a share of every day of the week is wanted.")] = False
    time_zone: Annotated[TimeZone | None, Doc("Whose clock; the set's when not said.")] = None

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        zone = self.time_zone or setting.zone
        window = self.window.lower(zone)
        every = Measured(counted(self.picker.selector(zone), window, zone))
        hour, weekday = timed(HOUR, zone), timed(WEEKDAY, zone)

        def share(name: str, title: str, key: str, values: tuple[int, ...]) -> Feature:
            chosen = self.picker.selector(zone, core.Field(key, core.OneOf(values)))
            return number(f"{prefix}{name}", call("divide", Measured(counted(chosen, window, zone)), every), title)

        def main(name: str, key: str) -> Feature:
            term = core.Aggregate("most_frequent", self.picker.selector(zone), key, window, zone)
            return Feature(
                name=f"{prefix}{name}",
                title=f"the most frequent {name.removeprefix('main_')}",
                kind="category",
                term=term,
            )

        parts = [share(part, f"share in the hours {h[0]} to {h[-1] + 1}", hour, tuple(h)) for part, h in PARTS.items()]
        days = [share(day, f"share on {day.title()}", weekday, (place,)) for place, day in enumerate(DAYS, 1)]
        weekend = share("weekend", "share on Saturday and Sunday", weekday, (6, 7))
        return (
            *parts,
            weekend,
            *(days if self.weekdays else ()),
            main("main_hour", hour),
            main("main_weekday", weekday),
        )

    def says(self) -> str:
        return f"hours of {self.picker.says()}"
