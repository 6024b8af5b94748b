"""How many different values."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact, text_of_present


class Distinct(Struct, frozen=True):
    """Different canonical texts; missing values do not count; 0 when there are none."""

    texts: frozenset[str] = frozenset()

    def update_many(self, facts: Iterable[Fact]) -> Distinct:
        return Distinct(self.texts.union(text for fact in facts if (text := text_of_present(fact.value)) is not None))

    def merge(self, other: Distinct) -> Distinct:
        return Distinct(self.texts | other.texts)

    def value(self) -> int:
        return len(self.texts)
