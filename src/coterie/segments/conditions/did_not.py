"""What somebody did not do."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, TimeZone


class DidNot(Spoken, frozen=True, kw_only=True):
    """No event that matches lies in the window: the complement of `did`."""

    word: ClassVar[str] = "did_not"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"event": "purchase", "within": "30d"},
            events=(Past("purchase", "31d"),),
            member=True,
            note="the last one is too long ago to count",
        ),
        Example(
            data={"event": "purchase", "within": "30d"},
            events=(Past("page_view", "31d"), Past("purchase", "0s")),
            member=False,
            note="it happens at this very instant",
        ),
    )

    picker: Picker
    window: Window
    time_zone: Annotated[TimeZone | None, Doc("Whose calendar; the definition's when not said.")] = None

    def lower(self, context: Context) -> core.Node:
        zone = self.time_zone or context.time_zone
        window = self.window.lower(zone)
        return core.Compare(core.Aggregate("count", self.picker.selector(zone), "", window, zone), "=", 0.0)

    def says(self) -> str:
        return " ".join(part for part in ("who did not do", self.picker.says(), self.window.says()) if part)

    def denial(self) -> str:
        return " ".join(part for part in ("who did", self.picker.says(), self.window.says()) if part)
