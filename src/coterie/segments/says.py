"""Core leaves in words, as statements about one person: what ``explain`` shows beside each leaf's evidence."""

from __future__ import annotations

from coterie.segments import core
from coterie.segments.conditions.speech import counted, figure, listed, named, times, valued
from coterie.segments.durations import says_us
from coterie.segments.instants import rfc3339

_OPS = {"=": "is", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}
_WORTH = {"=": "", "<": "or less, exclusive", "<=": "or less", ">": "or more, exclusive", ">=": "or more"}
_NOUNS: dict[str, str] = {
    "count": "number of {events}",
    "sum": "sum of {field} over {events}",
    "mean": "mean {field} over {events}",
    "smallest": "smallest {field} over {events}",
    "largest": "largest {field} over {events}",
    "distinct": "number of different {field} values over {events}",
    "repeats": "most {events} with one {field}",
    "days": "number of days with {events}",
    "sessions": "number of sessions of {events}",
    "active_seconds": "seconds in sessions of {events}",
    "first": "first {field} on {events}",
    "latest": "latest {field} on {events}",
    "most_frequent": "most frequent {field} on {events}",
    "first_at": "first {events}",
    "latest_at": "latest {events}",
}


def describe(leaf: core.Leaf) -> str:
    """Return a leaf as a clause about one person.

    >>> describe(core.Compare(core.Aggregate("count", core.Selector(("order",))), ">=", 2.0))
    'did order at least twice'
    """
    if isinstance(leaf, core.Compare):
        return _compare(leaf)
    if isinstance(leaf, core.Holds):
        return f"{_term(leaf.term)} {says_test(leaf.test)}"
    if isinstance(leaf, core.InSegment):
        return f"is in the segment {leaf.key}"
    return _sequence(leaf)


def says_test(test: core.Test, negate: bool = False) -> str:
    """Return what a test says of a value: the words after its name."""
    said = _test(test)
    if not negate:
        return said
    if isinstance(test, core.Exists):
        return "is missing"
    return said.replace("is ", "is not ", 1) if said.startswith("is ") else f"fails: {said}"


def says_selector(selector: core.Selector) -> str:
    """Return the events in words."""
    if selector.pattern:
        noun = f"an event like {named(selector.pattern)}"
    else:
        noun = listed([named(name) for name in selector.names], "or") if selector.names else "any event"
    return f"{noun} (where {_fields(selector.where)})" if selector.where else noun


def says_window(window: core.Window) -> str:
    """Return the window in words; nothing for ever."""
    if isinstance(window, core.Rolling):
        if window.older_us is None:
            return f"more than {says_us(window.newer_us)} ago" if window.newer_us else ""
        if window.newer_us:
            return f"between {says_us(window.older_us)} and {says_us(window.newer_us)} ago"
        return f"in the last {_last(window.older_us)}"
    if isinstance(window, core.Absolute):
        parts = [] if window.after is None else [f"since {rfc3339(window.after)}"]
        return " ".join(parts if window.before is None else [*parts, f"before {rfc3339(window.before)}"])
    last = f"the {window.unit}" if window.count == 1 else f"the {window.count} {window.unit}s"
    when = "with the present one" if window.offset == 0 else f"{counted(window.offset, window.unit)} back"
    return f"in {last} of the calendar in {window.time_zone}, {when}"


def _last(us: int) -> str:
    """Return a length as it follows "the last": without the number when it is one unit."""
    said = says_us(us)
    return said.removeprefix("1 ") if said.count(" ") == 1 else said


def _compare(leaf: core.Compare) -> str:
    term, value = leaf.term, leaf.value
    if isinstance(term, core.Elapsed):
        bound = says_us(abs(int(value))) if not isinstance(value, core.Trait) else f"their {named(value.name)}"
        return _elapsed(term, leaf.op, value, bound)
    if isinstance(term, core.Hash):
        share = figure(value / 2**32 * 100) if not isinstance(value, core.Trait) else named(value.name)
        return f"falls into the first {share} % of salt {term.salt}"
    said = f"their {named(value.name)}" if isinstance(value, core.Trait) else figure(value)
    if isinstance(term, core.Until):
        if term.unit == "anniversary":
            return f"days until the anniversary of {named(term.of.name)}: {said} {_WORTH[leaf.op]}".rstrip()
        return f"{named(term.of.name)} is {said} calendar {term.unit}s ahead {_WORTH[leaf.op]}".rstrip()
    if term.kind == "count" and not isinstance(value, core.Trait) and float(value).is_integer():
        return _count(term, leaf.op, int(value))
    return f"{_term(term)} {_OPS[leaf.op]} {said}"


