"""Mappings read from YAML, with every mistake told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from coterie.connectors.expression import Expression
from coterie.connectors.form import Form
from coterie.connectors.mapping import (
    FORMATS,
    TYPES,
    EventRule,
    IdentifierRule,
    IdRule,
    Layout,
    Mapping,
    ProfileRule,
    PropertyRule,
    TimeRule,
    WhenRule,
)
from coterie.errors import InvalidDefinition, NotFound, Problem, nearest
from coterie.segments.core import Equals, Exists, Matches, OneOf, Order, Test, Text

_NUMBER_OPERATORS: dict[str, Literal["<", "<=", ">", ">="]] = {
    "less_than": "<",
    "at_most": "<=",
    "greater_than": ">",
    "at_least": ">=",
}
_TEXT_OPERATORS: tuple[Literal["contains", "starts_with", "ends_with"], ...] = ("contains", "starts_with", "ends_with")
OPERATORS = (
    *("equals", "not_equals", "in", "not_in", "exists", "missing", "matches"),
    *_TEXT_OPERATORS,
    *_NUMBER_OPERATORS,
)


def load_mapping(path: str | Path) -> Mapping:
    """Return the mapping in the YAML file ``path``. Raises: NotFound, InvalidDefinition with every problem."""
    file = Path(path)
    if not file.is_file():
        raise NotFound(f"no mapping file {file}")
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InvalidDefinition([Problem("not readable as YAML", where=str(file), received=str(error))]) from error
    return parse_mapping(data, str(file))


def parse_mapping(data: object, where: str = "mapping") -> Mapping:
    """Return the mapping that ``data`` says. Raises: InvalidDefinition with every problem."""
    problems: list[Problem] = []
    form = Form(data, "", problems)
    zone = _zone(form, "UTC")
    mapping = Mapping(
        source=form.text("source"),
        layout=_layout(form),
        profile=_profile(form),
        identifiers=form.entries("identifiers", lambda kind, one, at: _identifier(kind, one, at, problems)),
        occurred_at=_time(form.raw("occurred_at"), form, "occurred_at", zone),
        received_at=_received(form, zone),
        id=_id(form),
        events=_events(form, zone),
        also=form.each("also", lambda one, at: _event(one, at, problems, zone)),
        unmatched="skip" if form.text("unmatched", "quarantine", ("quarantine", "skip")) == "skip" else "quarantine",
        properties=form.entries("properties", lambda key, one, at: _property(key, one, at, problems, zone)),
        spread=form.text("spread") if form.has("spread") else None,
        traits=form.entries("traits", lambda key, one, at: _property(key, one, at, problems, zone)),
        traits_as="set" if form.text("traits_as", "identify", ("identify", "set")) == "set" else "identify",
    )
    form.close()
    if problems:
        placed = [
            Problem(p.what, where=f"{where}: {p.where}", received=p.received, allowed=p.allowed, hint=p.hint)
            for p in problems
        ]
        raise InvalidDefinition(placed)
    return mapping


def _zone(form: Form, default: str) -> str:
    name = form.text("time_zone", default)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        form.wrong("unknown time zone", name, "a name of the IANA database, such as Europe/Oslo", at="time_zone")
        return default
    return name


def _layout(form: Form) -> Layout:
    text = form.text("format", "", ("", *FORMATS))
    csv = Form(form.raw("csv") or {}, "csv", form.problems)
    layout = Layout(
        format=text,
        delimiter=csv.text("delimiter", ","),
        quote=csv.text("quote", '"'),
        encoding=csv.text("encoding", "utf-8"),
        decimal=csv.text("decimal", ".", (".", ",")),
        columns=csv.texts("columns") or form.texts("columns"),
        missing=form.texts("missing", ("",)),
        sheet=form.text("sheet", ""),
    )
    csv.close()
    if len(layout.delimiter) != 1:
        csv.wrong("not one character", layout.delimiter, "one character", at="delimiter")
    if text == "columns" and not layout.columns:
        form.wrong("missing", None, "the names of the columns", at="columns")
    return layout


def _profile(form: Form) -> ProfileRule:
    value = form.raw("profile")
    if isinstance(value, str):
        return ProfileRule(column=value)
    if value is None:
        if not form.has("identifiers"):
            form.wrong("missing", None, "a column, or {column, prefix, anonymous}", at="profile")
        return ProfileRule(column="")
    inner = Form(value, "profile", form.problems)
    anonymous = inner.raw("anonymous")
    rule = ProfileRule(column=inner.text("column"), prefix=inner.text("prefix", ""))
    if anonymous is not None:
        deeper = Form(
            {"column": anonymous} if isinstance(anonymous, str) else anonymous, "profile.anonymous", form.problems
        )
        rule = ProfileRule(
            column=rule.column,
            prefix=rule.prefix,
            anonymous=deeper.text("column"),
            anonymous_prefix=deeper.text("prefix", "anonymous-"),
        )
        deeper.close()
    inner.close()
    return rule


def _identifier(kind: str, value: Any, where: str, problems: list[Problem]) -> IdentifierRule:
    if isinstance(value, str):
        return IdentifierRule(kind=kind, column=value)
    form = Form(value, where, problems)
    rule = IdentifierRule(kind=kind, column=form.text("column"), prefix=form.text("prefix", ""))
    form.close()
    return rule


def _time(value: Any, form: Form, name: str, zone: str) -> TimeRule:
    if isinstance(value, str):
        return TimeRule(column=value, time_zone=zone)
    if value is None:
        form.wrong("missing", None, "a column, or {column, format, time_zone, otherwise}", at=name)
        return TimeRule(column="")
    inner = Form(value, name, form.problems)
    rule = TimeRule(
        column=inner.text("column"),
        format=inner.text("format", "iso"),
        time_zone=_zone(inner, zone),
        otherwise=inner.text("otherwise", ""),
    )
    inner.close()
    return rule


def _received(form: Form, zone: str) -> TimeRule | Literal["occurred_at", "now"]:
    value = form.raw("received_at")
    if value is None or value == "occurred_at":
        return "occurred_at"
    return "now" if value == "now" else _time(value, form, "received_at", zone)


def _id(form: Form) -> IdRule:
    value = form.raw("id")
    if value is None or value == "content":
        return IdRule()
    if isinstance(value, str):
        return IdRule(columns=(value,))
    inner = Form(value, "id", form.problems)
    rule = IdRule(columns=inner.texts("columns") or inner.texts("column"), prefix=inner.text("prefix", ""))
    if not rule.columns:
        inner.wrong("missing", None, "content, a column, or {columns: [column, …], prefix}", at="columns")
    inner.close()
    return rule


def _events(form: Form, zone: str) -> tuple[EventRule, ...]:
    value = form.raw("event")
    rules = form.each("events", lambda one, at: _event(one, at, form.problems, zone))
    if value is not None and rules:
        form.wrong("both event and events", None, "one of the two", at="event")
    if value is not None:
        return (_event({"name": value}, "event", form.problems, zone),)
    if not form.has("events"):
        form.wrong("missing", None, "a name, {column, names}, or events: [{name, when}, …]", at="event")
    return rules


def _event(value: Any, where: str, problems: list[Problem], zone: str) -> EventRule:
    form = Form(value, where, problems)
    name = form.raw("name")
    when = tuple(test for tests in form.entries("when", lambda c, o, at: _when(c, o, at, problems)) for test in tests)
    properties = form.entries("properties", lambda key, one, at: _property(key, one, at, problems, zone))
    form.close()
    if isinstance(name, dict):
        inner = Form(name, f"{where}.name" if where != "event" else where, problems)
        column = inner.text("column")
        names = dict(inner.entries("names", lambda key, one, _: (key, str(one))))
        inner.close()
        return EventRule(column=column, names=names, when=when, properties=properties)
    if not isinstance(name, str) or not name:
        form.wrong("not a name of an event", name, "a name, or {column, names}", at="" if where == "event" else "name")
        return EventRule()
    return EventRule(name=name, when=when, properties=properties)


def _property(key: str, value: Any, where: str, problems: list[Problem], zone: str) -> PropertyRule:
    if isinstance(value, str):
        return PropertyRule(key=key, column=value)
    form = Form(value, where, problems)
    given = [name for name in ("column", "expression", "constant") if form.has(name)]
    if len(given) != 1:
        form.wrong("exactly one origin is needed", given, "column | expression | constant")
    expression = None
    if "expression" in given:
        try:
            expression = Expression(form.text("expression"), f"{where}.expression")
        except Problem as problem:
            problems.append(problem)
    rule = PropertyRule(
        key=key,
        column=form.text("column") if "column" in given else "",
        type=form.text("type", "as_is", TYPES),
        format=form.text("format", "iso"),
        time_zone=_zone(form, zone),
        expression=expression,
        constant=form.raw("constant"),
        round=form.whole("round"),
        required=form.flag("required"),
    )
    form.close()
    return rule


def _when(column: str, value: Any, where: str, problems: list[Problem]) -> tuple[WhenRule, ...]:
    if not isinstance(value, dict):
        value = {"equals": value}
    rules = []
    for operator, operand in value.items():
        found = _test(str(operator), operand)
        if found is None:
            hint = nearest(str(operator), OPERATORS)
            problems.append(
                Problem(
                    "unknown operator or operand",
                    where=where,
                    received={operator: operand},
                    allowed=", ".join(OPERATORS),
                    hint=hint,
                )
            )
        else:
            rules.append(WhenRule(column=column, test=found[0], negate=found[1]))
    return tuple(rules)


def _test(operator: str, operand: Any) -> tuple[Test, bool] | None:
    scalar = isinstance(operand, str | int | float | bool)
    if operator in ("equals", "not_equals") and scalar:
        return Equals(operand), operator == "not_equals"
    if operator in ("in", "not_in") and isinstance(operand, list):
        return OneOf(tuple(operand)), operator == "not_in"
    if operator in ("exists", "missing") and isinstance(operand, bool):
        return Exists(), (operator == "missing") == operand
    if operator in _NUMBER_OPERATORS and scalar and not isinstance(operand, str | bool):
        return Order(_NUMBER_OPERATORS[operator], float(operand)), False
    if operator in _TEXT_OPERATORS and isinstance(operand, str):
        return Text(operator, operand), False
    if operator == "matches" and isinstance(operand, str):
        return Matches(operand), False
    return None
