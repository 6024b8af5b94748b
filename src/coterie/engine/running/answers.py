"""What a runner answers: typed, frozen, each read from one committed state."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct

from coterie.model import Value

T = TypeVar("T")


class Phase(StrEnum):
    """What the runner is doing. Only ``RUNNING`` is ready; the journal takes events in every phase."""

    STARTING = "starting"
    RECOVERING = "recovering"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class Status(Struct, frozen=True, kw_only=True):
    """Where a runner is. Positions count from 1 in the journal (0: nothing yet) and are numbers of rows in the log."""

    phase: Phase
    ready: bool
    note: str
    """What it is doing, or why it failed, in words."""
    progress: float
    """Share of the recovery that is done, 0 to 1."""
    journal_head: int
    """The last durable entry of the journal."""
    journal_position: int
    """The last entry whose effects are committed."""
    log_position: int
    """Rows of the log that are committed."""
    landed_position: int
    """Rows of the log that are in the Delta table."""
    advanced_to: int
    """The instant until which timers have fired."""
    sequence: int
    """The number of the last membership change, 0 before the first."""
    snapshot_position: int
    """The row of the log at which the newest snapshot stands."""
    snapshot_at: int
    """When it was taken; 0: never."""
    warnings: tuple[str, ...] = ()
    """What had to be mended: a damaged snapshot, a log changed from outside, a clock that jumped."""


class TraitState(Struct, frozen=True):
    """A trait that has a value: the value, and the instant at which the write that won occurred."""

    value: Value
    at: int


class MembershipState(Struct, frozen=True, kw_only=True):
    """One present membership: since when, and why."""

    segment: str
    version: int
    since: int
    cause: str
    event_id: str


class ProfileState(Struct, frozen=True, kw_only=True):
    """One person as committed. ``asked_for`` is the id that was given; ``absorbed`` are the ids that were merged into it."""

    profile: str
    asked_for: str
    first_seen: int
    traits: dict[str, TraitState]
    memberships: tuple[MembershipState, ...]
    absorbed: tuple[str, ...]


class Member(Struct, frozen=True, kw_only=True):
    """One member of a segment."""

    profile: str
    version: int
    since: int
    cause: str
    event_id: str


class ChangeRow(Struct, frozen=True, kw_only=True):
    """One membership change with its place in the change log: the fields of ``model.MembershipChange``."""

    sequence: int
    segment: str
    version: int
    profile: str
    direction: str
    at: int
    cause: str
    event_id: str
    position: int


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """Some rows in order. ``next`` is what to give as ``after`` for the following ones, ``None`` when there are no more."""

    rows: tuple[T, ...]
    next: str | int | None
    sequence: int
    """The change log's end in the state that was read: a list and a stream that begins here miss nothing."""


class Tallies(Struct, frozen=True, kw_only=True):
    """Plain numbers since the start of the process, for metrics."""

    events: int
    rows: int
    """Rows of the log, those included that say who is who."""
    duplicates: int
    suppressed: int
    """Events of people who were erased and do not come back."""
    refused: int
    refused_reasons: dict[str, int]
    remarks: dict[tuple[str, str], int]
    """(stage of the intake, kind) → remarks: violations of the plan, values that could not be made normal."""
    failed_events: int
    """Events that a stage failed on and that went to quarantine one by one."""
    commits: int
    commit_seconds: float
    commit_histogram: tuple[tuple[float, int], ...]
    """(upper bound in seconds, commits), cumulative; the last bound is infinite."""
    step_seconds: float
    changes: dict[tuple[str, str], int]
    """(segment, direction) → changes."""
    lag_entries: int
    freshness_seconds: float
    """From the newest committed entry's arrival to its commit."""
    freshness_seconds_total: float
    freshness_histogram: tuple[tuple[float, int], ...]
    """(upper bound in seconds, events), cumulative; the last bound is infinite."""
    snapshots: int
    snapshot_age_seconds: float
    arrivals_rows: int
    """Rows of the log that wait to be landed."""
    clock_backwards: int
    clock_forwards: int
    state_bytes: int
    live: dict[str, int]
    """The live reader's own counters."""
