"""Merges of profiles and what undid them: which profile an id belongs to at an instant.

A merge takes effect when it arrives. If its survivor was absorbed before, the survivor's canonical profile absorbs; if its
loser was, the loser's canonical profile is absorbed. A merge whose two sides are one already changes nothing. So an id is
part of one other id at most, and following these links leads to its canonical profile.

An unmerge cuts the link of its loser: the loser stands on its own, with all that it had absorbed. It changes nothing when the
loser is no part of the profile's person.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from coterie.model import MERGE, UNMERGE, Event

LOSER = "loser"
"""Property of a ``$merge`` or ``$unmerge`` event that names the absorbed profile."""


class Merge(Struct, frozen=True, order=True):
    """``survivor`` absorbs ``loser`` at ``at``; ``position`` orders merges of one instant (the log's position)."""

    at: int
    position: int
    survivor: str
    loser: str


class Unmerge(Struct, frozen=True, order=True):
    """``loser`` stands on its own again from ``at`` on, if it is part of the person that ``survivor`` belongs to."""

    at: int
    position: int
    survivor: str
    loser: str


Decision: TypeAlias = Merge | Unmerge


class Alias(Struct, frozen=True, order=True):
    """From ``since`` and before ``until`` (None: for good) the records of ``profile`` belong to ``canonical``."""

    profile: str
    since: int
    until: int | None
    canonical: str


class Link(Struct, frozen=True):
    """``absorbed`` was part of ``into`` from ``at`` on and before ``until`` (None: for good); both were canonical before."""

    absorbed: str
    into: str
    at: int
    position: int
    until: int | None = None

    def holds(self, at: int | None) -> bool:
        """Return whether the link is in force at ``at`` (None: after all decisions)."""
        if at is None:
            return self.until is None
        return self.at <= at and (self.until is None or at < self.until)


class Merges:
    """The decisions of a log, in order of arrival whatever order they are given in. Replays change nothing."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._links: dict[str, list[Link]] = {}
        for decision in sorted(set(decisions), key=_order):
            into, absorbed = self.canonical(decision.survivor), self.canonical(decision.loser)
            if isinstance(decision, Merge) and into != absorbed:
                link = Link(absorbed, into, decision.at, decision.position)
                self._links.setdefault(absorbed, []).append(link)
            elif isinstance(decision, Unmerge) and into == absorbed and absorbed != decision.loser:
                last = self._links[decision.loser][-1]
                self._links[decision.loser][-1] = Link(last.absorbed, last.into, last.at, last.position, decision.at)

    def canonical(self, profile: str, at: int | None = None) -> str:
        """Return the profile that ``profile`` belongs to at ``at`` (None: after all decisions), itself if it is absorbed by none.

        Cost: the length of its chain of merges.
        """
        while (link := self._link(profile, at)) is not None:
            profile = link.into
        return profile

    def _link(self, profile: str, at: int | None) -> Link | None:
        return next((link for link in reversed(self._links.get(profile, ())) if link.holds(at)), None)

    def links(self) -> tuple[Link, ...]:
        """Return the merges that changed something, in order of arrival."""
        every = (link for links in self._links.values() for link in links)
        return tuple(sorted(every, key=lambda link: (link.at, link.position)))

    def family(self, profile: str) -> frozenset[str]:
        """Return ``profile`` and every id that was ever part of one person with it, directly or through others."""
        return self.families().get(profile, frozenset((profile,)))

    def families(self) -> dict[str, frozenset[str]]:
        """Return ``family`` of every id that some merge named. Cost: one pass over the merges."""
        found: dict[str, set[str]] = {}
        for link in self.links():
            one, other = (found.setdefault(each, {each}) for each in (link.into, link.absorbed))
            if one is not other:
                one |= other
                found.update(dict.fromkeys(other, one))
        frozen = {id(each): frozenset(each) for each in found.values()}
        return {profile: frozen[id(each)] for profile, each in found.items()}

    def intervals(self) -> list[Alias]:
        """Return, for every id that was ever absorbed, one row per interval in which its canonical profile is the same other one.

        There is no row for the time in which an id stands on its own. Sorted by profile and instant.
        """
        return [alias for profile in sorted(self._links) for alias in self._intervals(profile)]

    def _intervals(self, profile: str) -> Iterable[Alias]:
        turns = self._turns(profile)
        since, whose = 0, profile
        for place, at in enumerate(turns):
            canonical = self.canonical(profile, at)
            if canonical != whose:
                if whose != profile:
                    yield Alias(profile, since, at, whose)
                since, whose = at, canonical
            if place == len(turns) - 1 and whose != profile:
                yield Alias(profile, since, None, whose)

    def _turns(self, profile: str) -> list[int]:
        """Return every instant at which the canonical profile of an id may change, in order."""
        turns: set[int] = set()
        waiting, seen = [profile], {profile}
        while waiting:
            for link in self._links.get(waiting.pop(), ()):
                turns.add(link.at)
                if link.until is not None:
                    turns.add(link.until)
                if link.into not in seen:
                    seen.add(link.into)
                    waiting.append(link.into)
        return sorted(turns)


def _order(decision: Decision) -> tuple[int, int, bool, str, str]:
    return decision.at, decision.position, isinstance(decision, Unmerge), decision.survivor, decision.loser


def decision_of(event: Event, position: int) -> Decision | None:
    """Return the merge or unmerge that ``event`` announces, or ``None`` if it is neither or names no loser."""
    return decided(event.name, event.received_at, position, event.profile, event.properties.get(LOSER))


def decided(name: str, at: int, position: int, profile: str, loser: object) -> Decision | None:
    """Return what a record of this name, profile and loser decides, or ``None`` if nothing."""
    if not isinstance(loser, str) or not loser or name not in (MERGE, UNMERGE):
        return None
    return (Merge if name == MERGE else Unmerge)(at, position, profile, loser)
