"""Leaves of a definition as conditions over columns of its parts: which parts they need is recorded as they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from coterie.segments.batch import aggregates, calendars, sequence, traits
from coterie.segments.batch.aggregates import OWN_SCAN, zero
from coterie.segments.batch.facts import Grouped
from coterie.segments.batch.source import Source
from coterie.segments.batch.sql import Sql, cases, column, compare, double, integer, minus, number, text
from coterie.segments.batch.terms import (
    elapsed_edges,
    elapsed_trait,
    integers,
    until_trait,
    within_edges,
)
from coterie.segments.batch.values import Json, Typed, ValueSql
from coterie.segments.core import (
    INSTANT_KINDS,
    SESSION_KINDS,
    VALUE_KINDS,
    ZERO_KINDS,
    Aggregate,
    Compare,
    Elapsed,
    Hash,
    Holds,
    InSegment,
    Leaf,
    NumberTerm,
    Sequence,
    Trait,
    TraitSince,
    Until,
    ValueTerm,
)
from coterie.segments.measures import Measurable

PERSON = "person"
"""Table name that stands for the part a statement begins with, until it is chosen."""


class Parts:
    """The relations a definition is made of: one grouped scan, and those that need a scan of their own.

    Every one has a row per place at most. ``used`` collects the aliases that were asked for since it was last cleared.
    """

    def __init__(self, source: Source, prefix: str, members_of: Callable[[str], str]) -> None:
        self.source = source
        self.prefix = prefix
        self.facts = Grouped(source, f"{prefix}facts")
        self.own: dict[str, exp.Select | None] = {}
        self.used: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._members_of = members_of

    def grouped(self) -> Grouped:
        self.used.add(self.facts.alias)
        return self.facts

    def part(self, name: str, select: exp.Select) -> str:
        """Return the alias of a relation with its own scan; equal relations are one."""
        key = select.sql()
        if key not in self._aliases:
            self._aliases[key] = f"{self.prefix}{name}{len(self._aliases) + 1}"
            self.own[self._aliases[key]] = select
        alias = self._aliases[key]
        self.used.add(alias)
        return alias

    def members(self, key: str) -> str:
        """Return the alias of the relation of another segment's members."""
        alias = self._members_of(key)
        self.own.setdefault(alias, None)
        self.used.add(alias)
        return alias


def condition(leaf: Leaf, parts: Parts) -> Sql:
    """Return when ``leaf`` is true, over the columns of ``parts``; unknown counts as false."""
    if isinstance(leaf, Compare):
        return _compare(leaf, parts)
    if isinstance(leaf, Holds):
        value = value_of(leaf.term, parts)
        return parts.source.tester.holds(leaf.test, value)
    if isinstance(leaf, InSegment):
        return _is_there(parts.members(leaf.key))
    return _sequence(leaf, parts)


def value_of(term: Trait | Aggregate, parts: Parts) -> ValueSql:
    """Return the JSON value of a term."""
    dialect = parts.source.dialect
    if isinstance(term, Trait):
        return traits.trait(parts.grouped(), term.name)
    if term.kind in VALUE_KINDS:
        return Json(_aggregate(term, parts), dialect)
    return Typed(_aggregate(term, parts), "number", dialect)


def text_of(term: ValueTerm, parts: Parts) -> Sql:
    """Return the canonical JSON text of a term's value; NULL when it is missing."""
    value = value_of(term, parts)
    return value.key() if isinstance(value, Json) else value.raw()


def measure_of(term: Measurable, parts: Parts) -> Sql:
    """Return what a term measures, as float64: its number, or 1.0 where a leaf is true and 0.0 elsewhere."""
    if isinstance(term, Leaf):
        return number(cases([(condition(term, parts), integer(1))], integer(0)))
    if isinstance(term, Trait):
        return traits.trait(parts.grouped(), term.name).number()
    return number(number_of(term, parts))


