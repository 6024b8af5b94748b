"""What the latest event was like, and when it was."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Choice, Context, Example, Past, Spoken
from coterie.segments.conditions.meanings import node_of, says_value, tests_of
from coterie.segments.conditions.operators import ValueOperators
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.speech import listed, named
from coterie.segments.conditions.words import Doc, Duration, Name, Plain, TimeZone
from coterie.segments.durations import says, says_last, us_of


class LastTime(Spoken, frozen=True, kw_only=True):
    """The latest matching event ever has these properties, or is so recent, or so long ago. It needs such an event."""

    word: ClassVar[str] = "last_time"
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("within",), ("more_than_ago",)), hint="join two last_time conditions with all"),
        Choice(
            (("has",), ("within",), ("more_than_ago",)), least=1, most=3, hint="to ask only that it happened write did"
        ),
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"event": "delivery", "has": {"status": "late"}},
            events=(Past("delivery", "9d", {"status": "late"}), Past("delivery", "2d", {"status": "on time"})),
            member=False,
            note="the latest one was on time",
        ),
        Example(
            data={"event": "delivery", "has": {"status": {"not_equals": "late"}}, "within": "30d"},
            events=(Past("delivery", "2d"),),
            member=True,
            note="no status at all is not late",
        ),
        Example(
            data={"event": "delivery", "has": {"status": {"not_equals": "late"}}},
            events=(Past("page_view", "2d"),),
            member=False,
            note="there was no delivery",
        ),
        Example(
            data={"event": "purchase", "more_than_ago": "30d"},
            events=(Past("purchase", "40d"), Past("purchase", "30d")),
            member=True,
            note="the latest one is exactly 30 days ago",
        ),
    )

    picker: Picker
    has: Annotated[
        dict[Name, Plain | ValueOperators] | None, Doc("Tests of the latest event's properties: a value, or operators.")
    ] = None
    within: Annotated[Duration | None, Doc("It happened less than this long ago.")] = None
    more_than_ago: Annotated[Duration | None, Doc("It happened this long ago or longer.")] = None
    time_zone: Annotated[TimeZone | None, Doc("Where dates begin; the definition's when not said.")] = None

    def lower(self, context: Context) -> core.Node:
        zone = self.time_zone or context.time_zone
        selector = self.picker.selector(zone)
        elapsed = core.Elapsed(core.Aggregate("latest_at", selector))
        nodes: list[core.Node] = [core.Compare(core.Aggregate("count", selector), ">=", 1.0)]
        for key, operators in (self.has or {}).items():
            latest = core.Aggregate("latest", selector, key)
            if isinstance(operators, ValueOperators):
                nodes.append(node_of(latest, operators, zone))
            else:
                nodes.append(core.Holds(latest, tests_of(operators, zone)[0][0]))
        if self.within is not None:
            nodes.append(core.Compare(elapsed, "<", float(us_of(self.within))))
        if self.more_than_ago is not None:
            nodes.append(core.Compare(elapsed, ">=", float(us_of(self.more_than_ago))))
        return core.All(tuple(nodes))

    def says(self) -> str:
        parts = []
        if self.within is not None:
            parts.append(f"was in the last {says_last(self.within)}")
        if self.more_than_ago is not None:
            parts.append(f"was {says(self.more_than_ago)} ago or longer")
        if self.has:
            had = [f"a {named(key)} that {says_value(operators)}" for key, operators in self.has.items()]
            parts.append(f"has {listed(had, 'and')}")
        return f"whose latest {self.picker.says()} {listed(parts, 'and')}"
