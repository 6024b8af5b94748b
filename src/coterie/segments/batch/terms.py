"""Numbers of a profile in SQL, and how they compare. Calendars become bounds on instants wherever the other side is known."""

from __future__ import annotations

import math

from sqlglot import exp

from coterie.segments.batch.dates import instant_within
from coterie.segments.batch.dialects import DuckDB
from coterie.segments.batch.instants import Instants
from coterie.segments.batch.sql import (
    INT64_MAX,
    Sql,
    between,
)
from coterie.segments.batch.values import Json
from coterie.segments.batch.windows import Edge
from coterie.segments.core import Until
from coterie.segments.instants import Unit, boundaries, unit_at

Span = tuple[int, int]
"""First and last integer of a range."""
FAR = 1 << 60


def integers(op: str, value: float) -> Span | None:
    """Return the integers n (up to ``FAR`` either way) with n op value, or None when there are none.

    >>> integers("<", 2.5), integers(">=", 3), integers("=", 0.5)
    ((-1152921504606846976, 2), (3, 1152921504606846976), None)
    """
    value = max(-float(FAR), min(float(FAR), value))
    low, high = -FAR, FAR
    if op == "=":
        return (int(value), int(value)) if value.is_integer() else None
    if op == "<":
        high = math.ceil(value) - 1
    elif op == "<=":
        high = math.floor(value)
    elif op == ">":
        low = math.floor(value) + 1
    else:
        low = math.ceil(value)
    return low, high


def elapsed_edges(span: Span) -> tuple[Edge, Edge]:
    """Return the bounds of instants x with first ≤ now − x ≤ last."""
    first, last = span
    return (
        (lambda now: None) if last == FAR else (lambda now: now - last),
        (lambda now: None) if first == -FAR else (lambda now: now - first + 1),
    )


def until_edges(span: Span, unit: Unit, time_zone: str) -> tuple[Edge, Edge]:
    """Return the bounds of instants whose local unit is first … last units after that of now."""
    first, last = span

    def begin(index: int) -> int:
        number, starts = boundaries(unit, time_zone)
        if index < number:
            return -INT64_MAX
        return starts[index - number] if index - number < len(starts) else INT64_MAX

    return (
        (lambda now: None) if first == -FAR else (lambda now: begin(unit_at(now, unit, time_zone) + first)),
        (lambda now: None) if last == FAR else (lambda now: begin(unit_at(now, unit, time_zone) + last + 1)),
    )


def within_edges(instant: Sql, edges: tuple[Edge, Edge], instants: Instants) -> Sql:
    """Return whether an instant lies between the edges; unknown for a missing one."""
    low, high = (instants.value(edge) for edge in edges)
    known = exp.not_(exp.Is(this=instant.copy(), expression=exp.null()))
    return between(instant, low, high) if low is not None or high is not None else known


def elapsed_trait(value: Json, op: str, number: float, time_zone: str, instants: Instants, dialect: DuckDB) -> Sql:
    """Return whether now − the trait's instant compares so with a number."""
    span = integers(op, number)
    if span is None:
        return exp.false()
    return instant_within(value, *elapsed_edges(span), time_zone, instants, dialect)


def until_trait(value: Json, term: Until, span: Span, instants: Instants, dialect: DuckDB) -> Sql:
    """Return whether the trait's instant lies in a local unit that is first … last units after that of now."""
    if term.unit == "anniversary":
        raise ValueError("days until an anniversary are no range of instants")
    return instant_within(value, *until_edges(span, term.unit, term.time_zone), term.time_zone, instants, dialect)
