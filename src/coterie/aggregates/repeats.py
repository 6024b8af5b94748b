"""How often the most repeated value occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact, text_of_present


class Repeats(Struct, frozen=True):
    """The largest number of events with one value; missing values do not count; 0 when there are none.

    ``events`` maps a canonical text to how many events carry it.
    """

    events: dict[str, int] = {}

    def update_many(self, facts: Iterable[Fact]) -> Repeats:
        return self.merge(
            Repeats(dict(Counter(text for fact in facts if (text := text_of_present(fact.value)) is not None)))
        )

    def merge(self, other: Repeats) -> Repeats:
        return Repeats(dict(Counter(self.events) + Counter(other.events)))

    def value(self) -> int:
        return max(self.events.values(), default=0)
