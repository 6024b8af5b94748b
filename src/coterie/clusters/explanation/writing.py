"""Terms of the algebra, bounded, as the conditions that people write: what is written is read again, and must mean the same."""

from __future__ import annotations

import math
from typing import Any

from coterie.clusters.explanation.preimages import Span
from coterie.errors import InvalidDefinition, Problem
from coterie.segments import core
from coterie.segments.conditions.form import Context
from coterie.segments.durations import text_of
from coterie.segments.instants import rfc3339
from coterie.segments.measures import Measurable
from coterie.segments.moments import is_timed, split
from coterie.segments.parse import parse_condition

Data = dict[str, Any]
WHOLE_KINDS = frozenset({"count", "distinct", "days", "repeats", "sessions"})
"""Aggregates that are whole numbers from 0 on."""
NEVER_MISSING = WHOLE_KINDS | {"sum", "active_seconds"}


class Unwritable(Exception):
    """There is no condition that says this; the text says why."""


def spanned(term: Measurable, span: Span, context: Context) -> Data:
    """Return the condition: the term is known and inside the span. Raises: Unwritable."""
    if isinstance(term, core.Aggregate):
        return _aggregate(term, span, context)
    if isinstance(term, core.Elapsed):
        return _elapsed(term, span, context)
    if isinstance(term, core.Trait):
        return {"trait": {"name": term.name, **(_bounds(span) or {"between": [-1e308, 1e308]})}}
    if isinstance(term, core.Compare | core.Holds | core.InSegment):
        return _leaf(term, span, context)
    raise Unwritable("no condition compares this with a number")


def among(term: core.ValueTerm, levels: tuple[core.Scalar, ...], negate: bool, missing: bool, context: Context) -> Data:
    """Return the condition: the value is (``negate``: is not) one of ``levels``, or it is ``missing`` where that counts. Raises: Unwritable."""
    operators: Data = {"not_in" if negate else "in": list(levels)}
    if negate and not missing:
        operators["exists"] = True
    data = _valued(term, operators, context)
    return data if negate or not missing else {"any": [data, _valued(term, {"missing": True}, context)]}


def _valued(term: core.ValueTerm, operators: Data, context: Context) -> Data:
    if isinstance(term, core.Trait):
        return {"trait": {"name": term.name, **operators}}
    return _checked({"aggregate": {**_measure(term, context), **operators}}, term, context)


# ── numbers from events ──────────────────────────────────────────────────────────────────────────────────────


def _aggregate(term: core.Aggregate, span: Span, context: Context) -> Data:
    span = _whole(span) if term.kind in WHOLE_KINDS else span
    if term.kind in WHOLE_KINDS and span.at_least is not None and span.at_least <= 0:
        span = Span(below=span.below)
    bounds = _bounds(span)
    measure = _measure(term, context)
    if bounds:
        return _checked({"aggregate": {**measure, **bounds}}, term, context)
    if term.kind in NEVER_MISSING:
        return {"everyone": {}}
    known = [{"aggregate": {**measure, **part}} for part in ({"at_least": 0}, {"less_than": 0})]
    return {"any": [_checked(one, term, context) for one in known]}


def _bounds(span: Span) -> Data:
    found = {"at_least": span.at_least, "less_than": span.below}
    return {word: _plain(number) for word, number in found.items() if number is not None}


def _plain(number: float) -> float | int:
    """Return a whole number without its point: 42, not 42.0."""
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _whole(span: Span) -> Span:
    """Return the span of whole numbers that are in a span."""
    ends = (None if end is None else float(math.ceil(end)) for end in (span.at_least, span.below))
    return Span(at_least=next(ends), below=next(ends))


def _measure(term: core.Aggregate, context: Context) -> Data:
    """Return the aggregate in the words of conditions, without bounds."""
    data: Data = {"kind": term.kind}
    if term.field:
        data["property"] = split(term.field)[0] if is_timed(term.field) else term.field
    selector = term.selector
    if term.kind in ("first", "latest") and selector.where[-1:] == (core.Field(term.field, core.Exists()),):
        selector = core.Selector(selector.names, selector.pattern, selector.where[:-1])
    data |= _picker(selector) | _window(term.window)
    if term.gap_us != core.SESSION_GAP_US:
        data["gap"] = _length(term.gap_us)
    return data | ({} if term.time_zone == context.time_zone else {"time_zone": term.time_zone})


