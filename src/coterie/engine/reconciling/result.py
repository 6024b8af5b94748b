"""What a reconciliation found."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Sum(Struct, frozen=True, kw_only=True):
    """The sum of one number on both sides, as exact decimal text."""

    event: str
    property: str
    there: str
    here: str


class Day(Struct, frozen=True, kw_only=True):
    """One day (of occurrence, UTC) of a source."""

    there: int
    """Rows at the source that make events."""
    here: int
    """Events of it in the log."""
    missing: int = 0
    extra: int = 0
    """In the log, but not at the source any more."""
    different: int = 0
    """On both sides, but not the same."""
    sums: list[Sum] = []

    @property
    def is_exact(self) -> bool:
        """Whether both sides are the same."""
        return not (self.missing or self.extra or self.different)


class Strange(Struct, frozen=True, kw_only=True):
    """One event that is not the same on both sides."""

    day: str
    event_id: str
    event: str
    what: Literal["missing", "extra", "different"]


class Reconciled(Struct, frozen=True, kw_only=True):
    """A source against the log. ``refused`` rows are in quarantine, ``dropped`` are kept out by a rule: neither is missing."""

    source: str
    at: int
    days: dict[str, Day]
    rows: int
    skipped: int
    refused: int
    dropped: int
    strange: list[Strange] = []
    """The first of those that differ, when they were asked for."""

    @property
    def is_exact(self) -> bool:
        """Whether every day is the same on both sides."""
        return all(one.is_exact for one in self.days.values())
