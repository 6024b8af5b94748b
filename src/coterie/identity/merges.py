"""Merges of profiles: which profile an id belongs to at an instant.

A merge takes effect when it arrives. If its survivor was absorbed before, the survivor's canonical profile absorbs; if its
loser was, the loser's canonical profile is absorbed. A merge whose two sides are one already changes nothing. So an id is
absorbed at most once, and following its links in order of arrival leads to its canonical profile.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.model import MERGE, Event

LOSER = "loser"
"""Property of a ``$merge`` event that names the absorbed profile."""


class Merge(Struct, frozen=True, order=True):
    """``survivor`` absorbs ``loser`` at ``at``; ``position`` orders merges of one instant (the log's position)."""

    at: int
    position: int
    survivor: str
    loser: str


class Alias(Struct, frozen=True, order=True):
    """From ``since`` and before ``until`` (None: for good) the records of ``profile`` belong to ``canonical``."""

    profile: str
    since: int
    until: int | None
    canonical: str


class Link(Struct, frozen=True):
    """``absorbed`` became part of ``into`` at ``at``; both were canonical until then."""

    absorbed: str
    into: str
    at: int
    position: int


class Merges:
    """The merges of a log, in order of arrival whatever order they are given in. Replays change nothing."""

    def __init__(self, merges: Iterable[Merge] = ()) -> None:
        self._links: dict[str, Link] = {}
        for merge in sorted(set(merges)):
            into, absorbed = self.canonical(merge.survivor), self.canonical(merge.loser)
            if into != absorbed:
                self._links[absorbed] = Link(absorbed, into, merge.at, merge.position)

    def canonical(self, profile: str, at: int | None = None) -> str:
        """Return the profile that ``profile`` belongs to at ``at`` (None: after all merges), itself if it was never absorbed.

        Cost: the length of its chain of merges.
        """
        link = self._links.get(profile)
        while link is not None and (at is None or link.at <= at):
            profile = link.into
            link = self._links.get(profile)
        return profile

    def links(self) -> tuple[Link, ...]:
        """Return the merges that changed something, in order of arrival."""
        return tuple(self._links.values())

    def intervals(self) -> list[Alias]:
        """Return, for every id that was ever absorbed, one row per interval in which its canonical profile is the same other one.

        There is no row for the time before an id was absorbed: it is its own then. Sorted by profile and instant.
        """
        rows: list[Alias] = []
        for profile in self._links:
            link = self._links.get(profile)
            while link is not None:
                following = self._links.get(link.into)
                until = None if following is None else following.at
                if until is None or link.at < until:
                    rows.append(Alias(profile, link.at, until, link.into))
                link = following
        return sorted(rows, key=lambda row: (row.profile, row.since))


def merge_of(event: Event, position: int) -> Merge | None:
    """Return the merge that ``event`` announces, or ``None`` if it is no ``$merge`` or names no loser."""
    loser = event.properties.get(LOSER)
    if event.name != MERGE or not isinstance(loser, str) or not loser:
        return None
    return Merge(event.received_at, position, event.profile, loser)
