"""The largest numeric value."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact
from coterie.values import number_of


class Largest(Struct, frozen=True):
    """The largest number as float64; values that are no number do not count; missing when there is none."""

    number: float | None = None

    def update_many(self, facts: Iterable[Fact]) -> Largest:
        numbers = [number for fact in facts if (number := number_of(fact.value)) is not None]
        return self.merge(Largest(max(numbers, default=None)))

    def merge(self, other: Largest) -> Largest:
        if self.number is None or other.number is None:
            return other if self.number is None else self
        return Largest(max(self.number, other.number))

    def value(self) -> float | None:
        return self.number