def _count(term: core.Aggregate, op: str, bound: int) -> str:
    events, window = says_selector(term.selector), says_window(term.window)
    if (op, bound) in {("=", 0), ("<", 1), ("<=", 0)}:
        return " ".join(part for part in ("did not do", events, window) if part)
    least = {">=": bound, ">": bound + 1}.get(op)
    if least is not None:
        often = "" if least == 1 else f"at least {times(least)}"
    else:
        often = {"=": "exactly ", "<=": "at most ", "<": "fewer than "}[op] + times(bound)
    return " ".join(part for part in ("did", events, often, window) if part)


def _elapsed(term: core.Elapsed, op: str, value: float | core.Trait, bound: str) -> str:
    what = _term(term.of)
    if isinstance(value, core.Trait):
        return f"time since {what} {_OPS[op]} {bound}"
    if value == 0:
        return f"{what} lies in the {'past' if op in ('>', '>=') else 'future'}"
    if value < 0:
        return f"{what} lies {'at most' if op in ('>', '>=') else 'more than'} {bound} ahead"
    return f"{what} lies {'at least' if op in ('>', '>=') else 'less than'} {bound} back"


def _term(term: core.Trait | core.TraitSince | core.Aggregate) -> str:
    if isinstance(term, core.Trait):
        return named(term.name)
    if isinstance(term, core.TraitSince):
        return f"the last change of {named(term.name)}"
    events = says_selector(term.selector)
    noun = _NOUNS[term.kind].format(field=named(term.field) if term.field else "", events=events)
    window = says_window(term.window)
    return f"{noun} {window}" if window else noun


def _sequence(leaf: core.Sequence) -> str:
    said = []
    for step in leaf.steps:
        within = "" if step.within_us is None else f" within {says_us(step.within_us)}"
        said.append(f"{says_selector(step.selector)}{within}")
    text = f"did {', then '.join(said)}"
    if leaf.absent is not None:
        absent = says_selector(leaf.absent.selector).removeprefix("any ").removeprefix("an ")
        text += f" and then no {absent} for {says_us(leaf.absent.for_us)} or more"
    same = f", with the same {named(leaf.same)}" if leaf.same else ""
    return f"{text}{same}" if leaf.window_us is None else f"{text}{same}, in the last {_last(leaf.window_us)}"


def _fields(fields: tuple[core.Field, ...]) -> str:
    return listed([f"{named(field.key)} {says_test(field.test, field.negate)}" for field in fields], "and")


def _test(test: core.Test) -> str:
    if isinstance(test, core.Exists):
        return "is known"
    if isinstance(test, core.Equals):
        return f"is {valued(test.value)}"
    if isinstance(test, core.OneOf):
        return f"is {listed([valued(value) for value in test.values], 'or')}"
    if isinstance(test, core.Order):
        return f"{_OPS[test.op]} {figure(test.number)}"
    if isinstance(test, core.Text):
        return f"{test.op.replace('_', ' ')} {valued(test.text)}"
    if isinstance(test, core.Matches):
        return f"matches /{test.pattern}/"
    if isinstance(test, core.Includes):
        return f"includes {listed([valued(value) for value in test.values], 'or' if test.mode == 'any' else 'and')}"
    if isinstance(test, core.Element):
        return f"has an element where {_fields(test.where)}"
    if isinstance(test, core.Near):
        return f"is within {figure(test.within_m)} m of ({figure(test.lat)}, {figure(test.lon)})"
    if isinstance(test, core.Version):
        return f"{_OPS[test.op]} version {test.version}"
    return f"is {'before' if test.op == '<' else 'at or after'} {rfc3339(test.at)}"
