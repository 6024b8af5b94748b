"""A stage of the intake: what it is given, and what it may answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from coterie.model import Value


class Incoming(Protocol):
    """An event that was decoded and is nobody's yet. A stage may change its fields in place."""

    id: str
    name: str
    identifiers: tuple[tuple[str, str], ...]
    """(kind, value), the most telling first."""
    occurred_at: int
    properties: dict[str, Value]
    """Flat and normal. A stage that changes them gives the event a new dict: events of one request may share one."""


class Refused(Struct, frozen=True):
    """An event that goes to quarantine instead of the log."""

    event: Incoming
    reason: str
    """Few words, the same for all of a kind, so that they can be counted."""
    detail: str
    """What was found where, and what is allowed."""


class Remark(Struct, frozen=True):
    """Something that is counted although the event goes on: a violation that was let pass, a value that was made normal."""

    stage: str
    kind: str
    """Few words: ``wrong type``, ``unknown property``."""
    event: str
    """Name of the event."""
    property: str = ""
    source: str = ""
    sample: str = ""
    """What was there, cut short; never a value of a field that is to be pseudonymised."""
    at: int = 0
    count: int = 1


class Passed(Struct):
    """What became of the events that a stage was given, in their order."""

    events: Sequence[Incoming]
    refused: Sequence[Refused] = ()
    remarks: Sequence[Remark] = ()
    dropped: int = 0
    """Events that are neither kept nor quarantined: those of people who are not to come back."""


class Stage(Protocol):
    """One stage. Deterministic: the same events give the same answer as long as the project's rules are the same."""

    name: str

    def apply(self, events: Sequence[Incoming], source: str, at: int) -> Passed:
        """Return what becomes of ``events``, which arrived from ``source`` at the instant ``at``."""
        ...
