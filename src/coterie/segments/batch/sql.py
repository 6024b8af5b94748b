"""The few SQL expressions everything else is made of, as SQLGlot nodes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlglot import exp

Sql: TypeAlias = exp.Expr
EXACT = 1 << 53
"""Integers below this magnitude are the same as float64."""
INT64_MAX = (1 << 63) - 1


def column(name: str, table: str) -> Sql:
    return exp.column(name, table=table, quoted=True)


def integer(value: int) -> Sql:
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def double(value: float) -> Sql:
    """Return a literal that is exactly this float64: an integer where that says the same, else with an exponent."""
    if value.is_integer() and abs(value) < EXACT:
        return integer(int(value))
    if not math.isfinite(value):
        return exp.cast(text("Infinity" if value > 0 else "-Infinity" if value < 0 else "NaN"), "double")
    digits = repr(abs(value))
    literal = exp.Literal.number(digits if "e" in digits else f"{digits}e0")
    return exp.Neg(this=literal) if value < 0 else literal


def text(value: str) -> Sql:
    return exp.Literal.string(value)


def number(value: Sql) -> Sql:
    """Return ``value`` (a number of any type) as float64."""
    return exp.cast(value, "double")


def every(conditions: Iterable[Sql]) -> Sql:
    """Return the conjunction; TRUE when there are none."""
    kept = [one for one in conditions if one != exp.true()]
    return exp.and_(*kept) if kept else exp.true()


def some(conditions: Iterable[Sql]) -> Sql:
    """Return the disjunction; FALSE when there are none."""
    kept = [one for one in conditions if one != exp.false()]
    return exp.or_(*kept) if kept else exp.false()


def sure(condition: Sql) -> Sql:
    """Return ``condition`` with unknown taken as false."""
    return condition if isinstance(condition, exp.Boolean) else exp.Coalesce(this=condition, expressions=[exp.false()])


def negation(condition: Sql) -> Sql:
    """Return the plain complement: true wherever ``condition`` is false or unknown."""
    if isinstance(condition, exp.Boolean):
        return exp.false() if condition.this else exp.true()
    return exp.not_(sure(condition))


def when(condition: Sql, value: Sql) -> Sql:
    """Return ``value`` where ``condition`` is true, and NULL elsewhere."""
    return value if condition == exp.true() else cases([(condition, value)])


def cases(branches: Iterable[tuple[Sql, Sql]], otherwise: Sql | None = None) -> Sql:
    """Return the value of the first branch whose condition is true, else ``otherwise`` (NULL)."""
    return exp.Case(ifs=[exp.If(this=condition, true=value) for condition, value in branches], default=otherwise)


def call(name: str, *arguments: Sql) -> Sql:
    return exp.Anonymous(this=name, expressions=list(arguments))


def compare(left: Sql, op: str, right: Sql) -> Sql:
    kinds: dict[str, type[exp.Binary]] = {"=": exp.EQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}
    return kinds[op](this=left, expression=right)


def plus(left: Sql, right: Sql) -> Sql:
    return exp.Add(this=exp.paren(left) if isinstance(left, exp.Binary) else left, expression=_tight(right))


def minus(left: Sql, right: Sql) -> Sql:
    return exp.Sub(this=left, expression=_tight(right))


def times(left: Sql, right: Sql) -> Sql:
    return exp.Mul(this=_tight(left), expression=_tight(right))


def over(left: Sql, right: Sql) -> Sql:
    return exp.Div(this=_tight(left), expression=_tight(right))


def floor_divided(value: Sql, by: int) -> Sql:
    """Return ⌊value / by⌋ as an integer, through float64: exact for days of microseconds from 1900 to 2200.

    (A quotient of k days less a microsecond still differs from k: 1.2e-11 is over half the spacing of floats there.)
    """
    return exp.cast(exp.Floor(this=over(number(value), number(integer(by)))), "bigint")


def between(value: Sql, low: Sql | None, high: Sql | None) -> Sql:
    """Return low ≤ value < high; None is open."""
    bounds: list[Sql] = []
    if low is not None:
        bounds.append(exp.GTE(this=value.copy(), expression=low))
    if high is not None:
        bounds.append(exp.LT(this=value.copy(), expression=high))
    return every(bounds)


def one_of(value: Sql, choices: Iterable[Sql]) -> Sql:
    kept = list(choices)
    if len(kept) == 1:
        return exp.EQ(this=value, expression=kept[0])
    return exp.In(this=value, expressions=kept) if kept else exp.false()


def substring(value: Sql, start: int, length: int) -> Sql:
    return exp.Substring(this=value.copy(), start=integer(start), length=integer(length))


def same(left: Any, right: Any) -> bool:
    """Return whether two expressions are the same text."""
    return bool(left == right)


def _tight(value: Sql) -> Sql:
    return exp.paren(value) if isinstance(value, exp.Binary) else value
