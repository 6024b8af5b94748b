"""Expressions over measured terms, and the one program that computes them: for a table of history and for live state alike.

Everything is float64, elementwise and in the order written, so that a row has the same bits however many rows are computed
beside it. NaN is missing, and what has no finite answer (a division by zero, the logarithm of a negative number) is missing too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct, json

from coterie.errors import Problem
from coterie.features.table import Floats
from coterie.segments import core
from coterie.segments.measures import Measurable

Function: TypeAlias = Literal[
    "add", "subtract", "multiply", "divide", "minimum", "maximum", "filled", "reaches", "equals",
    "negative", "absolute", "floor", "square_root", "log1p", "exp", "plogp", "missing",
]  # fmt: skip


class Constant(Struct, frozen=True, tag=True):
    """A number that is the same for everybody."""

    value: float


class Measured(Struct, frozen=True, tag=True):
    """What a term of the segment algebra measures of the profile."""

    term: Measurable


class Call(Struct, frozen=True, tag=True):
    """A function of other expressions."""

    function: Function
    arguments: tuple[Expression, ...]


class Fifth(Struct, frozen=True, tag=True):
    """A score from 1 to 5: one more than the cuts that the number reaches; ``falling`` 5 less them. ``cuts`` None: not measured yet."""

    name: str
    of: Expression
    cuts: tuple[float, ...] | None = None
    falling: bool = False


Expression: TypeAlias = Constant | Measured | Call | Fifth


def call(function: Function, *arguments: Expression | float) -> Call:
    """Return the call; plain numbers become constants."""
    found = tuple(Constant(float(one)) if isinstance(one, int | float) else one for one in arguments)
    return Call(function, found)


def total(items: Sequence[Expression]) -> Expression:
    """Return the sum of the items from left to right, 0 for none."""
    found: Expression = items[0] if items else Constant(0.0)
    for item in items[1:]:
        found = call("add", found, item)
    return found


def truth(node: core.Node) -> Expression:
    """Return 1 where the node is true and 0 where it is not: its leaves are measured, the logic is arithmetic."""
    if isinstance(node, core.Not):
        return call("subtract", 1.0, truth(node.item))
    if not isinstance(node, core.All | core.Any | core.AtLeast):
        return Measured(node)
    items = [truth(item) for item in node.items]
    least = {core.All: len(items), core.Any: 1}.get(type(node), getattr(node, "count", 1))
    return items[0] if len(items) == 1 and least == 1 else call("reaches", total(items), float(least))


def every(items: Sequence[Expression]) -> Expression | None:
    """Return 1 where each of these truths is 1, else 0; ``None`` for none."""
    if len(items) < 2:
        return items[0] if items else None
    return call("reaches", total(items), float(len(items)))


def identity(part: Struct) -> bytes:
    """Return what is equal for equal terms: 1, 1.0 and true are three values, though Python calls them equal."""
    return json.encode(part)


def terms_of(expressions: Sequence[Expression]) -> tuple[Measurable, ...]:
    """Return the terms that the expressions measure, each once, in the order in which they are met."""
    return tuple(Program(expressions).terms)


def unmeasured(expression: Expression) -> tuple[Fifth, ...]:
    """Return the scores inside an expression whose cuts are not known yet."""
    if isinstance(expression, Fifth):
        return (*unmeasured(expression.of), *((expression,) if expression.cuts is None else ()))
    inner = expression.arguments if isinstance(expression, Call) else ()
    return tuple(one for argument in inner for one in unmeasured(argument))


class Program:
    """Expressions made ready: what each needs is computed once, in one order, however many of them share it."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self.terms: list[Measurable] = []
        """What to measure, each term once, in the order in which it is met."""
        self._steps: list[tuple[Measured | Constant | Call | Fifth, tuple[int, ...]]] = []
        self._known: dict[bytes, int] = {}
        self._outputs = [self._add(one) for one in expressions]

    def _add(self, expression: Expression) -> int:
        """Return the place of the expression's result, after those of its parts."""
        key = identity(expression)
        if key not in self._known:
            inner = expression.arguments if isinstance(expression, Call) else ()
            inner = (expression.of,) if isinstance(expression, Fifth) else inner
            arguments = tuple(self._add(one) for one in inner)
            if isinstance(expression, Measured):
                arguments = (len(self.terms),)
                self.terms.append(expression.term)
            self._known[key] = len(self._steps)
            self._steps.append((expression, arguments))
        return self._known[key]

    def run(self, measured: Floats) -> list[Floats]:
        """Return each expression for the profiles of ``measured`` (n, terms), (n,) float64 each; what is not finite is missing."""
        if measured.shape[1] != len(self.terms):
            raise Problem("measured something else", received=measured.shape[1], allowed=f"{len(self.terms)} terms")
        found: list[Floats] = []
        with np.errstate(all="ignore"):
            for expression, arguments in self._steps:
                if isinstance(expression, Constant):
                    found.append(np.full(len(measured), expression.value))
                elif isinstance(expression, Measured):
                    found.append(np.ascontiguousarray(measured[:, arguments[0]]))
                elif isinstance(expression, Fifth):
                    found.append(_scored(expression, found[arguments[0]]))
                else:
                    found.append(FUNCTIONS[expression.function](*(found[place] for place in arguments)))
            return [np.where(np.isfinite(found[place]), found[place], np.nan) for place in self._outputs]


def _scored(score: Fifth, number: Floats) -> Floats:
    if not score.cuts:
        return np.full(len(number), np.nan)
    reached = np.searchsorted(np.asarray(score.cuts), number, side="right").astype(np.float64)
    return np.where(np.isnan(number), np.nan, 5.0 - reached if score.falling else 1.0 + reached)


def _divided(one: Floats, other: Floats) -> Floats:
    return np.where(other == 0, np.nan, one / np.where(other == 0, np.nan, other))


def _filled(one: Floats, other: Floats) -> Floats:
    return np.where(np.isfinite(one), one, other)


def _reaches(one: Floats, other: Floats) -> Floats:
    return np.where(np.isnan(one) | np.isnan(other), np.nan, np.where(one >= other, 1.0, 0.0))


def _equals(one: Floats, other: Floats) -> Floats:
    return np.where(one == other, 1.0, 0.0)


def _missing(one: Floats) -> Floats:
    return np.where(np.isfinite(one), 0.0, 1.0)


def _plogp(share: Floats) -> Floats:
    return np.where(share > 0, share * np.log(np.where(share > 0, share, 1.0)), np.where(share == 0, 0.0, np.nan))


FUNCTIONS: dict[str, Callable[..., Floats]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": _divided,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "filled": _filled,
    "reaches": _reaches,
    "equals": _equals,
    "missing": _missing,
    "negative": np.negative,
    "absolute": np.abs,
    "floor": np.floor,
    "square_root": np.sqrt,
    "log1p": np.log1p,
    "exp": np.exp,
    "plogp": _plogp,
}
"""``filled(a, b)``: b where a is missing. ``reaches(a, b)``: 1 where a ≥ b, else 0; ``equals`` likewise, 0 where one is missing.
``missing(a)``: 1 where a is. ``plogp(p)``: p · ln p, 0 for 0."""
