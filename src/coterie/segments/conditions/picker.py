"""Which events: by name or name pattern, and by properties, all on the same event."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.meanings import fields_of, says_fields
from coterie.segments.conditions.operators import ValueOperators
from coterie.segments.conditions.speech import listed, named
from coterie.segments.conditions.words import Doc, Glob, Name, Plain
from coterie.segments.moments import timed

ANY = "any"


class Picker(Form, frozen=True, kw_only=True):
    """Picks events."""

    spread: ClassVar[bool] = True
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("event",), ("like",)), least=1, hint="event: any picks every event"),
    )

    event: Annotated[
        Name | tuple[Name, ...] | None,
        Doc("Event name, a list of names, or `any` for every event but our own (whose names begin with `$`)."),
    ] = None
    like: Annotated[Glob | None, Doc("Name pattern: `*` stands for any characters, `?` for one; case-sensitive.")] = (
        None
    )
    where: Annotated[
        dict[Name, Plain | ValueOperators] | None,
        Doc(
            "Property tests that must all hold on the same event: a value, or operators. `$hour` (0 to 23) and `$weekday` (1, Monday, to 7) are those of the event's local clock."
        ),
    ] = None

    def selector(self, time_zone: str, *more: core.Field) -> core.Selector:
        """Return the core selector, with ``more`` tests added to the written ones; dates begin in ``time_zone``."""
        names = (self.event,) if isinstance(self.event, str) else self.event or ()
        if self.event == ANY:
            names = ()
        where = {timed(key, time_zone): told for key, told in (self.where or {}).items()}
        return core.Selector(names, self.like or "", (*fields_of(where, time_zone), *more))

    def says(self) -> str:
        """Return the events in words: ``add_to_cart (where value is above 10)``."""
        if self.like is not None:
            noun = f"an event like {named(self.like)}"
        elif self.event is None or self.event == ANY:
            noun = "any event"
        else:
            names = (self.event,) if isinstance(self.event, str) else self.event
            noun = listed([named(name) for name in names], "or")
        return f"{noun} (where {says_fields(self.where)})" if self.where else noun


class AnyPicker(Picker, frozen=True, kw_only=True):
    """Picks events; every event when nothing is said."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("event",), ("like",))),)
