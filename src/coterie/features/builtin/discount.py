"""How much somebody buys at a discount."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.features.expressions import Measured, call
from coterie.features.feature import Feature, Setting, counted, number
from coterie.segments import core
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Name


class Discount(Form, frozen=True, kw_only=True):
    """Buying at a discount: `discount_share` is the share of events whose discount is above 0 (or true), `discount_rate` (with `amount`, what was
    paid) the discount as a share of the price before it. Missing for people without such an event."""

    word: ClassVar[str] = "discount"

    picker: Picker
    window: Window
    property: Annotated[Name, Doc("Property with the discount: money, or true and false.")]
    amount: Annotated[Name | None, Doc("Numeric property with what was paid.")] = None

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        zone, window = setting.zone, self.window.lower(setting.zone)
        selector = self.picker.selector(zone)

        def reduced(test: core.Test) -> Measured:
            return Measured(counted(self.picker.selector(zone, core.Field(self.property, test)), window, zone))

        discounted = call("add", reduced(core.Order(">", 0.0)), reduced(core.Equals(True)))
        share = call("divide", discounted, Measured(counted(selector, window, zone)))
        found = [number(f"{prefix}discount_share", share, "share of events with a discount")]
        if self.amount:
            off = Measured(core.Aggregate("sum", selector, self.property, window, zone))
            paid = Measured(core.Aggregate("sum", selector, self.amount, window, zone))
            found.append(
                number(
                    f"{prefix}discount_rate", call("divide", off, call("add", off, paid)), "discount of the full price"
                )
            )
        return tuple(found)

    def says(self) -> str:
        return f"discounts of {self.picker.says()}"
