"""Whether somebody is speeding up or slowing down."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.features.expressions import Measured, call
from coterie.features.feature import Feature, Setting, counted, number
from coterie.segments import core
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.picker import AnyPicker
from coterie.segments.conditions.words import Doc, Duration
from coterie.segments.durations import says, us_of


def _shorter(recent: str, base: str) -> Flaw | None:
    if us_of(recent) >= us_of(base):
        return Flaw("not shorter than base", "recent", recent, f"a duration below {base}")
    return None


class Velocity(Form, frozen=True, kw_only=True):
    """Engagement velocity: `velocity` is the daily rate of events in `recent` against that in `base` (1: as usual, above 1: faster,
    0: nothing lately), missing without an event in `base`; `recent_events` the number of events in `recent`."""

    word: ClassVar[str] = "velocity"
    checks: ClassVar[tuple[Check, ...]] = (Check(("recent", "base"), _shorter),)

    picker: AnyPicker
    recent: Annotated[Duration, Doc("The recent past.")] = "7d"
    base: Annotated[Duration, Doc("What it is compared with; it contains the recent past.")] = "28d"

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        selector, zone = self.picker.selector(setting.zone), setting.zone
        recent, base = (
            Measured(counted(selector, core.Rolling(us_of(length)), zone)) for length in (self.recent, self.base)
        )
        faster = call("multiply", call("divide", recent, base), us_of(self.base) / us_of(self.recent))
        return (
            number(f"{prefix}velocity", faster, f"rate in {says(self.recent)} against {says(self.base)}"),
            number(f"{prefix}recent_events", recent, f"events in {says(self.recent)}"),
        )

    def says(self) -> str:
        return f"engagement velocity by {self.picker.says()}"
