"""A number or value computed from events, compared."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Check, Context, Example, Past, Spoken, Switch, traits
from coterie.segments.conditions.meanings import node_of, says_value
from coterie.segments.conditions.measured import (
    GAP_DOC,
    NUMBER_KINDS,
    PROPERTY_DOC,
    VALUE_KINDS,
    NumberKind,
    ValueKind,
    aggregate_of,
    gap_flaw,
    property_flaw,
    says_aggregate,
)
from coterie.segments.conditions.numbers import NumberOperators
from coterie.segments.conditions.operators import ValueOperators
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Duration, Name, TimeZone


def _order(ago: str, total: float | None, **more: str) -> Past:
    return Past("order", ago, {**({} if total is None else {"total": total}), **more})


class Aggregate(Spoken, frozen=True, kw_only=True):
    """A number computed from matching events is in bounds, or a value picked from them passes operators.

    Sums and means are exact to a millionth whatever the order of events. A mean, smallest or largest of no numbers is missing;
    a sum or count of no events is 0. `before` and `after` are the window.
    """

    word: ClassVar[str] = "aggregate"
    checks: ClassVar[tuple[Check, ...]] = (Check(("kind", "property"), property_flaw), Check(("kind", "gap"), gap_flaw))
    switch: ClassVar[Switch | None] = Switch("kind", {"numbers": NUMBER_KINDS, "values": VALUE_KINDS})
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"kind": "sum", "property": "total", "event": "order", "within": "90d", "at_least": 500},
            events=(_order("80d", 250.25), _order("3d", 249.75)),
            member=True,
            note="250.25 + 249.75 is exactly 500",
        ),
        Example(
            data={"kind": "mean", "property": "total", "event": "order", "greater_than": {"trait": "usual_total"}},
            events=(traits("9d", usual_total=40), _order("5d", 30), _order("3d", 60), _order("2d", None)),
            member=True,
            note="the mean of the numbers, 45, is above the trait; the order without a total does not count",
        ),
        Example(
            data={"kind": "smallest", "property": "total", "event": "order", "less_than": 10},
            events=(Past("page_view", "3d"),),
            member=False,
            note="no order, so nothing is smallest",
        ),
        Example(
            data={"kind": "largest", "property": "total", "event": "order", "between": [50, 100]},
            events=(_order("5d", 30), _order("3d", 100)),
            member=True,
            note="both ends are inside",
        ),
        Example(
            data={"kind": "distinct", "property": "store", "event": "order", "equals": 2},
            events=(_order("5d", 1, store="north"), _order("4d", 1, store="north"), _order("3d", 1, store="south")),
            member=True,
            note="two different stores",
        ),
        Example(
            data={"kind": "days", "event": "login", "within": "7d", "at_least": 2, "time_zone": "Europe/Oslo"},
            events=(Past("login", "12h"), Past("login", "14h")),
            member=True,
            note="01:00 and 23:00 in Oslo are two local days",
        ),
        Example(
            data={"kind": "sessions", "event": "any", "within": "7d", "at_least": 2},
            events=(Past("page_view", "5h"), Past("page_view", "4h"), Past("login", "230m"), Past("page_view", "200m")),
            member=True,
            note="the pause of an hour ends the first session; 10 and 30 minutes do not end the second",
        ),
        Example(
            data={"kind": "active_seconds", "event": "page_view", "gap": "15m", "at_least": 1200},
            events=(
                Past("page_view", "60m"),
                Past("page_view", "50m"),
                Past("page_view", "35m"),
                Past("page_view", "10m"),
            ),
            member=True,
            note="10 and 15 minutes are one session of 1,500 seconds; what follows 25 minutes later is another, of 0",
        ),
        Example(
            data={"kind": "most_frequent", "property": "store", "event": "order", "equals": "south"},
            events=(_order("5d", 1, store="north"), _order("4d", 1, store="south")),
            member=True,
            note="one each: the one with the later event wins",
        ),
        Example(
            data={"kind": "first", "property": "channel", "event": "any", "in": ["ad", "email"]},
            events=(
                Past("page_view", "9d"),
                Past("page_view", "8d", {"channel": "ad"}),
                Past("order", "1d", {"channel": "web"}),
            ),
            member=True,
            note="the first event that has the property",
        ),
        Example(
            data={"kind": "latest", "property": "store", "event": "order", "not_equals": "north"},
            events=(_order("5d", 1, store="south"), _order("4d", 1, store="north")),
            member=False,
            note="the latest order was in the north",
        ),
    )

    kind: Annotated[
        NumberKind | ValueKind,
        Doc(
            "`count` of events · `sum`, `mean`, `smallest`, `largest` of the property's numbers · `distinct` values of the property · "
            "`days` with an event · `sessions`, runs of events · `active_seconds` from the first to the last event of each session, added "
            "up · `most_frequent`, `first` or `latest` value of the property."
        ),
    ]
    property: Annotated[Name | None, PROPERTY_DOC] = None
    picker: Picker
    window: Window
    gap: Annotated[Duration | None, GAP_DOC] = None
    numbers: NumberOperators | None = None
    values: ValueOperators | None = None
    time_zone: Annotated[TimeZone | None, Doc("Whose calendar; the definition's when not said.")] = None

    def lower(self, context: Context) -> core.Node:
        zone = self.time_zone or context.time_zone
        term = aggregate_of(self.kind, self.property, self.picker, self.window, zone, self.gap)
        if self.numbers is not None:
            return self.numbers.node(term)
        assert self.values is not None  # the switch on kind fills one of the two
        return node_of(term, self.values, zone)

    def says(self) -> str:
        noun = says_aggregate(self.kind, self.property, self.picker, self.window, self.gap)
        if self.numbers is not None:
            return f"whose {noun} {self.numbers.says()}"
        return f"whose {noun} {says_value(self.values) if self.values is not None else ''}"
