"""Numbers that came as text."""

from __future__ import annotations

import re
from math import isfinite
from typing import Annotated, Literal

from coterie.governance.normal import Normal, Unfit, plain
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc
from coterie.values import normal

_PLAIN = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?")
_BLANKS = re.compile(r"[\s\u00a0\u202f'_]")

FLOAT_BITS = 1_023
"""Whole numbers of more bits are no floats."""


class Number(Form, frozen=True, kw_only=True):
    """How numbers are written in text."""

    decimal: Annotated[
        Literal[".", ","],
        Doc("What stands before the decimals, a point when not said; the other one may group digits."),
    ] = "."


def prepared(form: Number) -> Normal:
    """Return what the rule does."""

    def make(value: Value) -> Value | Unfit:
        number = read(value, form.decimal)
        return Unfit("not a number", "digits") if number is None else normal(number)

    return plain(make)


def read(value: Value, decimal: str = ".") -> int | float | None:
    """Return the number that a value is or that its text says, ``None`` if there is none, or none that a float can hold.

    >>> read("1 234,50", ","), read("1,234.5"), read("1,2"), read("12 kg")
    (1234.5, 1234.5, None, None)
    """
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else held(value)
    if not isinstance(value, str):
        return None
    text = _BLANKS.sub("", value)
    group = "," if decimal == "." else "."
    if group in text:
        whole, *groups = text.partition(decimal)[0].split(group)
        if not whole.lstrip("+-") or any(len(one) != 3 for one in groups):
            return None
        text = text.replace(group, "")
    text = text.replace(decimal, ".")
    if not _PLAIN.fullmatch(text):
        return None
    return int(text) if text.lstrip("+-").isdigit() and len(text) < 16 else held(float(text))


def held(number: int | float) -> int | float | None:
    """Return a number, ``None`` for one that is too large for a float: it would be a missing value.

    >>> held(5), held(1e308 * 10), held(10**400)
    (5, None, None)
    """
    if type(number) is int:
        return number if number.bit_length() <= FLOAT_BITS else None
    return number if isfinite(number) else None