def _window(window: core.Window) -> Data:
    if isinstance(window, core.Rolling):
        if window.older_us is None:
            return {}
        if not window.newer_us:
            return {"within": _length(window.older_us)}
        return {"between_ago": [_length(window.older_us), _length(window.newer_us)]}
    if isinstance(window, core.Absolute):
        ends = {"after": window.after, "before": window.before}
        return {word: rfc3339(at) for word, at in ends.items() if at is not None}
    during = {"calendar": window.unit, "last": window.count, "offset": window.offset}
    return {"during": during}


def _length(us: int) -> str:
    try:
        return text_of(us)
    except ValueError as error:
        raise Unwritable(str(error)) from error


# ── which events ─────────────────────────────────────────────────────────────────────────────────────────────

_ORDERS = {">=": "at_least", ">": "greater_than", "<=": "at_most", "<": "less_than"}


def _picker(selector: core.Selector) -> Data:
    names: Any = selector.names[0] if len(selector.names) == 1 else list(selector.names)
    data: Data = {"like": selector.pattern} if selector.pattern else {"event": names if selector.names else "any"}
    where: dict[str, Data] = {}
    for field in selector.where:
        key = split(field.key)[0] if is_timed(field.key) else field.key
        where.setdefault(key, {}).update(_operator(field))
    return data | ({"where": where} if where else {})


def _operator(field: core.Field) -> Data:
    """Return one test of a property as the operator that means it. Raises: Unwritable."""
    test, negate = field.test, field.negate
    if isinstance(test, core.Exists):
        return {"missing" if negate else "exists": True}
    if isinstance(test, core.Equals):
        return {"not_equals" if negate else "equals": test.value}
    if isinstance(test, core.OneOf):
        return {"not_in" if negate else "in": list(test.values)}
    if isinstance(test, core.Includes):
        word = "includes_none" if negate else f"includes_{test.mode}"
        return {word: list(test.values)}
    if isinstance(test, core.Text) and (not negate or test.op == "contains"):
        return {"not_contains" if negate else test.op: test.text}
    if isinstance(test, core.Order) and not negate:
        return {_ORDERS[test.op]: _plain(test.number)}
    if isinstance(test, core.Matches) and not negate:
        return {"matches": test.pattern}
    if isinstance(test, core.Moment) and not negate:
        return {"before" if test.op == "<" else "after": rfc3339(test.at)}
    raise Unwritable(f"a test of {field.key} that is not written back")


# ── how long ago ─────────────────────────────────────────────────────────────────────────────────────────────


def _elapsed(term: core.Elapsed, span: Span, context: Context) -> Data:
    """Return the condition that an instant lies so long ago: ``last_time`` and ``first_time`` with lengths of whole seconds."""
    of, span = term.of, _whole(span)
    if isinstance(of, core.Aggregate) and of.kind in ("latest_at", "first_at"):
        if span.at_least is not None and span.at_least <= 0:
            span = Span(below=span.below)
        if span.below is not None and span.below <= 0:
            raise Unwritable("nothing lies ahead of now")
        return _latest(of, span, context) if of.kind == "latest_at" else _earliest(of, span, context)
    if isinstance(of, core.Trait):
        return _dated(of, term.time_zone, span, context)
    raise Unwritable("no condition says how long ago this was")


def _latest(of: core.Aggregate, span: Span, context: Context) -> Data:
    parts: list[Data] = []
    older = _older(of)
    events = _events(of, context)
    if span.below is not None and (older is None or span.below < older):
        parts.append({"last_time": {**events, "within": _length(int(span.below))}})
    else:
        parts.append({"did": {**events, **({} if older is None else {"within": _length(older)})}})
    if span.at_least is not None:
        ago = {"last_time": {**events, "more_than_ago": _length(int(span.at_least))}}
        parts = [ago] if span.below is None and older is None else [*parts, ago]
    return parts[0] if len(parts) == 1 else {"all": parts}


