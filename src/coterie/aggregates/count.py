"""How many events."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact


class Count(Struct, frozen=True):
    """Events, whatever their value; 0 when there are none."""

    events: int = 0

    def update_many(self, facts: Iterable[Fact]) -> Count:
        return Count(self.events + sum(1 for _ in facts))

    def merge(self, other: Count) -> Count:
        return Count(self.events + other.events)

    def value(self) -> int:
        return self.events
