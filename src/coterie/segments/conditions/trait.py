"""A trait of the person."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken, traits
from coterie.segments.conditions.meanings import node_of, says_opposite, says_value
from coterie.segments.conditions.operators import ValueOperators
from coterie.segments.conditions.speech import named
from coterie.segments.conditions.words import Doc, Name, TimeZone

_SPORTS = [{"sport": "football", "hours": 15}, {"sport": "tennis", "hours": 50}]


class Trait(Spoken, frozen=True, kw_only=True):
    """The present value of a trait passes every operator. A missing value passes none but the negative ones."""

    word: ClassVar[str] = "trait"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"name": "plan", "equals": "pro"},
            events=(traits("9d", plan="free"), traits("2d", plan="pro")),
            member=True,
            note="the last write counts",
        ),
        Example(
            data={"name": "plan", "not_equals": "pro"},
            events=(Past("page_view", "1h"),),
            member=True,
            note="a missing plan is not pro",
        ),
        Example(
            data={"name": "age", "less_than": 30},
            events=(Past("page_view", "1h"),),
            member=False,
            note="a missing age is not below 30",
        ),
        Example(
            data={"name": "age", "at_least": 18, "less_than": 30},
            events=(traits("9d", age=18),),
            member=True,
            note="both operators hold",
        ),
        Example(
            data={"name": "email", "missing": True},
            events=(traits("9d", email=""),),
            member=True,
            note="empty text counts as missing",
        ),
        Example(
            data={"name": "country", "in": ["NO", "SE"]},
            events=(traits("9d", country="SE"),),
            member=True,
            note="one of the values",
        ),
        Example(
            data={"name": "born", "contains": "1984"},
            events=(traits("9d", born="1984-05-01"),),
            member=True,
            note="dates and numbers have text too",
        ),
        Example(
            data={"name": "email", "matches": "@example\\.(com|org)$"},
            events=(traits("9d", email="ada@example.org"),),
            member=True,
            note="RE2, found anywhere in the text",
        ),
        Example(
            data={"name": "tags", "includes_all": ["vip", "beta"]},
            events=(traits("9d", tags=["beta", "new", "vip"]),),
            member=True,
            note="every value is in the list",
        ),
        Example(
            data={"name": "sports", "element": {"sport": "football", "hours": {"greater_than": 45}}},
            events=(traits("9d", sports=_SPORTS),),
            member=False,
            note="no single element passes both tests",
        ),
        Example(
            data={"name": "home", "near": {"lat": 59.91, "lon": 10.75, "within_m": 5000}},
            events=(traits("9d", home={"lat": 59.92, "lon": 10.76}),),
            member=True,
            note="about 1.2 km away",
        ),
        Example(
            data={"name": "app", "version": {"at_least": "2.1.0"}},
            events=(traits("9d", app="2.1.0-rc.1"),),
            member=False,
            note="a pre-release comes before its release",
        ),
        Example(
            data={"name": "renewal", "before": "2026-04-01"},
            events=(traits("9d", renewal="2026-03-31"),),
            member=True,
            note="the date is earlier",
        ),
    )

    name: Annotated[Name, Doc("Name of the trait; a nested one by its dotted path, `address.city`.")]
    value: ValueOperators
    time_zone: Annotated[TimeZone | None, Doc("Where dates begin; the definition's when not said.")] = None

    def lower(self, context: Context) -> core.Node:
        return node_of(core.Trait(self.name), self.value, self.time_zone or context.time_zone)

    def says(self) -> str:
        return f"whose {named(self.name)} {says_value(self.value)}"

    def denial(self) -> str:
        opposite = says_opposite(self.value)
        return f"whose {named(self.name)} {opposite}" if opposite else ""
