"""The change log that the oracle implies: its verdict at every arrival, and at every instant it predicted."""

from __future__ import annotations

from typing import NamedTuple

from coterie.identity.merges import Merge, Unmerge, decision_of
from coterie.limits import DEFAULT
from coterie.model import IDENTIFY, MERGE, SET, UNMERGE, Event
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle


class Change(NamedTuple):
    """One row of a change log, comparable with the live reader's."""

    segment: str
    version: int
    profile: str
    direction: str
    at: int
    cause: str
    event_id: str
    position: int


class Unkept(Exception):
    """The oracle predicted an instant at which nothing changed."""


def cause_of(event: Event) -> str:
    if event.name in (MERGE, UNMERGE):
        return event.name[1:]
    if event.name in (IDENTIFY, SET):
        return "trait"
    return "late" if event.received_at - event.occurred_at > DEFAULT.late_after_us else "event"


class Derivation:
    """Walks a log as a live reader would, asking the oracle about every prefix of it."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.changes: list[Change] = []
        self.member: set[tuple[str, str]] = set()
        self.due: dict[tuple[str, str], int] = {}
        self.canonical: dict[str, str] = {}
        self.events: list[Event] = []
        self.oracle = Oracle(catalog, ())

    def arrive(self, event: Event, position: int) -> None:
        """Fire the timers due by the arrival, then let it take effect."""
        self.advance(event.received_at)
        self.events.append(event)
        self.oracle = Oracle(self.catalog, tuple(self.events))
        decision = decision_of(event, position)
        profile = self.find(event.profile)
        loser = self.find(decision.loser) if decision else profile
        made_by = (event.received_at, cause_of(event), event.id, position)
        concerned = [profile]
        if isinstance(decision, Unmerge) and loser == profile != decision.loser:
            del self.canonical[decision.loser]
            concerned = [profile, decision.loser]
        elif isinstance(decision, Merge) and loser != profile:
            self.canonical[loser] = profile
            for key in self.catalog.keys:
                self.due.pop((key, loser), None)
                if (key, loser) in self.member:
                    self._record(key, loser, False, *made_by)
        for one in concerned:
            for key in self.catalog.keys:
                self._settle(key, one, *made_by)

    def advance(self, now: int) -> None:
        """Let every predicted instant up to ``now`` take effect, each at its own."""
        order = {key: index for index, key in enumerate(self.catalog.keys)}
        while self.due and (at := min(self.due.values())) <= now:
            ready = sorted((order[key], profile, key) for (key, profile), due in self.due.items() if due == at)
            for _, profile, key in ready:
                if not self._settle(key, profile, at, "timer", "", -1):
                    raise Unkept(f"{key} of {profile} was predicted to change at {at}, and did not")

    def find(self, profile: str) -> str:
        while profile in self.canonical:
            profile = self.canonical[profile]
        return profile

    def _settle(self, key: str, profile: str, at: int, cause: str, event_id: str, position: int) -> bool:
        member, due = self.oracle.member(key, profile, at), self.oracle.next_change(key, profile, at)
        self.due.pop((key, profile), None)
        if due is not None:
            self.due[key, profile] = due
        if member == ((key, profile) in self.member):
            return False
        self._record(key, profile, member, at, cause, event_id, position)
        return True

    def _record(self, key: str, profile: str, entered: bool, at: int, cause: str, event_id: str, position: int) -> None:
        (self.member.add if entered else self.member.discard)((key, profile))
        version = self.catalog[key].version
        self.changes.append(
            Change(key, version, profile, "entered" if entered else "exited", at, cause, event_id, position)
        )
