"""A property or trait worked out for every row of a chunk: from a column with a type, an expression or a constant."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from coterie.connectors.column import Column, Refused
from coterie.connectors.instant_column import instants
from coterie.connectors.mapping import PropertyRule, TimeRule
from coterie.connectors.payload import json_of
from coterie.segments.instants import rfc3339
from coterie.values import normal

_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})


def property_column(rule: PropertyRule, columns: Mapping[str, Column], length: int, decimal: str = ".") -> Column:
    """Return the rule's value for every row; a value that is not of the rule's type is ``Refused``.

    ``decimal`` is the mark that text puts before the fraction of a number.
    """
    if rule.expression is not None:
        return _computed(rule, columns, length, decimal)
    if not rule.column:
        return Column.constant(normal(rule.constant), length)
    column = columns.get(rule.column)
    if column is None:
        return Column.constant(None, length)
    if rule.type == "instant":
        time = TimeRule(column=rule.column, format=rule.format, time_zone=rule.time_zone)
        return instants(column, time).map(rfc3339)
    read = _READERS.get(rule.type)
    if rule.type in ("number", "integer"):
        column = column.map(pointed(decimal))
    typed = column if read is None else column.map(read)
    return typed if rule.round is None else typed.map(lambda value: _rounded(value, rule.round or 0))


def pointed(decimal: str) -> Callable[[Any], Any]:
    """Return a function that gives the text of a number its decimal point, and takes the marks between thousands away."""
    if decimal == ".":
        return lambda value: value
    return lambda value: value.replace(".", "").replace(",", ".") if isinstance(value, str) else value


def as_number(value: Any) -> float | Refused:
    """Return the number that a value is or spells, finite; else ``Refused``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return Refused(f"{value!r} is not a number")
    try:
        number = float(value)
    except ValueError:
        return Refused(f"{value!r} is not a number")
    return number if math.isfinite(number) else Refused(f"{value!r} is not a finite number")


def as_integer(value: Any) -> int | Refused:
    """Return the whole number that a value is or spells; else ``Refused``."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            return int(value)
        except ValueError:
            pass
    number = as_number(value)
    if isinstance(number, Refused) or not number.is_integer():
        return Refused(f"{value!r} is not a whole number")
    return int(number)


def _boolean(value: Any) -> bool | Refused:
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return Refused(f"{value!r} is not true or false")


def _text(value: Any) -> str | Refused:
    if isinstance(value, str):
        return value
    return (
        Refused(f"{value!r} is not text")
        if isinstance(value, dict | list)
        else msgspec.json.encode(normal(value)).decode()
    )


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json_of(value.encode())
    except (msgspec.DecodeError, UnicodeEncodeError):
        return Refused(f"{value!r} is not JSON")


def _rounded(value: Any, digits: int) -> Any:
    return round(value, digits) if isinstance(value, float) else value


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "integer": as_integer,
    "number": as_number,
    "boolean": _boolean,
    "json": _json,
}


def _computed(rule: PropertyRule, columns: Mapping[str, Column], length: int, decimal: str) -> Column:
    assert rule.expression is not None
    absent = Column.constant(None, length)
    read = {name: columns.get(name, absent).map(pointed(decimal)).map(as_number) for name in rule.expression.columns}
    result = np.broadcast_to(rule.expression.evaluate({name: one.numbers() for name, one in read.items()}), (length,))
    if rule.round is not None:
        result = np.round(result, rule.round)
    distinct, codes = np.unique(result, return_inverse=True)
    values: list[Any] = [None if math.isnan(one) else one for one in distinct.tolist()]
    for name, one in read.items():
        wrong = one.refused()
        if wrong.any():
            values.append(Refused(f"{name}: {one.at(int(wrong.argmax())).why}"))
            codes = np.where(wrong, len(values) - 1, codes)
    return Column(codes.astype(np.int64), values)
