"""What an order looks like: its worth, its pieces, how many different products."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.features.expressions import Expression, Measured, call
from coterie.features.feature import Feature, Setting, number
from coterie.segments import core
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Name


class Basket(Form, frozen=True, kw_only=True):
    """The usual order: `order_value` the mean amount of an order, `order_items` the mean number of pieces (`quantity`),
    `item_price` amount per piece, `products` how many different products, `repeat_share` the share of lines that repeat a product
    bought before. Missing for people without an order."""

    word: ClassVar[str] = "basket"
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("amount",), ("quantity",), ("product",)), least=1, most=3, hint="name what an order has"),
    )

    picker: Picker
    window: Window
    amount: Annotated[Name | None, Doc("Property with the amount.")] = None
    quantity: Annotated[Name | None, Doc("Property with the number of pieces.")] = None
    product: Annotated[Name | None, Doc("Property with the product.")] = None
    order: Annotated[
        Name | None, Doc("Property that names the order, where an order is several events; each event is one when not said.")
    ] = None  # fmt: skip

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        selector, window, zone = self.picker.selector(setting.zone), self.window.lower(setting.zone), setting.zone

        def measured(kind: core.Kind, field: str | None = None, *more: core.Field) -> Expression:
            chosen = self.picker.selector(zone, *more) if more else selector
            return Measured(core.Aggregate(kind, chosen, field or "", window, zone))

        orders = measured("distinct", self.order) if self.order else measured("count")
        found: list[Feature] = []
        if self.amount:
            found.append(
                number(
                    f"{prefix}order_value",
                    call("divide", measured("sum", self.amount), orders),
                    "mean amount of an order",
                )
            )
        if self.quantity:
            pieces = measured("sum", self.quantity)
            found.append(
                number(f"{prefix}order_items", call("divide", pieces, orders), "mean pieces of an order", "pieces")
            )
        if self.amount and self.quantity:
            price = call("divide", measured("sum", self.amount), measured("sum", self.quantity))
            found.append(number(f"{prefix}item_price", price, "mean amount of a piece"))
        if self.product:
            different = measured("distinct", self.product)
            lines = measured("count", None, core.Field(self.product, core.Exists()))
            repeated = call("subtract", 1.0, call("divide", different, lines))
            found.append(number(f"{prefix}products", different, "how many different products"))
            found.append(number(f"{prefix}repeat_share", repeated, "share of lines that repeat a product"))
        return tuple(found)

    def says(self) -> str:
        return f"the usual basket of {self.picker.says()}"
