"""What each value operator means in core tests, and how it is said: one row per operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from coterie.segments import core
from coterie.segments.conditions.operators import NearPoint, ValueOperators, VersionOperators
from coterie.segments.conditions.speech import figure, listed, named, valued
from coterie.segments.conditions.words import Plain
from coterie.segments.instants import instant_of
from coterie.values import normal


class Meaning(Struct, frozen=True):
    """The tests of one operator (all must hold), their complement when ``negate``, and the words after the name."""

    tests: Callable[[Any, str], tuple[core.Test, ...]]
    says: Callable[[Any], str]
    negate: bool = False


def scalar(value: Plain) -> core.Scalar:
    """Return a written scalar in its one canonical form."""
    return normal(value)  # type: ignore[return-value]


def _scalars(values: tuple[Plain, ...]) -> tuple[core.Scalar, ...]:
    return tuple(scalar(value) for value in values)


def _says_any(values: tuple[Plain, ...], word: str = "or") -> str:
    return listed([valued(value) for value in values], word)


def _moment(text: str, time_zone: str) -> int:
    at = instant_of(text, time_zone)
    if at is None:
        raise ValueError(f"{text!r} is no instant")
    return at


_VERSION_OPS = {"equals": "=", "less_than": "<", "at_most": "<=", "greater_than": ">", "at_least": ">="}


def _versions(bounds: VersionOperators, time_zone: str) -> tuple[core.Test, ...]:
    written = ((op, getattr(bounds, name)) for name, op in _VERSION_OPS.items())
    return tuple(core.Version(op, text) for op, text in written if text is not None)  # type: ignore[arg-type]


def _says_versions(bounds: VersionOperators) -> str:
    words = {"equals": "", "less_than": "before ", "at_most": "up to ", "greater_than": "after ", "at_least": "from "}
    said = [f"{word}{getattr(bounds, name)}" for name, word in words.items() if getattr(bounds, name) is not None]
    return f"is version {listed(said, 'and')}"


def _says_near(point: NearPoint) -> str:
    return f"lies within {figure(point.within_m)} m of ({figure(point.lat)}, {figure(point.lon)})"


def _order(op: Any) -> Callable[[float, str], tuple[core.Test, ...]]:
    return lambda bound, _: (core.Order(op, float(bound)),)


def _text(op: Any) -> Callable[[str, str], tuple[core.Test, ...]]:
    return lambda text, _: (core.Text(op, text),)


MEANINGS: dict[str, Meaning] = {
    "equals": Meaning(lambda v, _: (core.Equals(scalar(v)),), lambda v: f"is {valued(v)}"),
    "not_equals": Meaning(lambda v, _: (core.Equals(scalar(v)),), lambda v: f"is not {valued(v)}", True),
    "in_": Meaning(lambda v, _: (core.OneOf(_scalars(v)),), lambda v: f"is {_says_any(v)}"),
    "not_in": Meaning(lambda v, _: (core.OneOf(_scalars(v)),), lambda v: f"is not {_says_any(v)}", True),
    "at_least": Meaning(_order(">="), lambda v: f"is at least {figure(v)}"),
    "greater_than": Meaning(_order(">"), lambda v: f"is above {figure(v)}"),
    "less_than": Meaning(_order("<"), lambda v: f"is below {figure(v)}"),
    "at_most": Meaning(_order("<="), lambda v: f"is at most {figure(v)}"),
    "between": Meaning(
        lambda v, _: (core.Order(">=", float(v[0])), core.Order("<=", float(v[1]))),
        lambda v: f"is from {figure(v[0])} to {figure(v[1])}",
    ),
    "contains": Meaning(_text("contains"), lambda v: f"contains {valued(v)}"),
    "not_contains": Meaning(_text("contains"), lambda v: f"does not contain {valued(v)}", True),
    "starts_with": Meaning(_text("starts_with"), lambda v: f"starts with {valued(v)}"),
    "ends_with": Meaning(_text("ends_with"), lambda v: f"ends with {valued(v)}"),
    "matches": Meaning(lambda v, _: (core.Matches(v),), lambda v: f"matches /{v}/"),
    "exists": Meaning(lambda v, _: (core.Exists(),), lambda v: "is known"),
    "missing": Meaning(lambda v, _: (core.Exists(),), lambda v: "is missing", True),
    "includes": Meaning(lambda v, _: (core.Includes("any", (scalar(v),)),), lambda v: f"includes {valued(v)}"),
    "includes_all": Meaning(
        lambda v, _: (core.Includes("all", _scalars(v)),), lambda v: f"includes {_says_any(v, 'and')}"
    ),
    "includes_any": Meaning(lambda v, _: (core.Includes("any", _scalars(v)),), lambda v: f"includes {_says_any(v)}"),
    "includes_none": Meaning(
        lambda v, _: (core.Includes("any", _scalars(v)),), lambda v: f"does not include {_says_any(v)}", True
    ),
    "element": Meaning(
        lambda v, zone: (core.Element(fields_of(v, zone)),), lambda v: f"has an element where {says_fields(v)}"
    ),
    "near": Meaning(lambda v, _: (core.Near(v.lat, v.lon, v.within_m),), _says_near),
    "version": Meaning(_versions, _says_versions),
    "after": Meaning(lambda v, zone: (core.Moment(">=", _moment(v, zone), zone),), lambda v: f"is {v} or later"),
    "before": Meaning(lambda v, zone: (core.Moment("<", _moment(v, zone), zone),), lambda v: f"is before {v}"),
}
"""Every field of ``ValueOperators``, in the order in which it is said."""

_OPPOSITES = {
    "equals": "not_equals",
    "in_": "not_in",
    "contains": "not_contains",
    "exists": "missing",
    "includes_any": "includes_none",
}
OPPOSITES = _OPPOSITES | {opposite: name for name, opposite in _OPPOSITES.items()}


def tests_of(operators: Plain | ValueOperators, time_zone: str) -> tuple[tuple[core.Test, bool], ...]:
    """Return the tests that must all hold, each with whether its complement is meant."""
    if not isinstance(operators, ValueOperators):
        return ((core.Equals(scalar(operators)), False),)
    return tuple(
        (test, meaning.negate)
        for name, meaning in MEANINGS.items()
        if (written := getattr(operators, name)) is not None
        for test in meaning.tests(written, time_zone)
    )


def node_of(term: core.ValueTerm, operators: ValueOperators, time_zone: str) -> core.Node:
    """Return the node that says the term's value passes every operator."""
    nodes: list[core.Node] = [
        core.Not(core.Holds(term, test)) if negate else core.Holds(term, test)
        for test, negate in tests_of(operators, time_zone)
    ]
    return nodes[0] if len(nodes) == 1 else core.All(tuple(nodes))


def fields_of(where: Mapping[str, Plain | ValueOperators], time_zone: str) -> tuple[core.Field, ...]:
    """Return the tests of several fields of one object."""
    return tuple(
        core.Field(key, test, negate)
        for key, operators in where.items()
        for test, negate in tests_of(operators, time_zone)
    )


def says_value(operators: Plain | ValueOperators) -> str:
    """Return what follows a name: ``is at least 5 and is at most 9``."""
    if not isinstance(operators, ValueOperators):
        return f"is {valued(operators)}"
    said = [m.says(v) for name, m in MEANINGS.items() if (v := getattr(operators, name)) is not None]
    return listed(said, "and")


def says_opposite(operators: ValueOperators) -> str:
    """Return the words of the complement, or nothing when it takes more than one operator to say."""
    written = [name for name in MEANINGS if getattr(operators, name) is not None]
    if len(written) != 1 or written[0] not in OPPOSITES:
        return ""
    return MEANINGS[OPPOSITES[written[0]]].says(getattr(operators, written[0]))


def says_fields(where: Mapping[str, Plain | ValueOperators]) -> str:
    """Return several fields in words: ``value is above 10 and colour is "red"``."""
    return listed([f"{named(key)} {says_value(operators)}" for key, operators in where.items()], "and")
