"""The value of every term at an instant, and the instants at which it may change by time alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from datetime import date

from coterie.aggregates import summarise
from coterie.model import Value
from coterie.segments.core import (
    INSTANT_KINDS,
    Aggregate,
    Elapsed,
    Hash,
    NumberTerm,
    Trait,
    TraitSince,
    Until,
    ValueTerm,
)
from coterie.segments.instants import HORIZON, instant_of, local_date, unit_at, unit_index
from coterie.segments.oracle.facts import Facts
from coterie.segments.oracle.windows import edges, unit_start_at

Term = NumberTerm | ValueTerm | TraitSince


def value_of(term: Term, facts: Facts, now: int) -> Value:
    """Return the value of ``term`` at ``now``; ``None`` when it is missing."""
    if isinstance(term, Trait):
        held = facts.traits.get(term.name)
        return None if held is None else held.value
    if isinstance(term, TraitSince):
        held = facts.traits.get(term.name)
        return None if held is None else held.since
    if isinstance(term, Aggregate):
        return summarise(term.kind, facts.aggregated(term, now))
    if isinstance(term, Elapsed):
        instant = instant_at(term, facts, now)
        return None if instant is None else now - instant
    if isinstance(term, Until):
        instant = instant_of(value_of(term.of, facts, now), term.time_zone)
        return None if instant is None else units_until(term, instant, now)
    return bucket_of(term, facts.profile)


def instant_at(term: Elapsed, facts: Facts, now: int) -> int | None:
    """Return the instant that ``term`` counts from, or ``None`` when it is missing."""
    value = value_of(term.of, facts, now)
    if isinstance(term.of, Trait):
        return instant_of(value, term.time_zone)
    if isinstance(term.of, Aggregate) and term.of.kind not in INSTANT_KINDS:
        return None
    return value if isinstance(value, int) else None


def bucket_of(term: Hash, profile: str) -> int:
    """Return the first 32 bits of md5("{salt}:{profile}")."""
    return int(hashlib.md5(f"{term.salt}:{profile}".encode(), usedforsecurity=False).hexdigest()[:8], 16)


def units_until(term: Until, instant: int, now: int) -> int:
    """Return the local calendar units from ``now`` to ``instant``, or the days to its next yearly return."""
    if term.unit == "anniversary":
        today, born = local_date(now, term.time_zone), local_date(instant, term.time_zone)
        following = return_in(today.year, born)
        if following < today:
            following = return_in(today.year + 1, born)
        return (following - today).days
    return unit_at(instant, term.unit, term.time_zone) - unit_at(now, term.unit, term.time_zone)


def return_in(year: int, born: date) -> date:
    """Return the day of ``year`` on which ``born`` returns; 29 February returns on the 28th in common years."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def turns(term: Term, compared_with: float | None, facts: Facts, now: int) -> Iterator[int]:
    """Yield every instant at which ``term``, or how it compares with a number, may change while nothing arrives.

    More may be yielded than really change, and past instants too, but none that changes is left out.
    """
    if isinstance(term, Aggregate):
        for record in facts.selected(term.selector).records:
            yield from edges(term.window, record.at)
    elif isinstance(term, Elapsed):
        yield from turns(term.of, None, facts, now)
        if compared_with is not None:
            for instant in _instants(term, facts, now):
                yield instant + math.floor(compared_with)
                yield instant + math.floor(compared_with) + 1
    elif isinstance(term, Until):
        target = instant_of(value_of(term.of, facts, now), term.time_zone)
        if target is not None and compared_with is not None:
            yield from _boundaries(term, target, compared_with, now)


def _instants(term: Elapsed, facts: Facts, now: int) -> Iterator[int]:
    """Yield every instant that ``term`` may count from as its window moves on."""
    if isinstance(term.of, Aggregate):
        yield from facts.selected(term.of.selector).times
    else:
        instant = instant_at(term, facts, now)
        if instant is not None:
            yield instant


def _boundaries(term: Until, instant: int, number: float, now: int) -> Iterator[int]:
    """Yield when the local units begin in which ``term`` passes ``number``; anniversaries in every year to come."""
    if term.unit != "anniversary":
        home = unit_at(instant, term.unit, term.time_zone)
        for distance in (math.floor(number), math.ceil(number)):
            yield unit_start_at(home - distance, term.unit, term.time_zone)
            yield unit_start_at(home - distance + 1, term.unit, term.time_zone)
        return
    born = local_date(instant, term.time_zone)
    for year in range(local_date(now, term.time_zone).year, HORIZON[1]):
        back = unit_index(return_in(year, born), "day")
        for distance in {0, *(min(max(part, 0), 366) for part in (math.floor(number), math.ceil(number)))}:
            yield unit_start_at(back - distance, "day", term.time_zone)
            yield unit_start_at(back - distance + 1, "day", term.time_zone)
