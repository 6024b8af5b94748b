"""How long sessions lasted, from the first to the last event of each."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact
from coterie.aggregates.sessions import Span, joined, spans_of
from coterie.values import MICRO


class ActiveSeconds(Struct, frozen=True):
    """Seconds inside sessions, all together; 0 when there are none, and a session of one event lasts 0. Facts as for ``Sessions``."""

    gap_us: int = 0
    spans: tuple[Span, ...] = ()

    def update_many(self, facts: Iterable[Fact]) -> ActiveSeconds:
        return ActiveSeconds(*spans_of(facts, self.spans, self.gap_us))

    def merge(self, other: ActiveSeconds) -> ActiveSeconds:
        gap = max(self.gap_us, other.gap_us)
        return ActiveSeconds(gap, joined(self.spans + other.spans, gap))

    def value(self) -> float:
        return float(sum(last - first for first, last in self.spans)) / MICRO
