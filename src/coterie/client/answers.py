"""What the server answers, typed. Fields that a newer server adds are passed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Trait(Struct, frozen=True):
    """A trait's value, and when it was last written."""

    value: Any
    set_at: datetime


class Membership(Struct, frozen=True, kw_only=True):
    """One segment that a person is in: since when and why; ``changes_at`` when it was asked for (``outlook=True``)."""

    segment: str
    version: int
    since: datetime
    cause: str
    event_id: str = ""
    changes_at: datetime | None = None


class Identifier(Struct, frozen=True):
    """What a touchpoint calls a person."""

    kind: str
    value: str


class Profile(Struct, frozen=True, kw_only=True):
    """One person. ``asked_for`` is the id that was given, ``absorbed`` the ids that were merged into the person."""

    profile: str
    asked_for: str
    first_seen: datetime
    traits: dict[str, Trait]
    segments: tuple[Membership, ...]
    absorbed: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()

    def is_in(self, key: str) -> bool:
        """Return whether the person is in a segment."""
        return any(one.segment == key for one in self.segments)

    def trait(self, name: str, default: Any = None) -> Any:
        """Return the value of a trait."""
        found = self.traits.get(name)
        return default if found is None else found.value


class Segment(Struct, frozen=True, kw_only=True):
    """A segment in force."""

    key: str
    version: int
    size: int | None
    sentence: str
    title: str = ""
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    definition: dict[str, Any] = {}


class Member(Struct, frozen=True, kw_only=True):
    """Somebody in a segment; at another instant than now only the id is known."""

    profile: str
    version: int | None = None
    since: datetime | None = None
    cause: str | None = None
    event_id: str | None = None


class Change(Struct, frozen=True, kw_only=True):
    """Somebody entered or left a segment."""

    sequence: int
    segment: str
    version: int
    profile: str
    direction: str
    at: datetime
    cause: str
    event_id: str = ""


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """A page of an answer; ``next`` continues. ``sequence`` is the end of the log of changes in the state that was read."""

    rows: tuple[T, ...]
    next: str | None = None
    sequence: int | None = None


class PlanRow(Struct, frozen=True, kw_only=True):
    """What becomes of one segment by an edit."""

    key: str
    difference: str
    version: int
    size: int
    entered: int
    exited: int
    enter: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()


class Plan(Struct, frozen=True, kw_only=True):
    """What an edit did, or would do."""

    at: datetime
    applied: bool
    rows: tuple[PlanRow, ...]
