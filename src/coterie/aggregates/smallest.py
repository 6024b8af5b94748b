"""The smallest numeric value."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact
from coterie.values import number_of


class Smallest(Struct, frozen=True):
    """The smallest number as float64; values that are no number do not count; missing when there is none."""

    number: float | None = None

    def update_many(self, facts: Iterable[Fact]) -> Smallest:
        numbers = [number for fact in facts if (number := number_of(fact.value)) is not None]
        return self.merge(Smallest(min(numbers, default=None)))

    def merge(self, other: Smallest) -> Smallest:
        if self.number is None or other.number is None:
            return other if self.number is None else self
        return Smallest(min(self.number, other.number))

    def value(self) -> float | None:
        return self.number
