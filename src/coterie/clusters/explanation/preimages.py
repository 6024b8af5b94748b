"""Bounds on an expression over one term, as bounds on the term: exact to the last bit, found by bisection over the floating-point numbers."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from coterie.features.expressions import Call, Constant, Expression, Fifth, Measured, Program, terms_of
from coterie.segments.measures import Measurable

LARGEST = sys.float_info.max
_RISING = frozenset({"floor", "square_root", "log1p", "exp"})
_PARTIAL = frozenset({"square_root", "log1p", "exp"})


class Span(Struct, frozen=True, kw_only=True):
    """The numbers x with ``at_least`` ≤ x < ``below``; None is open."""

    at_least: float | None = None
    below: float | None = None


def term_of(expression: Expression) -> Measurable | None:
    """Return the one term of an expression that rises or falls with it, or None where no bound on it is a bound on one term."""
    terms = terms_of((expression,))
    return terms[0] if len(terms) == 1 and direction(expression) else None


def direction(expression: Expression) -> int:
    """Return 1 where the expression never falls as its term rises, −1 where it never rises, 0 where neither is sure."""
    if isinstance(expression, Measured):
        return 1
    if isinstance(expression, Fifth):
        return (-1 if expression.falling else 1) * direction(expression.of) if expression.cuts is not None else 0
    if isinstance(expression, Constant):
        return 0
    return _called(expression)


def _called(expression: Call) -> int:
    function, arguments = expression.function, expression.arguments
    if len(arguments) == 1:
        return (-1 if function == "negative" else int(function in _RISING)) * direction(arguments[0])
    first, second = arguments
    if isinstance(second, Constant):
        of = direction(first)
        if function in ("add", "subtract", "minimum", "maximum", "reaches"):
            return of
        if function in ("multiply", "divide"):
            return int(np.sign(second.value)) * of
        return of if function == "filled" and _is_total(first) else 0
    if isinstance(first, Constant):
        of = direction(second)
        turned = {"add": 1, "minimum": 1, "maximum": 1, "subtract": -1, "multiply": int(np.sign(first.value))}
        return turned.get(function, 0) * of
    return 0


def _is_total(expression: Expression) -> bool:
    """Return whether every number has a value: a fill then stands for missing ones only."""
    if isinstance(expression, Call):
        return expression.function not in _PARTIAL and all(_is_total(one) for one in expression.arguments)
    return not isinstance(expression, Fifth)


def is_even(expression: Expression) -> bool:
    """Return whether equal steps of the term are equal steps of the expression: a round bound on one is a round bound on the other."""
    if isinstance(expression, Call):
        return expression.function not in _PARTIAL and all(is_even(one) for one in expression.arguments)
    return True


def value_at(expression: Expression, x: float) -> float:
    """Return the expression where its one term measures ``x``; NaN for none."""
    return float(Program((expression,)).run(np.array([[x]]))[0][0])


def span_of(expression: Expression, at_least: float | None, below: float | None) -> Span | None:
    """Return the values of the term at which ``at_least`` ≤ expression < ``below`` and the expression is known; None: at no value.

    The expression must have a ``term_of``. Cost: some hundred evaluations.
    """

    def value(x: float) -> float:
        return value_at(expression, x)

    domain = _domain(value)
    if domain is None:
        return None
    is_rising = direction(expression) > 0
    first, last = domain
    reaches: Callable[[float], bool] = lambda x: at_least is None or value(x) >= at_least  # noqa: E731
    stays: Callable[[float], bool] = lambda x: below is None or value(x) < below  # noqa: E731
    opens, closes = (reaches, stays) if is_rising else (stays, reaches)
    if not opens(last) or not closes(first):
        return None
    low, high = _first(opens, first, last), _last(closes, first, last)
    if low > high:
        return None
    return Span(
        at_least=None if low == -LARGEST else low, below=None if high == LARGEST else float(np.nextafter(high, np.inf))
    )


def _domain(value: Callable[[float], float]) -> tuple[float, float] | None:
    """Return the first and the last number at which a monotone function is known."""

    def known(x: float) -> bool:
        return bool(np.isfinite(value(x)))

    inside = next((x for x in (0.0, 1.0, -1.0, 1e3, -1e3, 1e9, -1e9) if known(x)), None)
    if inside is None:
        return None
    return _first(known, -LARGEST, inside), _last(known, inside, LARGEST)


def _first(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return the least number in [low, high] that holds; it holds at ``high``, and from some number on."""
    if holds(low):
        return low
    left, right = _ordinal(low), _ordinal(high)
    while right - left > 1:
        middle = (left + right) // 2
        left, right = (left, middle) if holds(_number(middle)) else (middle, right)
    return _number(right)


def _last(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return the greatest number in [low, high] that holds; it holds at ``low``, and up to some number."""
    return -_first(lambda x: holds(-x), -high, -low)


def _ordinal(number: float) -> int:
    """Return a number's place among the floating-point numbers: neighbours have neighbouring places."""
    (bits,) = struct.unpack("<q", struct.pack("<d", number + 0.0))
    return int(bits) if bits >= 0 else -(int(bits) & 0x7FFF_FFFF_FFFF_FFFF)


def _number(ordinal: int) -> float:
    magnitude: float = struct.unpack("<d", struct.pack("<q", abs(ordinal)))[0]
    return magnitude if ordinal >= 0 else -magnitude
