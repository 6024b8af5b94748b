"""One feature as the readers see it: an expression over measured terms, or a category."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import DecodeError, Struct, json

from coterie.features.expressions import Expression
from coterie.segments.conditions.form import Context
from coterie.segments.core import Aggregate, Scalar, Selector, ValueTerm, Window
from coterie.values import canonical, normal


class Feature(Struct, frozen=True, kw_only=True):
    """One column. A number is its ``expression``. A category is the text of ``term``, or the label whose place (from 0) the
    expression gives."""

    name: str
    title: str = ""
    unit: str = ""
    kind: Literal["number", "category"] = "number"
    expression: Expression | None = None
    labels: tuple[str, ...] = ()
    term: ValueTerm | None = None


class Need(Struct, frozen=True):
    """One number that is read of a profile: a numeric column, or (``level``) 1 where a category is that level and 0 elsewhere.

    The level ``""`` asks whether the category is missing.
    """

    column: str
    level: str | None = None


class Question(Struct, frozen=True, kw_only=True):
    """Which values of a property are the most frequent in the population: asked once, and kept in the definition."""

    name: str
    selector: Selector
    field: str
    window: Window
    top: int


class Setting(Struct, frozen=True, kw_only=True):
    """What lowering a feature set needs beside it: the context of segments, and the numbers and levels that were frozen."""

    context: Context = Context()
    cuts: Mapping[str, tuple[float, ...]] = {}
    levels: Mapping[str, tuple[str, ...]] = {}

    @property
    def zone(self) -> str:
        return self.context.time_zone


def number(name: str, expression: Expression, title: str = "", unit: str = "") -> Feature:
    """Return a numeric feature."""
    return Feature(name=name, title=title, unit=unit, expression=expression)


def counted(selector: Selector, window: Window, zone: str) -> Aggregate:
    """Return the number of events."""
    return Aggregate("count", selector, "", window, zone)


def spellings(level: str) -> tuple[Scalar, ...]:
    """Return the JSON values whose text is ``level``: the text itself, and a number or truth that is written so.

    >>> spellings("5"), spellings("true"), spellings("red"), spellings("05")
    (('5', 5), ('true', True), ('red',), ('05',))
    """
    try:
        value = normal(json.decode(level))
    except DecodeError:
        return (level,)
    if isinstance(value, bool | int | float) and canonical(value) == level:
        return level, value
    return (level,)
