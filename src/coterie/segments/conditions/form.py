"""What every written thing is made of: a form with fields, the rules between them, and examples that prove it.

A form is a frozen struct whose fields hold what was written, as it was written (``within="24h"``). Its rules are data,
so that one walker checks them, one writer publishes them as JSON Schema, and one page documents them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from coterie.model import SET, Event, Value
from coterie.segments.conditions.thresholds import Thresholds
from coterie.segments.core import Node
from coterie.segments.durations import us_of


def spelled(name: str) -> str:
    """Return the written key of a field: Python's reserved words carry a trailing underscore in code only."""
    return name.rstrip("_")


class Flaw(Struct, frozen=True):
    """What is wrong with a value, told without knowing where it stands; ``key`` leads from the value to the spot."""

    what: str
    key: str = ""
    received: object = None
    allowed: str = ""
    hint: str = ""


class Choice(Struct, frozen=True):
    """Of these groups of keys, between ``least`` and ``most`` may be used together."""

    groups: tuple[tuple[str, ...], ...]
    least: int = 0
    most: int = 1
    hint: str = ""


class Check(Struct, frozen=True):
    """A rule between the values of ``fields``: told only when each of them could be read."""

    fields: tuple[str, ...]
    refuse: Callable[..., Flaw | list[Flaw] | None]


class Switch(Struct, frozen=True):
    """Which spread field is meant depends on the value of ``key``."""

    key: str
    cases: Mapping[str, tuple[str, ...]]


class Form(Struct, frozen=True, kw_only=True, rename=spelled):
    """A mapping as written. ``spread`` forms lend their keys to the form that holds them; ``hints`` help with missing keys."""

    spread: ClassVar[bool] = False
    choices: ClassVar[tuple[Choice, ...]] = ()
    checks: ClassVar[tuple[Check, ...]] = ()
    switch: ClassVar[Switch | None] = None
    hints: ClassVar[Mapping[str, Callable[[], str]]] = {}


class Context(Struct, frozen=True, kw_only=True):
    """What lowering needs beside the definition itself."""

    time_zone: str = "UTC"
    thresholds: Mapping[tuple[str, int], Thresholds] = {}
    segment: str = ""


class Past(Struct, frozen=True):
    """One event of an example: its name, how long ago (``"0s"``: at this very instant), its properties."""

    name: str
    ago: str
    properties: Mapping[str, Value] = {}


class Example(Struct, frozen=True, kw_only=True):
    """A condition, the events of one person, and whether that person is a member at ``now``."""

    data: Any
    events: tuple[Past, ...]
    member: bool
    note: str
    now: str = "2026-03-18T12:00:00Z"
    profile: str = "ada"
    others: Mapping[str, Any] = {}
    cuts: Mapping[str, tuple[float, ...]] = {}


def traits(ago: str, /, **values: Any) -> Past:
    """Return the event by which a person got these traits."""
    return Past(SET, ago, values)


def ago_us(ago: str) -> int:
    """Return the microseconds of an example's age; ``0s`` is this very instant."""
    return 0 if ago == "0s" else us_of(ago)


def happened(example: Example, now: int) -> tuple[Event, ...]:
    """Return the example's events as a log in order of arrival, every event received as it occurred."""
    oldest_first = sorted(example.events, key=lambda past: -ago_us(past.ago))
    return tuple(
        Event(
            id=f"{example.profile}-{number}",
            profile=example.profile,
            name=past.name,
            occurred_at=now - ago_us(past.ago),
            received_at=now - ago_us(past.ago),
            properties=dict(past.properties),
        )
        for number, past in enumerate(oldest_first)
    )


class Condition(Protocol):
    """What people write. One file per condition; see CONTRIBUTING for how to add one."""

    word: ClassVar[str]
    bare: ClassVar[str]
    examples: ClassVar[tuple[Example, ...]]

    def lower(self, context: Context) -> Node: ...

    def says(self) -> str: ...

    def denial(self) -> str: ...


class Spoken(Form, frozen=True, kw_only=True):
    """A condition's form. ``bare`` names the one field whose value stands for the whole mapping."""

    word: ClassVar[str]
    bare: ClassVar[str] = ""
    examples: ClassVar[tuple[Example, ...]]

    def denial(self) -> str:
        """Return the condition's own clause for the people who do not meet it, or nothing when it has none."""
        return ""
