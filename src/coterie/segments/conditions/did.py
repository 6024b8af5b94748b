"""How often somebody did something."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.counts import Counts
from coterie.segments.conditions.form import Check, Context, Example, Flaw, Past, Spoken
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.speech import named
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Name, TimeZone

_SAME_3 = {"event": "product_viewed", "within": "24h", "at_least": 3, "same": "product_id"}


def _viewed(ago: str, product: str) -> Past:
    return Past("product_viewed", ago, {"product_id": product})


def _repeats(same: str | None, counts: Counts) -> Flaw | None:
    if same is not None and counts.is_once:
        return Flaw(
            "same needs a bound above 1",
            "at_least",
            counts.at_least,
            "a whole number of at least 2",
            f"to ask for events that have the property, write where: {{{same}: {{exists: true}}}}",
        )
    return None  # fmt: skip


class Did(Spoken, frozen=True, kw_only=True):
    """Events that match were counted in the window. Without a bound: at least one.

    With `same`, the count is that of the value which occurs most often: the same product three times.
    """

    word: ClassVar[str] = "did"
    checks: ClassVar[tuple[Check, ...]] = (Check(("same", "counts"), _repeats),)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"event": "add_to_cart", "within": "24h"},
            events=(Past("add_to_cart", "23h"),),
            member=True,
            note="once in the last 24 hours",
        ),
        Example(
            data={"event": "add_to_cart", "within": "24h"},
            events=(Past("add_to_cart", "24h"),),
            member=False,
            note="exactly 24 hours ago: just outside",
        ),
        Example(
            data={"like": "TEST_*", "at_least": 2},
            events=(Past("TEST_1", "9d"), Past("TEST_2", "3d")),
            member=True,
            note="names that match the pattern count together",
        ),
        Example(
            data={
                "event": ["search", "filter"],
                "exactly": 2,
                "during": {"calendar": "day"},
                "time_zone": "Asia/Kolkata",
            },
            events=(Past("search", "18h"), Past("filter", "17h"), Past("search", "1h")),
            member=True,
            note="one of them fell on the local day before",
        ),
        Example(
            data={"event": "order", "where": {"total": {"at_least": 50}, "channel": "app"}},
            events=(
                Past("order", "3d", {"total": 80, "channel": "web"}),
                Past("order", "2d", {"total": 9, "channel": "app"}),
            ),
            member=False,
            note="no single event passes both tests",
        ),
        Example(
            data={"event": "order", "where": {"$hour": {"at_least": 22}}, "time_zone": "Asia/Kolkata"},
            events=(Past("order", "18h"),),
            member=True,
            note="at 23:30 by the clock in Kolkata",
        ),
        Example(
            data={"event": "login", "between_ago": ["14d", "7d"], "at_most": 1},
            events=(Past("login", "10d"), Past("login", "2d")),
            member=True,
            note="one of them lies in the shifted window",
        ),
        Example(
            data={"event": "order", "after": "2026-01-01", "before": "2026-02-01"},
            events=(Past("order", "50d"),),
            member=True,
            note="in January",
        ),
        Example(
            data=_SAME_3,
            events=(_viewed("3h", "lamp"), _viewed("2h", "lamp"), _viewed("1h", "lamp")),
            member=True,
            note="the same product three times",
        ),
        Example(
            data=_SAME_3,
            events=(_viewed("3h", "lamp"), _viewed("2h", "desk"), _viewed("1h", "sofa")),
            member=False,
            note="three different products",
        ),
    )

    picker: Picker
    window: Window
    counts: Counts
    same: Annotated[Name | None, Doc("Property that must have the same value on all counted events.")] = None
    time_zone: Annotated[TimeZone | None, Doc("Whose calendar; the definition's when not said.")] = None

    def lower(self, context: Context) -> core.Node:
        zone = self.time_zone or context.time_zone
        kind: core.Kind = "count" if self.same is None else "repeats"
        selector = self.picker.selector(zone)
        return self.counts.node(core.Aggregate(kind, selector, self.same or "", self.window.lower(zone), zone))

    def says(self) -> str:
        same = f"with the same {named(self.same)}" if self.same is not None else ""
        if self.counts.exactly == 0 and self.same is None:
            return self._says("did not do", "")
        return self._says("did", same)

    def denial(self) -> str:
        return self._says("did not do", "") if self.counts.is_once and self.same is None else ""

    def _says(self, verb: str, same: str) -> str:
        often = "" if verb == "did not do" else self.counts.says()
        return " ".join(part for part in ("who", verb, self.picker.says(), same, often, self.window.says()) if part)
