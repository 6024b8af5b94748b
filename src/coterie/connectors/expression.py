"""Arithmetic over columns in a mapping, such as ``Quantity * UnitPrice``: a closed set, nothing is ever executed as code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from coterie.errors import Problem

Numbers = np.ndarray[Any, np.dtype[np.float64]]

_OPERATORS: dict[type[ast.operator], Callable[[Numbers, Numbers], Numbers]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_FUNCTIONS: dict[str, Callable[..., Numbers]] = {
    "abs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "min": np.minimum,
    "max": np.maximum,
}
ALLOWED = "numbers, column names (in backticks if they hold spaces), + - * / ( ) and " + ", ".join(sorted(_FUNCTIONS))


class Expression:
    """A parsed expression. ``columns`` are the names it reads; its value is missing where one of them is.

    >>> Expression("Quantity * `Unit price`").columns
    ('Quantity', 'Unit price')
    """

    def __init__(self, text: str, where: str = "") -> None:
        self.text, self._where = text, where
        self._names: dict[str, str] = {}
        try:
            self._tree = ast.parse(self._quoted(text), mode="eval").body
        except SyntaxError as error:
            raise self._problem("the expression cannot be read") from error
        found: dict[str, None] = {}
        self._check(self._tree, found)
        self.columns = tuple(found)

    def evaluate(self, columns: Mapping[str, Numbers]) -> Numbers:
        """Return (n,) float64, NaN where a column is missing or the result is not finite."""
        with np.errstate(all="ignore"):
            result = np.asarray(self._value(self._tree, columns), dtype=np.float64)
        return np.where(np.isfinite(result), result, np.nan)

    def _quoted(self, text: str) -> str:
        pieces = text.split("`")
        for place in range(1, len(pieces), 2):
            stand_in = f"_column_{place}"
            self._names[stand_in] = pieces[place]
            pieces[place] = stand_in
        return "".join(pieces).strip()

    def _problem(self, what: str) -> Problem:
        return Problem(what, where=self._where, received=self.text, allowed=ALLOWED)

    def _check(self, node: ast.expr, found: dict[str, None]) -> None:
        match node:
            case ast.Name(id=name):
                found[self._names.get(name, name)] = None
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                pass
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                self._check(left, found)
                self._check(right, found)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                self._check(operand, found)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
                if len(args) != (2 if name in ("min", "max") else 1):
                    raise self._problem(f"{name} takes another number of arguments")
                for one in args:
                    self._check(one, found)
            case _:
                raise self._problem(f"not allowed in an expression: {ast.unparse(node)}")

    def _value(self, node: ast.expr, columns: Mapping[str, Numbers]) -> Any:
        match node:
            case ast.Name(id=name):
                return columns[self._names.get(name, name)]
            case ast.Constant(value=number):
                return float(number)  # type: ignore[arg-type]
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](self._value(left, columns), self._value(right, columns))
            case ast.UnaryOp(op=op, operand=operand):
                value = self._value(operand, columns)
                return -value if isinstance(op, ast.USub) else value
            case ast.Call(func=ast.Name(id=name), args=args):
                return _FUNCTIONS[name](*(self._value(one, columns) for one in args))
        raise self._problem("the expression cannot be read")
