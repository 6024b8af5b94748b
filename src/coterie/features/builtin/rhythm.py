"""The rhythm in which somebody buys, and whether they are late by it."""

from __future__ import annotations

from typing import ClassVar

from coterie.features.expressions import Measured, call
from coterie.features.feature import Feature, Setting, counted, number
from coterie.features.own import lasted
from coterie.segments import core
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.picker import Picker


class Rhythm(Form, frozen=True, kw_only=True):
    """The rhythm of an event: `gap` is the mean number of days between two days with it (missing below two such days),
    `overdue` how many such gaps have passed since the latest (above 1: later than usual), `rate` events per 30 days since the
    first one, counted over at least 30 days."""

    word: ClassVar[str] = "rhythm"

    picker: Picker

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        selector, zone = self.picker.selector(setting.zone), setting.zone

        def since(kind: core.Kind) -> core.Elapsed:
            return core.Elapsed(core.Aggregate(kind, selector, "", core.EVER, zone), zone)

        first, latest = lasted(since("first_at")), lasted(since("latest_at"))
        days = Measured(core.Aggregate("days", selector, "", core.EVER, zone))
        gap = call("divide", call("subtract", first, latest), call("subtract", days, 1.0))
        events = Measured(counted(selector, core.EVER, zone))
        rate = call("divide", call("multiply", events, 30.0), call("maximum", first, 30.0))
        return (
            number(f"{prefix}gap", gap, "mean days between two", "days"),
            number(f"{prefix}overdue", call("divide", latest, gap), "gaps since the latest"),
            number(f"{prefix}rate", rate, "per 30 days", "per 30 days"),
        )

    def says(self) -> str:
        return f"rhythm of {self.picker.says()}"
