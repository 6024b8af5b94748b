"""On how many local dates there was an event."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact


class Days(Struct, frozen=True):
    """Different local dates. A fact's value is the number of its local day (``instants.unit_at``); 0 when there are none."""

    days: frozenset[int] = frozenset()

    def update_many(self, facts: Iterable[Fact]) -> Days:
        return Days(self.days.union(fact.value for fact in facts if isinstance(fact.value, int)))

    def merge(self, other: Days) -> Days:
        return Days(self.days | other.days)

    def value(self) -> int:
        return len(self.days)