def _earliest(of: core.Aggregate, span: Span, context: Context) -> Data:
    if of.window != core.EVER:
        raise Unwritable("the first event of a window: no condition asks for it")
    events = _events(of, context)
    if span.below is not None:
        data: Data = {"first_time": {**events, "within": _length(int(span.below))}}
    else:
        data = {"did": events}
    if span.at_least is None:
        return data
    return {"all": [data, {"not": {"first_time": {**events, "within": _length(int(span.at_least))}}}]}


def _older(of: core.Aggregate) -> int | None:
    if isinstance(of.window, core.Rolling) and not of.window.newer_us:
        return of.window.older_us
    raise Unwritable("the latest event of a window that does not end now: no condition asks for it")


def _events(of: core.Aggregate, context: Context) -> Data:
    """Return the picker, after it was read again: it must pick the same events."""
    events = _picker(of.selector)
    count = core.Aggregate("count", of.selector, "", core.EVER, context.time_zone)
    _checked({"aggregate": {"kind": "count", **events, "at_least": 1}}, count, context)
    return events


def _dated(of: core.Trait, zone: str, span: Span, context: Context) -> Data:
    """Return the condition on a date in a trait; what lies ahead counts up to a hundred years."""
    more = {} if zone == context.time_zone else {"time_zone": zone}
    parts: list[Data] = []
    if span.below is not None and span.below > 0:
        parts.append({"date": {"trait": of.name, "within": _length(int(span.below)), **more}})
    if span.at_least is not None and span.at_least > 0:
        ago = {"date": {"trait": of.name, "more_than_ago": _length(int(span.at_least)), **more}}
        return {"all": [*parts, ago]} if parts else ago
    if span.at_least is not None or (span.below is not None and span.below <= 0):
        raise Unwritable("a bound on a date that lies ahead")
    ahead = {"date": {"trait": of.name, "in_next": "36525d", **more}}
    return {"any": [*(parts or [{"date": {"trait": of.name, "more_than_ago": "1s", **more}}]), ahead]}


# ── truths, and the proof ────────────────────────────────────────────────────────────────────────────────────


def _leaf(leaf: core.Compare | core.Holds | core.InSegment, span: Span, context: Context) -> Data:
    """Return the condition that the leaf is true (1 is in the span) or not (0 is); everybody and nobody are no conditions."""
    holds = [_is_inside(span, number) for number in (0.0, 1.0)]
    if holds[0] == holds[1]:
        if holds[0]:
            return {"everyone": {}}
        raise Unwritable("neither 0 nor 1 is inside the bounds")
    data = _true(leaf, context)
    return data if holds[1] else {"not": data}


def _true(leaf: core.Compare | core.Holds | core.InSegment, context: Context) -> Data:
    if isinstance(leaf, core.InSegment):
        return {"in_segment": leaf.key}
    data: Data | None = None
    if isinstance(leaf, core.Compare) and isinstance(leaf.term, core.Aggregate) and isinstance(leaf.value, float | int):
        word = _ORDERS.get(leaf.op, "equals")
        data = {"aggregate": {**_measure(leaf.term, context), word: _plain(float(leaf.value))}}
    elif isinstance(leaf, core.Holds):
        operators = _operator(core.Field("value", leaf.test))
        is_trait = isinstance(leaf.term, core.Trait)
        named: Data = {"name": leaf.term.name} if isinstance(leaf.term, core.Trait) else _measure(leaf.term, context)
        data = {"trait" if is_trait else "aggregate": {**named, **operators}}
    if data is None or _read(data, context) != leaf:
        raise Unwritable("no condition says this alone")
    return data


def _is_inside(span: Span, number: float) -> bool:
    return (span.at_least is None or number >= span.at_least) and (span.below is None or number < span.below)


def _checked(data: Data, term: core.Aggregate, context: Context) -> Data:
    """Return the condition after it was read again: every term in it must be the one that was meant. Raises: Unwritable."""
    leaves = core.leaves(_read(data, context))
    if not leaves or any(getattr(leaf, "term", None) != term for leaf in leaves):
        raise Unwritable("written as a condition it would mean something else")
    return data


def _read(data: Data, context: Context) -> core.Node:
    try:
        return parse_condition(data).lower(context)
    except (InvalidDefinition, Problem) as error:
        raise Unwritable(str(error).splitlines()[-1].strip()) from error
