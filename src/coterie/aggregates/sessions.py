"""How many sessions there were: runs of events of which each follows the one before within a gap."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact

Span = tuple[int, int]
"""Instants of the first and the last event of a session."""


def joined(spans: Iterable[Span], gap_us: int) -> tuple[Span, ...]:
    """Return the sessions that ``spans`` are together, in order: those no more than ``gap_us`` apart are one.

    >>> joined([(50, 60), (0, 10), (30, 30)], 20)
    ((0, 60),)
    """
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first - found[-1][1] <= gap_us:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)


def spans_of(facts: Iterable[Fact], spans: tuple[Span, ...], gap_us: int) -> tuple[int, tuple[Span, ...]]:
    """Return the gap and the sessions of ``spans`` and these facts, whose value is the gap of a session in microseconds."""
    known = [(fact.occurred_at, fact.value) for fact in facts if isinstance(fact.value, int)]
    gap = max([gap_us, *(value for _, value in known)])
    return gap, joined([*spans, *((at, at) for at, _ in known)], gap)


class Sessions(Struct, frozen=True):
    """The number of sessions, 0 when there are none. A fact's value is the longest gap inside a session, the same for all.

    Kept are the spans of the sessions so far, disjoint and in order, never the events: a late event may join two of them.
    """

    gap_us: int = 0
    spans: tuple[Span, ...] = ()

    def update_many(self, facts: Iterable[Fact]) -> Sessions:
        return Sessions(*spans_of(facts, self.spans, self.gap_us))

    def merge(self, other: Sessions) -> Sessions:
        gap = max(self.gap_us, other.gap_us)
        return Sessions(gap, joined(self.spans + other.spans, gap))

    def value(self) -> int:
        return len(self.spans)
