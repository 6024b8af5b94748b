"""The leaves of a lowered rule in words: what ``explain`` prints beside each verdict."""

from __future__ import annotations

from coterie.engine.when import span, told
from coterie.segments.core import (
    KNOWN_BY_IDENTIFY,
    Absolute,
    Aggregate,
    Calendar,
    Compare,
    Elapsed,
    Element,
    Equals,
    Exists,
    Field,
    Hash,
    Holds,
    Includes,
    InSegment,
    Leaf,
    Matches,
    Moment,
    Near,
    OneOf,
    Order,
    Rolling,
    Selector,
    Sequence,
    Test,
    Text,
    Trait,
    TraitSince,
    Until,
    Version,
    Window,
)
from coterie.values import canonical, normal

_KINDS = {
    "count": "how often",
    "sum": "the sum of {} over",
    "mean": "the mean of {} over",
    "smallest": "the smallest {} of",
    "largest": "the largest {} of",
    "distinct": "how many different {} of",
    "repeats": "how often the most frequent {} of",
    "days": "on how many days",
    "first": "{} of the first",
    "latest": "{} of the latest",
    "most_frequent": "the most frequent {} of",
    "first_at": "the first",
    "latest_at": "the latest",
}
_OPS = {"=": "is", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}


def said(leaf: Leaf) -> str:
    """Return one leaf in words."""
    if leaf == KNOWN_BY_IDENTIFY:
        return "has been identified"
    if isinstance(leaf, InSegment):
        return f"in the segment {leaf.key}"
    if isinstance(leaf, Sequence):
        return _sequence(leaf)
    if isinstance(leaf, Holds):
        return f"{_term(leaf.term)} {_test(leaf.test)}"
    return _compared(leaf)


def _compared(leaf: Compare) -> str:
    elapsed = isinstance(leaf.term, Elapsed)
    if isinstance(leaf.value, Trait):
        bound = f"the trait {leaf.value.name}"
    else:
        bound = span(int(leaf.value)) if elapsed else f"{leaf.value:,.15g}"
    return f"{_term(leaf.term)} {_OPS[leaf.op]} {bound}"


def _term(term: Trait | TraitSince | Aggregate | Elapsed | Until | Hash) -> str:
    match term:
        case Trait(name=name):
            return f"the trait {name}"
        case TraitSince(name=name):
            return f"the trait {name} took its value"
        case Elapsed(of=of):
            return f"the time since {_term(of)}"
        case Until(of=of, unit="anniversary"):
            return f"the days to the anniversary of {_term(of)}"
        case Until(of=of, unit=unit):
            return f"the {unit}s from now to {_term(of)}"
        case Hash(salt=salt):
            return f"the bucket {salt}"
        case Aggregate(kind=kind, selector=selector, field=field, window=window):
            return f"{_KINDS[kind].format(field)} {_selected(selector)}{_window(window)}"


def _selected(selector: Selector) -> str:
    names = " or ".join(selector.names) or (selector.pattern or "any event")
    where = " and ".join(_field(field) for field in selector.where)
    return f"{names} with {where}" if where else names


def _field(field: Field) -> str:
    return f"{field.key} {'not: ' if field.negate else ''}{_test(field.test)}"


def _window(window: Window) -> str:
    match window:
        case Rolling(older_us=None, newer_us=0):
            return ""
        case Rolling(older_us=None, newer_us=newer):
            return f", more than {span(newer)} ago"
        case Rolling(older_us=older, newer_us=0):
            return f", in the last {span(older or 0)}"
        case Rolling(older_us=older, newer_us=newer):
            return f", from {span(older or 0)} to {span(newer)} ago"
        case Absolute(after=after, before=before):
            start = f" from {told(after)}" if after is not None else ""
            return f",{start}{f' before {told(before)}' if before is not None else ''}"
        case Calendar(unit=unit, time_zone=zone, count=count, offset=offset):
            units = f"the {unit}" if count == 1 else f"{count} {unit}s"
            return f", in {units}{f', {offset} before this one,' if offset else ''} ({zone})"


def _test(test: Test) -> str:
    match test:
        case Exists():
            return "is known"
        case Equals(value=value):
            return f"is {canonical(normal(value))}"
        case OneOf(values=values):
            return f"is one of {canonical(list(values))}"
        case Order(op=op, number=number):
            return f"{_OPS[op]} {number:,.15g}"
        case Text(op=op, text=text):
            return f"{op.replace('_', ' ')} {canonical(text)}"
        case Matches(pattern=pattern):
            return f"matches /{pattern}/"
        case Includes(mode=mode, values=values):
            return f"includes {mode} of {canonical(list(values))}"
        case Element(where=where):
            return f"has an element where {' and '.join(_field(field) for field in where)}"
        case Near(lat=lat, lon=lon, within_m=metres):
            return f"lies within {metres:,.15g} m of ({lat}, {lon})"
        case Version(op=op, version=version):
            return f"{_OPS[op]} version {version}"
        case Moment(op=op, at=at):
            return f"{'is before' if op == '<' else 'is at or after'} {told(at)}"


def _sequence(leaf: Sequence) -> str:
    first, *rest = leaf.steps
    words = [_selected(first.selector)]
    for step in rest:
        gap = f" within {span(step.within_us)}" if step.within_us is not None else ""
        words.append(f"then {_selected(step.selector)}{gap}")
    if leaf.absent is not None:
        words.append(f"then no {_selected(leaf.absent.selector)} for {span(leaf.absent.for_us)}")
    window = f", in the last {span(leaf.window_us)}" if leaf.window_us is not None else ""
    return f"{', '.join(words)}{window}{f', with the same {leaf.same}' if leaf.same else ''}"
