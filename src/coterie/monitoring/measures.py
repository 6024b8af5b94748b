"""What is measured of a day: counts, shares and spreads, each of one subject. They are summaries: two of one day add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

EVERY = "*"
"""In place of an event's name: all of them together."""
OTHER = "…"
"""In a spread: everything that is not told by its own name, because it is rare or belongs to few people."""


class Subject(Struct, frozen=True, order=True):
    """What a measure is about. ``property`` and ``source`` are empty where the measure is about more than one."""

    stage: str
    """``collect``, ``land`` or ``profile``."""
    event: str
    property: str
    source: str
    measure: str

    def __hash__(self) -> int:
        return hash((self.event, self.property, self.measure, self.source))

    def says(self) -> str:
        """Return the subject in few words: ``total of order_completed from shop``."""
        what = "all events" if self.event == EVERY else self.event
        told = f"{self.property} of {what}" if self.property else what
        return f"{told} from {self.source}" if self.source else told


class Count(Struct, frozen=True, tag="count"):
    """So many of something."""

    rows: float

    @property
    def whole(self) -> float:
        """How much evidence there is."""
        return self.rows


class Share(Struct, frozen=True, tag="share"):
    """``part`` of ``whole`` rows are something."""

    part: float
    whole: float

    @property
    def value(self) -> float:
        """The share, 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0


class Spread(Struct, frozen=True, tag="spread"):
    """How rows are spread over values, or over bins whose names are numbers in order."""

    counts: Mapping[str, float]

    @property
    def whole(self) -> float:
        """All rows together."""
        return float(sum(self.counts.values()))


Observation: TypeAlias = Count | Share | Spread
Measured: TypeAlias = Mapping[Subject, Observation]
"""Everything that was measured of one day."""
Series: TypeAlias = Sequence[tuple[int, Observation]]
"""One subject over the days, in their order: (day since 1970 UTC, what was measured)."""


def pooled(spreads: Sequence[Spread]) -> Spread:
    """Return several spreads as one."""
    counts: dict[str, float] = {}
    for one in spreads:
        for name, count in one.counts.items():
            counts[name] = counts.get(name, 0.0) + count
    return Spread(counts)
