"""The value on the latest event."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact
from coterie.model import Value


class Latest(Struct, frozen=True):
    """The value of the latest event by (occurred_at, event key); missing if that event lacks it, or when there is none."""

    fact: Fact | None = None

    def update_many(self, facts: Iterable[Fact]) -> Latest:
        found = max(facts, key=_place, default=None)
        return self.merge(Latest(found))

    def merge(self, other: Latest) -> Latest:
        if self.fact is None or other.fact is None:
            return other if self.fact is None else self
        return self if _place(self.fact) > _place(other.fact) else other

    def value(self) -> Value:
        return None if self.fact is None else self.fact.value


def _place(fact: Fact) -> tuple[int, int]:
    return fact.occurred_at, fact.event_key
