"""Operators on one JSON value: a trait, a property of an event, or a field of an object in a list.

Several operators on one value must all hold. ``not_equals``, ``not_in``, ``not_contains``, ``missing`` and
``includes_none`` are plain complements: true for a value that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.words import Doc, Instant, Name, Number, Plain, Regex, SemVer, Text, number


class NearPoint(Form, frozen=True, kw_only=True):
    """A circle on the Earth."""

    lat: Annotated[float, number(None, 90, least=-90), Doc("Latitude in degrees.")]
    lon: Annotated[float, number(None, 180, least=-180), Doc("Longitude in degrees.")]
    within_m: Annotated[float, number(0, 25_000_000), Doc("Great-circle distance in metres, both ends inside.")]


class VersionOperators(Form, frozen=True, kw_only=True):
    """Bounds on a semantic version, by SemVer precedence."""

    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("equals",), ("less_than",), ("at_most",), ("greater_than",), ("at_least",)), least=1, most=2),
        Choice((("equals",), ("less_than", "at_most", "greater_than", "at_least"))),
        Choice((("less_than",), ("at_most",))),
        Choice((("greater_than",), ("at_least",))),
    )

    equals: Annotated[SemVer | None, Doc("The same precedence (build metadata does not count).")] = None
    less_than: Annotated[SemVer | None, Doc("Before this version.")] = None
    at_most: Annotated[SemVer | None, Doc("This version or before.")] = None
    greater_than: Annotated[SemVer | None, Doc("After this version.")] = None
    at_least: Annotated[SemVer | None, Doc("This version or after.")] = None


def between_flaw(between: tuple[float, float] | None) -> Flaw | None:
    if between is not None and between[0] > between[1]:
        return Flaw("the lower end is above the upper end", "between", list(between), "[lower, upper]")
    return None


def bounds_flaw(
    at_least: float | None, greater_than: float | None, at_most: float | None, less_than: float | None
) -> Flaw | None:
    lows = [bound for bound in (at_least, greater_than) if bound is not None]
    highs = [bound for bound in (at_most, less_than) if bound is not None]
    if not lows or not highs or max(lows) < min(highs):
        return None
    if max(lows) == min(highs) and greater_than is None and less_than is None:
        return None
    return Flaw(
        "no number satisfies both bounds",
        "at_least" if at_least is not None else "greater_than",
        max(lows),
        f"a lower bound below {min(highs):g}",
    )


def _nested(element: Mapping[str, object] | None) -> Flaw | None:
    for key, tests in (element or {}).items():
        if isinstance(tests, ValueOperators) and tests.element is not None:
            return Flaw("a list inside an element of a list cannot be tested", f"element.{key}.element")
    return None


ANY_OPERATOR = Choice(
    tuple(
        (name,)
        for name in (
            *("equals", "not_equals", "in", "not_in", "less_than", "at_most", "greater_than", "at_least", "between"),
            *("contains", "not_contains", "starts_with", "ends_with", "matches", "exists", "missing", "includes"),
            *("includes_all", "includes_any", "includes_none", "element", "near", "version", "before", "after"),
        )
    ),
    least=1,
    most=24,
    hint="say what the value must be, such as equals: pro",
)


class ValueOperators(Form, frozen=True, kw_only=True):
    """Tests of a value."""

    spread: ClassVar[bool] = True
    choices: ClassVar[tuple[Choice, ...]] = (
        ANY_OPERATOR,
        Choice((("exists",), ("missing",)), hint="they are opposites"),
        Choice((("at_least",), ("greater_than",), ("between",)), hint="keep one lower bound"),
        Choice((("at_most",), ("less_than",), ("between",)), hint="keep one upper bound"),
        Choice((("missing",), ("equals",), ("in",), ("between",)), hint="one of them decides alone"),
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(("between",), between_flaw),
        Check(("at_least", "greater_than", "at_most", "less_than"), bounds_flaw),
        Check(("element",), _nested),
    )

    equals: Annotated[Plain | None, Doc('The same value: 1 equals 1.0, but not the text "1".')] = None
    not_equals: Annotated[Plain | None, Doc("Not the same value, or missing.")] = None
    in_: Annotated[tuple[Plain, ...] | None, Doc("One of these values.")] = None
    not_in: Annotated[tuple[Plain, ...] | None, Doc("None of these values, or missing.")] = None
    less_than: Annotated[Number | None, Doc("A number below this one.")] = None
    at_most: Annotated[Number | None, Doc("A number up to this one.")] = None
    greater_than: Annotated[Number | None, Doc("A number above this one.")] = None
    at_least: Annotated[Number | None, Doc("A number from this one on.")] = None
    between: Annotated[tuple[Number, Number] | None, Doc("A number from the first to the second, both inside.")] = None
    contains: Annotated[Text | None, Doc("Text with this inside, case-sensitive; a number counts by its digits.")] = (
        None
    )
    not_contains: Annotated[Text | None, Doc("No text with this inside, or missing.")] = None
    starts_with: Annotated[Text | None, Doc("Text that begins so.")] = None
    ends_with: Annotated[Text | None, Doc("Text that ends so.")] = None
    matches: Annotated[Regex | None, Doc("RE2 finds this expression somewhere in the text.")] = None
    exists: Annotated[Literal[True] | None, Doc("There is a value: not null, not empty text.")] = None
    missing: Annotated[Literal[True] | None, Doc("There is no value.")] = None
    includes: Annotated[Plain | None, Doc("A list with this value in it.")] = None
    includes_all: Annotated[tuple[Plain, ...] | None, Doc("A list with all of these in it.")] = None
    includes_any: Annotated[tuple[Plain, ...] | None, Doc("A list with at least one of these in it.")] = None
    includes_none: Annotated[tuple[Plain, ...] | None, Doc("No list with any of these in it, or missing.")] = None
    element: Annotated[
        dict[Name, Plain | ValueOperators] | None,
        Doc("A list of objects one of which passes all these tests of its fields."),
    ] = None
    near: Annotated[NearPoint | None, Doc("A point `{lat, lon}` in this circle.")] = None
    version: Annotated[VersionOperators | None, Doc("Text that is a semantic version in these bounds.")] = None
    before: Annotated[Instant | None, Doc("A date or instant before this one.")] = None
    after: Annotated[Instant | None, Doc("A date or instant at or after this one.")] = None
