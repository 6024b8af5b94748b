"""Measures in one unit: 500 g and 0.5 kg are 0.5."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any

from coterie.errors import Problem
from coterie.governance.kinds.number import held, read
from coterie.governance.normal import Beside, Normal, Remembered, Unfit
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Name
from coterie.values import normal

_MEASURE = re.compile(r"\s*([-+]?[\d.,\s'\u00a0]*\d)\s*(\D.*?)?\s*")
_UNIT = re.compile(r"[^\W\d]{1,24}[23²³]?([/ _][^\W\d]{1,24}[23²³]?)?|%|°[CF]")
_UNFIT = Unfit("not a measure", "a number, or a number and a unit")
UNITS_MAX = 1_000
"""Spellings of units that are remembered."""


class Unit(Form, frozen=True, kw_only=True):
    """The unit in which a measure is kept."""

    to: Annotated[Name, Doc("The unit: kg, cm, litre, km/h, degC, day …")]
    from_: Annotated[
        Name | None, Doc("Unit of numbers that come without one; without it they cannot be made normal.")
    ] = None
    from_in: Annotated[Name | None, Doc("Property beside it that names the unit; it is `to` afterwards.")] = None


def prepared(form: Unit) -> Normal:
    """Return what the rule does. Raises: Problem for a unit that is none. Source: Pint's registry of units."""
    for name in (form.to, form.from_):
        if name is not None and _factors(name, form.to) is None:
            what = "no such unit" if name == form.to else f"no unit that can be told in {form.to}"
            raise Problem(what, received=name, allowed="a unit such as kg, cm, litre, km/h or degC")
    known: Mapping[str, tuple[float, float] | None] = Remembered(lambda name: _factors(name, form.to), UNITS_MAX)

    def make(value: Value, beside: Beside, at: int) -> Value | Unfit:
        number, name = _measure(value)
        if number is None:
            return _UNFIT
        told = beside.get(form.from_in) if form.from_in is not None else None
        name = name or (told if isinstance(told, str) else None) or form.from_
        if name is None:
            return Unfit("a measure without a unit", f"a unit that can be told in {form.to}")
        found = known[name]
        if found is None:
            return Unfit("no such unit", f"a unit that can be told in {form.to}")
        factor, offset = found
        if factor == 1.0 and offset == 0.0:
            return normal(number)
        made = held(float(f"{number * factor + offset:.12g}"))
        return _UNFIT if made is None else normal(made)

    sets = ((form.from_in, form.to),) if form.from_in is not None else ()
    return Normal(make, reads=(form.from_in,) if form.from_in else (), sets=sets)


def _measure(value: Value) -> tuple[int | float | None, str | None]:
    if not isinstance(value, str):
        return read(value), None
    found = _MEASURE.fullmatch(value)
    if found is None:
        return None, None
    number = read(found[1])
    return (read(found[1], ",") if number is None else number), found[2]


def _factors(name: str, to: str) -> tuple[float, float] | None:
    """Return (factor, offset) that turn a measure of ``name`` into one of ``to``; ``None`` when that cannot be."""
    for spelled in dict.fromkeys((name.strip(), name.strip().lower())):
        if not _UNIT.fullmatch(spelled):
            continue
        try:
            zero, one = (_registry().Quantity(number, spelled).to(to).magnitude for number in (0.0, 1.0))
        except _mistakes():
            continue
        return float(f"{one - zero:.15g}"), float(f"{zero:.15g}")
    return None


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()


@lru_cache(maxsize=1)
def _mistakes() -> tuple[type[Exception], ...]:
    import pint

    return (pint.errors.PintError, AttributeError, TypeError, ValueError, SyntaxError, ZeroDivisionError)
