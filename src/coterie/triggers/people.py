"""What a trigger asks about people and about what it did before: ports that the engine and the storage fill."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from coterie.model import Identifier, Value
from coterie.triggers.delivery import Run


class People(Protocol):
    """What is known of people now: in a commit, after the batch that is being committed."""

    def canonical(self, profile: str) -> str:
        """Return the profile that ``profile`` belongs to, itself if it was never absorbed."""

    def known_as(self, profile: str) -> Sequence[str]:
        """Return every profile id that belongs to a canonical profile, its own among them."""

    def traits(self, profile: str) -> Mapping[str, Value]:
        """Return the traits of a canonical profile that have a value."""

    def identifiers(self, profile: str) -> Sequence[Identifier]:
        """Return the identifiers of a canonical profile."""

    def segments(self, profile: str) -> Collection[str]:
        """Return the keys of the segments that a canonical profile is in."""


class Runs(Protocol):
    """What triggers did before. ``profiles`` are all ids of one person; a run stays under the id it began with."""

    def active_since(self, trigger: str) -> int | None:
        """Return the instant at which the trigger was started, ``None`` while it is not started or paused."""

    def latest(self, trigger: str, profiles: Sequence[str], run: str | None) -> int | None:
        """Return when the latest run began, of this value of its key (``None``: of any), or ``None``."""

    def count(self, trigger: str | None, profiles: Sequence[str], after: int) -> int:
        """Return how many runs of one trigger (``None``: of all) began after the instant ``after``."""

    def count_day(self, trigger: str, day: int) -> int:
        """Return how many runs of everybody began on the numbered day."""

    def start(self, run: Run, day: int) -> None:
        """Keep that a run began."""

    def refuse(self, trigger: str, reason: str) -> None:
        """Count that a trigger was held back, by ``reason``."""
