"""What one more event would change: the oracle asked about a record that never happened."""

from __future__ import annotations

from collections.abc import Iterator

from coterie.model import Event, Value
from coterie.segments.core import (
    Aggregate,
    Compare,
    Elapsed,
    Equals,
    Exists,
    Field,
    Holds,
    InSegment,
    Leaf,
    Node,
    OneOf,
    Order,
    Selector,
    Sequence,
    Text,
    leaves,
)
from coterie.segments.oracle.evaluate import evaluate
from coterie.segments.oracle.facts import Facts, Record, passes

_LAST_KEY = 2**63 - 1


def keepers(node: Node, facts: Facts, change_at: int) -> tuple[Selector, ...]:
    """Return the events that, happening just before ``change_at``, would leave ``node`` as it is.

    Only events that can be imagined are tried: named ones, with properties that simple tests ask for.
    """
    now = evaluate(node, facts, change_at - 1)
    return tuple(
        selector for selector, supposed in _suppositions(node, facts, change_at - 1)
        if evaluate(node, supposed, change_at - 1) is now and evaluate(node, supposed, change_at) is now
    )  # fmt: skip


def changers(node: Node, facts: Facts, at: int) -> tuple[Selector, ...]:
    """Return the events that, happening at ``at``, would change ``node`` at once."""
    now = evaluate(node, facts, at)
    return tuple(
        selector for selector, supposed in _suppositions(node, facts, at) if evaluate(node, supposed, at) is not now
    )


def _suppositions(node: Node, facts: Facts, at: int) -> Iterator[tuple[Selector, Facts]]:
    """Yield, for every selector that can be imagined, the facts with one more such event at ``at``."""
    seen: set[str] = set()
    for leaf in leaves(node):
        for selector, extra in _selectors(leaf, facts):
            event = _imagined(selector, extra, facts.profile, at)
            if event is not None and repr(selector) not in seen:
                seen.add(repr(selector))
                yield selector, Facts(facts.profile, (*facts.records, Record(at, _LAST_KEY, event)), facts.catalog)


def _selectors(leaf: Leaf, facts: Facts) -> Iterator[tuple[Selector, dict[str, Value]]]:
    """Yield the selectors of a leaf, with the shared property of a sequence as its latest first step has it."""
    if isinstance(leaf, InSegment):
        for inner in leaves(facts.catalog[leaf.key].node):
            yield from _selectors(inner, facts)
    elif isinstance(leaf, Sequence):
        extra: dict[str, Value] = {}
        if leaf.same and (first := facts.selected(leaf.steps[0].selector).records):
            extra = {leaf.same: first[-1].event.properties.get(leaf.same)}
        for selector in (*(step.selector for step in leaf.steps), *([leaf.absent.selector] if leaf.absent else [])):
            yield selector, extra
    elif isinstance(leaf, Compare | Holds):
        term = leaf.term.of if isinstance(leaf.term, Elapsed) else leaf.term
        if isinstance(term, Aggregate):
            latest = facts.selected(term.selector).records[-1:]
            yield term.selector, {term.field: latest[0].event.properties.get(term.field)} if latest else {}


def _imagined(selector: Selector, extra: dict[str, Value], profile: str, at: int) -> Event | None:
    name = selector.names[0] if selector.names else selector.pattern.replace("*", "").replace("?", "x") or "any event"
    properties = dict(extra)
    for field in selector.where:
        properties[field.key] = _passing(field)
    event = Event(
        id="", profile=profile, name=name, occurred_at=at, received_at=at,
        properties={key: value for key, value in properties.items() if value is not None},
    )  # fmt: skip
    return event if passes(selector.where, event) else None


def _passing(field: Field) -> Value:
    """Return a value that passes the test of ``field``, or ``None`` where none comes to mind."""
    test = field.test
    if field.negate:
        return None
    if isinstance(test, Exists):
        return "x"
    if isinstance(test, Equals):
        return test.value
    if isinstance(test, OneOf):
        return test.values[0] if test.values else None
    if isinstance(test, Text):
        return test.text
    if isinstance(test, Order):
        return test.number + {"<": -1.0, ">": 1.0}.get(test.op, 0.0)
    return None
