"""The algebra: what is kept of many events is a mergeable summary, one file per kind.

``KINDS[kind].zero()`` knows nothing; ``update`` adds one fact, ``update_many`` several, ``merge`` another summary, and
``value`` answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from coterie.aggregates.active_seconds import ActiveSeconds
from coterie.aggregates.count import Count
from coterie.aggregates.days import Days
from coterie.aggregates.distinct import Distinct
from coterie.aggregates.fact import Fact, Summary
from coterie.aggregates.first import First
from coterie.aggregates.first_at import FirstAt
from coterie.aggregates.largest import Largest
from coterie.aggregates.latest import Latest
from coterie.aggregates.latest_at import LatestAt
from coterie.aggregates.mean import Mean
from coterie.aggregates.most_frequent import MostFrequent
from coterie.aggregates.repeats import Repeats
from coterie.aggregates.sessions import Sessions
from coterie.aggregates.smallest import Smallest
from coterie.aggregates.sum import Sum
from coterie.model import Value

__all__ = ["KINDS", "AggregateKind", "Fact", "Summary", "summarise", "update"]

AnySummary = TypeVar("AnySummary", bound=Summary)


class AggregateKind(Struct, frozen=True):
    """A kind of aggregate: its neutral summary, and whether its facts need the value of a property."""

    zero: Callable[[], Summary]
    needs_value: bool


KINDS: dict[str, AggregateKind] = {
    "count": AggregateKind(Count, needs_value=False),
    "sum": AggregateKind(Sum, needs_value=True),
    "mean": AggregateKind(Mean, needs_value=True),
    "smallest": AggregateKind(Smallest, needs_value=True),
    "largest": AggregateKind(Largest, needs_value=True),
    "distinct": AggregateKind(Distinct, needs_value=True),
    "repeats": AggregateKind(Repeats, needs_value=True),
    "days": AggregateKind(Days, needs_value=False),
    "sessions": AggregateKind(Sessions, needs_value=False),
    "active_seconds": AggregateKind(ActiveSeconds, needs_value=False),
    "first": AggregateKind(First, needs_value=True),
    "latest": AggregateKind(Latest, needs_value=True),
    "most_frequent": AggregateKind(MostFrequent, needs_value=True),
    "first_at": AggregateKind(FirstAt, needs_value=False),
    "latest_at": AggregateKind(LatestAt, needs_value=False),
}


def update(summary: AnySummary, fact: Fact) -> AnySummary:
    """Return the summary of one more fact."""
    return summary.update_many((fact,))


def summarise(kind: str, facts: Iterable[Fact]) -> Value:
    """Return the value of ``kind`` over ``facts``.

    >>> summarise("sum", [Fact(1, 1, 0.1), Fact(2, 2, 0.2)]), summarise("mean", [])
    (0.3, None)
    """
    return KINDS[kind].zero().update_many(facts).value()
