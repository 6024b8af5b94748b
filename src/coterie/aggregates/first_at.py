"""The instant of the earliest event."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact


class FirstAt(Struct, frozen=True):
    """Microseconds since 1970 UTC of the earliest event; missing when there is none."""

    at: int | None = None

    def update_many(self, facts: Iterable[Fact]) -> FirstAt:
        return self.merge(FirstAt(min((fact.occurred_at for fact in facts), default=None)))

    def merge(self, other: FirstAt) -> FirstAt:
        if self.at is None or other.at is None:
            return other if self.at is None else self
        return FirstAt(min(self.at, other.at))

    def value(self) -> int | None:
        return self.at
