"""The instant of the latest event."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact


class LatestAt(Struct, frozen=True):
    """Microseconds since 1970 UTC of the latest event; missing when there is none."""

    at: int | None = None

    def update_many(self, facts: Iterable[Fact]) -> LatestAt:
        return self.merge(LatestAt(max((fact.occurred_at for fact in facts), default=None)))

    def merge(self, other: LatestAt) -> LatestAt:
        if self.at is None or other.at is None:
            return other if self.at is None else self
        return LatestAt(max(self.at, other.at))

    def value(self) -> int | None:
        return self.at
