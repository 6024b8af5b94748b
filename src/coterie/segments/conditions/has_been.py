"""How long a trait has held a value."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Choice, Context, Example, Spoken, traits
from coterie.segments.conditions.meanings import scalar
from coterie.segments.conditions.speech import named, valued
from coterie.segments.conditions.words import Doc, Duration, Name, Plain
from coterie.segments.durations import says, us_of


class HasBeen(Spoken, frozen=True, kw_only=True):
    """A trait has a value, and has had it without a break for at least, or less than, a time.

    Writing the same value again does not restart the clock.
    """

    word: ClassVar[str] = "has_been"
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("for_at_least",), ("for_less_than",)), least=1, hint="join two has_been conditions with all"),
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"trait": "status", "equals": "onboarding", "for_at_least": "7d"},
            events=(traits("7d", status="onboarding"), traits("2d", status="onboarding")),
            member=True,
            note="exactly 7 days; the repeated write does not restart the clock",
        ),
        Example(
            data={"trait": "status", "equals": "onboarding", "for_at_least": "7d"},
            events=(traits("9d", status="onboarding"), traits("2d", status="active")),
            member=False,
            note="it is something else by now",
        ),
        Example(
            data={"trait": "status", "equals": "onboarding", "for_less_than": "7d"},
            events=(traits("3d", status="onboarding"),),
            member=True,
            note="for three days only",
        ),
    )

    trait: Annotated[Name, Doc("Name of the trait.")]
    equals: Annotated[Plain, Doc("The value it has.")]
    for_at_least: Annotated[Duration | None, Doc("Had it so long or longer.")] = None
    for_less_than: Annotated[Duration | None, Doc("Had it less than so long.")] = None

    def lower(self, context: Context) -> core.Node:
        since = core.Elapsed(core.TraitSince(self.trait))
        if self.for_at_least is not None:
            held = core.Compare(since, ">=", float(us_of(self.for_at_least)))
        else:
            held = core.Compare(since, "<", float(us_of(self.for_less_than or "")))
        return core.All((core.Holds(core.Trait(self.trait), core.Equals(scalar(self.equals))), held))

    def says(self) -> str:
        value = f"whose {named(self.trait)} has been {valued(self.equals)}"
        if self.for_at_least is not None:
            return f"{value} for at least {says(self.for_at_least)}"
        return f"{value} for less than {says(self.for_less_than or '')}"
