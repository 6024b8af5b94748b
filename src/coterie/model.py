"""The nouns on one page: frozen structs, no I/O.

Instants are int64 microseconds since 1970 UTC (``*_at``); durations are microseconds (``*_us``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    Value: TypeAlias = "None | bool | int | float | str | list[Value] | dict[str, Value]"
else:
    Value = Any
"""A JSON value. A property or trait whose value is ``None`` is missing. (At run time any: msgspec knows no recursive alias.)"""

IDENTIFY = "$identify"
"""Name of the event whose properties are traits of the profile; it makes the profile an identified one."""
SET = "$set"
"""Name of the event whose properties are traits too, but that identifies nobody (consent, lists, computed traits)."""
TRAIT_EVENTS = (IDENTIFY, SET)
MERGE = "$merge"
"""Name of the event by which ``profile`` absorbs the profile named in its property ``loser``."""
UNMERGE = "$unmerge"
"""Name of the event by which the profile named in its property ``loser`` stands on its own again, with all it had absorbed."""
LINK = "$link"
"""Name of the event that says: the identifier of its properties ``kind`` and ``value`` belongs to ``profile`` from now on."""
SYSTEM_PREFIX = "$"
"""Events whose names begin so are ours: they are no activity, and "any event" does not mean them."""


class Event(Struct, frozen=True, kw_only=True):
    """A fact. ``occurred_at`` never exceeds ``received_at``; ``properties`` are flat (see ``values.flatten``)."""

    id: str
    profile: str
    name: str
    occurred_at: int
    received_at: int
    properties: dict[str, Value] = {}


class Identifier(Struct, frozen=True, order=True):
    """What a touchpoint calls a person: a value of a kind, such as (``user_id``, ``ada``) or (``loyalty_card``, ``77``)."""

    kind: str
    value: str


class Cause(StrEnum):
    """Why a membership changed."""

    EVENT = "event"
    TIMER = "timer"
    TRAIT = "trait"
    MERGE = "merge"
    EDIT = "edit"
    LATE = "late"
    UNMERGE = "unmerge"
    REFRESH = "refresh"


class Direction(StrEnum):
    ENTERED = "entered"
    EXITED = "exited"


class MembershipChange(Struct, frozen=True, kw_only=True):
    """A fact that is kept: ``profile`` entered or left ``segment`` at ``at``, and why.

    ``event_id`` names the arrival that caused it (empty for timers and edits); ``position`` is that arrival's
    place in the log (−1 for timers and edits).
    """

    segment: str
    version: int
    profile: str
    direction: Direction
    at: int
    cause: Cause
    event_id: str = ""
    position: int = -1


class Undetermined(Struct, frozen=True):
    """In place of a number that cannot be said."""

    reason: str
