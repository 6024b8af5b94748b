"""Which records a selector selects, as conditions on the row called ``e``."""

from __future__ import annotations

from msgspec import Struct
from sqlglot import exp

from coterie.model import SYSTEM_PREFIX, TRAIT_EVENTS
from coterie.segments.batch.patterns import glob_pattern
from coterie.segments.batch.source import Source
from coterie.segments.batch.sql import Sql, column, every, one_of, some, text
from coterie.segments.batch.windows import Edge, lower, upper
from coterie.segments.core import EVER, Selector, Window


class Picked(Struct, frozen=True):
    """Conditions that select records: on the name, the instant and the properties.

    ``names`` are all names that can pass (None: any), ``low`` the first instant that can pass.
    """

    conditions: tuple[Sql, ...]
    names: frozenset[str] | None
    low: Edge

    def also(self, *conditions: Sql) -> Picked:
        return Picked((*self.conditions, *conditions), self.names, self.low)

    def condition(self) -> Sql:
        return every(self.conditions)


def picked(source: Source, selector: Selector, window: Window = EVER) -> Picked:
    """Return the conditions for records of ``selector`` inside ``window``."""
    low, high = lower(window), upper(window)
    bounds = within(source, low, high)
    fields = source.tester.passes(selector.where, source.value)
    names = None if selector.pattern or not selector.names else frozenset(selector.names)
    return Picked((_named(source, selector), *bounds, *fields), names, low)


def writes(source: Source, trait: str) -> Picked:
    """Return the conditions for records that write a trait."""
    carried = exp.not_(exp.Is(this=source.trait(trait).raw(), expression=exp.null()))
    name = one_of(column("name", "e"), [text(one) for one in TRAIT_EVENTS])
    return Picked((name, carried), frozenset(TRAIT_EVENTS), lower(EVER))


def within(source: Source, low: Edge, high: Edge) -> list[Sql]:
    """Return the conditions low ≤ occurred_at < high; open bounds give none."""
    start, end = source.instants.value(low), source.instants.value(high)
    occurred = column("occurred_at", "e")
    after = [] if start is None else [exp.GTE(this=occurred.copy(), expression=start)]
    before = [] if end is None else [exp.LT(this=occurred.copy(), expression=end)]
    return [*after, *before]


def _named(source: Source, selector: Selector) -> Sql:
    name = column("name", "e")
    exact = [text(one) for one in sorted(set(selector.names))]
    if exact and not selector.pattern:
        return one_of(name, exact)
    ours = exp.not_(exp.StartsWith(this=name.copy(), expression=text(SYSTEM_PREFIX)))
    if not selector.pattern:
        return ours
    like = every([ours, source.dialect.matches(name.copy(), glob_pattern(selector.pattern))])
    return some([one_of(name.copy(), exact), like]) if exact else like