def number_of(term: NumberTerm, parts: Parts) -> Sql:
    """Return the number of a term; NULL when it is missing."""
    source = parts.source
    if isinstance(term, Aggregate):
        value = _aggregate(term, parts)
        return Json(value, source.dialect).number() if term.kind in VALUE_KINDS else value
    if isinstance(term, Elapsed):
        return minus(source.instants.at(), _instant(term, parts))
    if isinstance(term, Until):
        return column("value", parts.part("until", calendars.trait_until(source, term)))
    return source.dialect.bucket(exp.DPipe(this=text(f"{term.salt}:"), expression=column("profile", PERSON)))


def _aggregate(term: Aggregate, parts: Parts) -> Sql:
    if term.kind not in OWN_SCAN:
        return aggregates.measure(parts.grouped(), term)
    if term.kind in SESSION_KINDS:
        return zero(column(term.kind, parts.part("sessions", aggregates.sessions(parts.source, term))))
    select = (aggregates.repeats if term.kind == "repeats" else aggregates.most_frequent)(parts.source, term)
    value = column("value", parts.part(term.kind, select))
    return zero(value) if term.kind in ZERO_KINDS else value


def _instant(term: Elapsed, parts: Parts) -> Sql:
    """Return the instant a term counts from, in microseconds."""
    if isinstance(term.of, Trait):
        select = calendars.trait_instant(parts.source, term.of.name, term.time_zone)
        return column("value", parts.part("instant", select))
    if isinstance(term.of, TraitSince):
        return column("value", parts.part("since", traits.since(parts.source, term.of.name)))
    if term.of.kind in INSTANT_KINDS:
        return _aggregate(term.of, parts)
    return exp.cast(exp.null(), "bigint")


def _compare(leaf: Compare, parts: Parts) -> Sql:
    term, source = leaf.term, parts.source
    if isinstance(leaf.value, Trait):
        right = traits.trait(parts.grouped(), leaf.value.name).number()
        return compare(number(number_of(term, parts)), leaf.op, right)
    value = float(leaf.value)
    if isinstance(term, Aggregate) and term.kind == "repeats" and (least := _least(leaf.op, value)) is not None:
        return _is_there(parts.part("repeats", aggregates.repeats(source, term, least)))
    if isinstance(term, Until) and term.unit != "anniversary":
        span = integers(leaf.op, value)
        trait = traits.trait(parts.grouped(), term.of.name)
        return exp.false() if span is None else until_trait(trait, term, span, source.instants, source.dialect)
    if isinstance(term, Elapsed):
        return _elapsed(term, leaf.op, value, parts)
    return compare(number_of(term, parts), leaf.op, double(value))


def _elapsed(term: Elapsed, op: str, value: float, parts: Parts) -> Sql:
    source = parts.source
    if isinstance(term.of, Trait):
        trait = traits.trait(parts.grouped(), term.of.name)
        return elapsed_trait(trait, op, value, term.time_zone, source.instants, source.dialect)
    span = integers(op, value)
    return exp.false() if span is None else within_edges(_instant(term, parts), elapsed_edges(span), source.instants)


def _least(op: str, value: float) -> float | None:
    """Return the smallest count that passes, when only counts from 1 up pass."""
    span = integers(op, value) if op in (">", ">=") else None
    return float(span[0]) if span is not None and span[0] >= 1 else None


def _sequence(leaf: Sequence, parts: Parts) -> Sql:
    if sequence.is_single(leaf):
        return sequence.single(parts.grouped(), leaf)
    return _is_there(parts.part("sequence", sequence.chains(parts.source, leaf)))


def _is_there(alias: str) -> Sql:
    return exp.not_(exp.Is(this=column("profile", alias), expression=exp.null()))


def of_nothing(leaf: Any, *, zero_holds: Callable[[Any], bool]) -> bool | None:
    """Return whether ``leaf`` holds for a profile that no part knows; None when nobody can say."""
    if isinstance(leaf, Compare) and isinstance(leaf.term, Hash) and not isinstance(leaf.value, Trait):
        return None
    term = getattr(leaf, "term", None)
    return isinstance(term, Aggregate) and term.kind in ZERO_KINDS and zero_holds(leaf)
