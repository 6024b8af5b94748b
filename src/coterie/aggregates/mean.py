"""The mean of numeric values."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact
from coterie.aggregates.sum import Sum


class Mean(Struct, frozen=True):
    """``(float(micro) / 1e6) / float(numbers)``, two divisions in this order in every reader; missing when there are none."""

    total: Sum = Sum()

    def update_many(self, facts: Iterable[Fact]) -> Mean:
        return Mean(self.total.update_many(facts))

    def merge(self, other: Mean) -> Mean:
        return Mean(self.total.merge(other.total))

    def value(self) -> float | None:
        return self.total.value() / float(self.total.numbers) if self.total.numbers else None
