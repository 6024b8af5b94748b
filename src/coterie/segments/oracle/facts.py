"""What is known of one profile at one moment, and which of it a selector selects."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property, lru_cache

from msgspec import Struct

from coterie.aggregates import Fact
from coterie.model import SYSTEM_PREFIX, Event, Value
from coterie.profiles.traits import Held, fold_traits
from coterie.segments.catalog import Catalog
from coterie.segments.core import SESSION_KINDS, Aggregate, Field, Selector, Window
from coterie.segments.holds import holds
from coterie.segments.instants import unit_at
from coterie.segments.moments import is_timed, moment_of
from coterie.segments.oracle.windows import span


class Record(Struct, frozen=True, order=True):
    """An event at its place: records order by (occurred_at, event key)."""

    at: int
    key: int
    event: Event


class Selection(Struct, frozen=True):
    """Records in order, and their instants beside them."""

    records: tuple[Record, ...]
    times: tuple[int, ...]

    def within(self, window: Window, now: int) -> tuple[Record, ...]:
        """Return the records inside ``window`` at ``now``."""
        start, end = span(window, now)
        return self.records[bisect_left(self.times, start) : bisect_left(self.times, end)]


class Facts:
    """The records of one canonical profile that count, sorted, and the catalog in which its conditions are asked.

    ``catalog`` may be empty when no condition refers to a segment. What was selected once is remembered.
    """

    def __init__(self, profile: str, records: Sequence[Record], catalog: Catalog | None = None) -> None:
        self.profile = profile
        self.records = tuple(records)
        self.catalog = Catalog({}) if catalog is None else catalog
        self._selections: dict[int, tuple[Selector, Selection]] = {}

    @cached_property
    def traits(self) -> dict[str, Held]:
        """What each trait holds."""
        return fold_traits(record.event for record in self.records)

    @cached_property
    def _by_name(self) -> dict[str, list[Record]]:
        names: dict[str, list[Record]] = {}
        for record in self.records:
            names.setdefault(record.event.name, []).append(record)
        return names

    def selected(self, selector: Selector) -> Selection:
        """Return the records that ``selector`` selects, whenever they happened."""
        # by identity, not by equality: Equals(1) == Equals(True) in Python, and they mean different things
        known = self._selections.get(id(selector))
        if known is None:
            lists = [records for name, records in self._by_name.items() if is_named(selector, name)]
            found = [record for records in lists for record in records if passes(selector.where, record.event)]
            if len(lists) > 1:
                found.sort(key=lambda record: (record.at, record.key))
            known = selector, Selection(tuple(found), tuple(record.at for record in found))
            self._selections[id(selector)] = known
        return known[1]

    def aggregated(self, term: Aggregate, now: int) -> Sequence[Fact]:
        """Return the facts that ``term`` aggregates at ``now``."""
        return [_fact(term, record) for record in self.selected(term.selector).within(term.window, now)]


def is_named(selector: Selector, name: str) -> bool:
    """Return whether events called ``name`` are among those that ``selector`` names."""
    if name in selector.names:
        return True
    if name.startswith(SYSTEM_PREFIX):
        return False
    if selector.pattern:
        return _glob(selector.pattern).fullmatch(name) is not None
    return not selector.names


def passes(where: Sequence[Field], event: Event) -> bool:
    """Return whether the properties of ``event`` pass every field test."""
    return not where or all(holds(field.test, property_of(event, field.key)) != field.negate for field in where)


def property_of(event: Event, key: str) -> Value:
    """Return a property of an event, or what the local clock showed when it happened."""
    return moment_of(key, event.occurred_at) if is_timed(key) else event.properties.get(key)


@lru_cache(maxsize=1_024)
def _glob(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a glob in which only ``*`` and ``?`` are special."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def _fact(term: Aggregate, record: Record) -> Fact:
    if term.kind == "days":
        return Fact(record.at, record.key, unit_at(record.at, "day", term.time_zone))
    if term.kind in SESSION_KINDS:
        return Fact(record.at, record.key, term.gap_us)
    return Fact(record.at, record.key, property_of(record.event, term.field))
