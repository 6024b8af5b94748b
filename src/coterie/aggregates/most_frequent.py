"""The value that most events carry."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact, text_of_present
from coterie.model import Value
from coterie.values import parse

Tally = tuple[int, int, int]
"""Events with one value, and (occurred_at, event key) of the latest of them."""


class MostFrequent(Struct, frozen=True):
    """The value with most events; among equals, the one whose latest event is latest. Missing values do not count."""

    tallies: dict[str, Tally] = {}

    def update_many(self, facts: Iterable[Fact]) -> MostFrequent:
        tallies = dict(self.tallies)
        for fact in facts:
            text = text_of_present(fact.value)
            if text is not None:
                tallies[text] = _added(tallies.get(text), (1, fact.occurred_at, fact.event_key))
        return MostFrequent(tallies)

    def merge(self, other: MostFrequent) -> MostFrequent:
        tallies = dict(self.tallies)
        for text, tally in other.tallies.items():
            tallies[text] = _added(tallies.get(text), tally)
        return MostFrequent(tallies)

    def value(self) -> Value:
        winner = max(self.tallies, key=self.tallies.__getitem__, default=None)
        return None if winner is None else parse(winner)


def _added(one: Tally | None, other: Tally) -> Tally:
    if one is None:
        return other
    latest = max(one[1:], other[1:])
    return one[0] + other[0], latest[0], latest[1]
