"""How long somebody is here, and on how many days they were."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.features.expressions import Measured, call
from coterie.features.feature import Feature, Setting, number
from coterie.features.own import lasted
from coterie.segments import core
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.picker import AnyPicker
from coterie.segments.conditions.words import Doc, Name


class Tenure(Form, frozen=True, kw_only=True):
    """How long somebody is known: `tenure` in days since the first event (or since the date in a trait), `active_days` the number
    of local days with an event, `activity` the share of the days of the tenure that were active."""

    word: ClassVar[str] = "tenure"

    picker: AnyPicker
    since_trait: Annotated[Name | None, Doc("A trait with the date on which it began, such as created_at.")] = None

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        zone = setting.zone
        selector = self.picker.selector(zone)
        began: core.Trait | core.Aggregate = core.Aggregate("first_at", selector, "", core.EVER, zone)
        if self.since_trait is not None:
            began = core.Trait(self.since_trait)
        tenure = lasted(core.Elapsed(began, zone))
        days = Measured(core.Aggregate("days", selector, "", core.EVER, zone))
        known = call("maximum", call("add", tenure, 1.0), 1.0)
        return (
            number(f"{prefix}tenure", tenure, "days since the beginning", "days"),
            number(f"{prefix}active_days", days, "days with an event", "days"),
            number(
                f"{prefix}activity", call("minimum", call("divide", days, known), 1.0), "share of days with an event"
            ),
        )

    def says(self) -> str:
        return f"tenure by {self.since_trait or self.picker.says()}"
