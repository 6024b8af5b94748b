"""Published numbers that population-relative conditions compare with, so that every reader uses the same ones."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from msgspec import Struct

from coterie.segments.core import Aggregate, Elapsed, Selector, Window


class Thresholds(Struct, frozen=True, kw_only=True):
    """The numbers of one segment as of one refresh: ``cuts`` by measure name."""

    segment: str
    version: int
    cuts: Mapping[str, tuple[float, ...]]
    published_at: int = 0


class Measure(Struct, frozen=True, kw_only=True):
    """What to measure on every profile that has an event of ``selector`` in ``window``, and where to cut.

    ``shares`` are ascending shares of that population: the cut at share 0.9 is the value with nine tenths of the
    population below it. ``count`` instead asks for the value of the count-th best.
    """

    name: str
    term: Aggregate | Elapsed
    selector: Selector
    window: Window
    shares: tuple[float, ...] = ()
    count: int = 0

    def cuts(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return the cuts of a population; of an empty one, none.

        The cut at share q of n ascending values is the one at index ``floor(q · n)``, the last at most: the lowest
        value that still belongs to the upper part.
        """
        ordered = sorted(values)
        if not ordered:
            return ()
        last = len(ordered) - 1
        if self.count:
            return (ordered[max(0, len(ordered) - self.count)],)
        return tuple(ordered[min(last, int(share * len(ordered) + 1e-9))] for share in self.shares)


def cuts_above(values: Sequence[float], shares: Sequence[float]) -> tuple[float, ...]:
    """Return the cuts of a population at ascending shares of it, so that equal values never fill an upper part; of an empty one, none.

    The cut at share q is the lowest value with at least q of the population below it: where a third bought once, once is the lowest
    fifth. Where no value has so many below it, the cut is just above the highest.
    """
    ordered = sorted(values)
    found: list[float] = []
    for share in shares if ordered else ():
        place = min(len(ordered), math.ceil(share * len(ordered) - 1e-9))
        while 0 < place < len(ordered) and ordered[place] == ordered[place - 1]:
            place = bisect_right(ordered, ordered[place])
        found.append(ordered[place] if place < len(ordered) else math.nextafter(ordered[-1], math.inf))
    return tuple(found)


FIFTHS = (0.2, 0.4, 0.6, 0.8)
"""Where scores from 1 to 5 are cut."""
