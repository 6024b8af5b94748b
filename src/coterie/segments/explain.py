"""Why a person is in a segment or not, on what evidence, and when that changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from coterie.limits import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from coterie.model import Event, Value
from coterie.segments.catalog import Catalog
from coterie.segments.core import (
    INSTANT_KINDS,
    Aggregate,
    All,
    Any,
    AtLeast,
    Compare,
    Elapsed,
    Holds,
    InSegment,
    Leaf,
    Node,
    Not,
    Trait,
    TraitSince,
    Until,
)
from coterie.segments.holds import is_missing
from coterie.segments.instants import rfc3339
from coterie.segments.oracle import Facts, LeafVerdict, Oracle
from coterie.segments.oracle.supposition import changers, keepers
from coterie.segments.says import describe, says_selector
from coterie.values import canonical, normal

_SIGNS = {"=": "=", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


class Counted(Struct, frozen=True, kw_only=True):
    """An event that counts. ``received_at`` lies after ``occurred_at`` when it arrived late."""

    event_id: str
    name: str
    occurred_at: int
    received_at: int


class LeafExplanation(Struct, frozen=True, kw_only=True):
    """One leaf as the definition asks for it (inside ``not``, its opposite): whether that holds, the value that was found

    (``measured`` in words), on which events, and until when. ``inside`` are the leaves of the segment it refers to.
    """

    description: str
    holds: bool
    value: Value
    measured: str
    counted: tuple[Counted, ...]
    next_change: int | None
    inside: tuple[LeafExplanation, ...] = ()

    def lines(self, indent: str = "  ") -> list[str]:
        """Return the leaf and what it rests on as lines of text."""
        measured = f" ({self.measured})" if self.measured else ""
        lines = [f"{indent}{'✓' if self.holds else '✗'} {self.description}{measured}"]
        if self.inside:
            return lines + [line for leaf in self.inside for line in leaf.lines(f"{indent}    ")]
        return lines + [f"{indent}    {rfc3339(one.occurred_at)}  {one.name}  {one.event_id}" for one in self.counted]


class Explanation(Struct, frozen=True, kw_only=True):
    """The whole answer. ``canonical`` is another id than ``profile`` when that one was absorbed; then it is about no one's leaves.

    ``outlook`` says what comes next in words; ``unless`` is what would prevent the next change, ``triggers`` are the events
    that would change membership at once.
    """

    segment: str
    version: int
    profile: str
    canonical: str
    at: int
    known: bool
    member: bool
    sentence: str
    leaves: tuple[LeafExplanation, ...]
    next_change: int | None
    unless: tuple[str, ...]
    triggers: tuple[str, ...]
    outlook: str

    def text(self) -> str:
        """Return the explanation as lines for a terminal or a notebook."""
        verdict = "is in" if self.member else "is not in"
        lines = [
            f"{self.profile} {verdict} {self.segment} (version {self.version}) at {rfc3339(self.at)}.",
            self.sentence,
        ]
        lines += [line for leaf in self.leaves for line in leaf.lines()]
        return "\n".join([*lines, self.outlook])


def explain(
    catalog: Catalog, events: Iterable[Event], key: str, profile: str, at: int, *, sentence: str = ""
) -> Explanation:
    """Return why ``profile`` is, or is not, in the segment ``key`` at ``at``, as the records that arrived by then show it.

    ``events`` must hold all records of the profile and of the ids merged with it, and may hold others. ``sentence`` is the
    definition in words (``Segment.says``); without it the leaves say it.
    """
    oracle = Oracle(catalog, events)
    node = catalog[key].node
    verdict = oracle.verdict(key, profile, at)
    facts = oracle.facts(profile, at)
    unless: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    if facts is not None and verdict.next_change is not None:
        unless = (
            *map(says_selector, keepers(node, facts, verdict.next_change)),
            *_traits(verdict.leaves, verdict.next_change),
        )
    if facts is not None:
        triggers = tuple(map(says_selector, changers(node, facts, at)))
    canonical_id = oracle.canonical(profile, at)
    return Explanation(
        segment=key,
        version=catalog[key].version,
        profile=profile,
        canonical=canonical_id,
        at=at,
        known=facts is not None,
        member=verdict.member,
        sentence=sentence or f"People for whom: {says_node(node)}.",
        leaves=() if facts is None else _leaves(oracle, key, facts, at),
        next_change=verdict.next_change,
        unless=unless,
        triggers=triggers,
        outlook=_outlook(verdict.member, at, verdict.next_change, unless, triggers)
        if facts is not None
        else _nobody(profile, canonical_id),
    )


def says_node(node: Node) -> str:
    """Return a node in words: its leaves, and how they are joined."""
    if isinstance(node, Not):
        return f"not ({says_node(node.item)})"
    if isinstance(node, All | Any):
        word = " and " if isinstance(node, All) else " or "
        nothing = "everyone" if isinstance(node, All) else "no one"
        return (
            word.join(f"({says_node(i)})" if isinstance(i, All | Any) else says_node(i) for i in node.items) or nothing
        )
    if isinstance(node, AtLeast):
        return f"at least {node.count} of: {'; '.join(map(says_node, node.items))}"
    return describe(node)


def spell(duration_us: int) -> str:
    """Return a duration in its two largest units.

    >>> spell(2 * DAY_US + 3 * HOUR_US + 5), spell(1_500_000), spell(250)
    ('2 d 3 h', '1.5 s', '0.00025 s')
    """
    if duration_us < MINUTE_US:
        return f"{duration_us / SECOND_US:g} s"
    units = (("d", DAY_US), ("h", HOUR_US), ("min", MINUTE_US), ("s", SECOND_US))
    parts = [(duration_us // size, unit, duration_us % size) for unit, size in units]
    start = next(i for i, (count, _, _) in enumerate(parts) if count)
    count, unit, rest = parts[start]
    said = [f"{count} {unit}"]
    if start + 1 < len(units) and rest // units[start + 1][1]:
        said.append(f"{rest // units[start + 1][1]} {units[start + 1][0]}")
    return " ".join(said)


def _leaves(oracle: Oracle, key: str, facts: Facts, at: int) -> tuple[LeafExplanation, ...]:
    """Return the explained leaves of a segment, those of segments it refers to inside."""
    by_id = {record.event.id: record.event for record in facts.records}
    found: list[LeafExplanation] = []
    for verdict, negated in zip(
        oracle.verdict(key, facts.profile, at).leaves, _negated(oracle.catalog[key].node), strict=True
    ):
        counted = (by_id[event_id] for event_id in verdict.evidence)
        leaf = verdict.leaf
        found.append(
            LeafExplanation(
                description=f"not: {describe(leaf)}" if negated else describe(leaf),
                holds=verdict.holds is not negated,
                value=verdict.value,
                measured=_measured(leaf, verdict.value, facts),
                counted=tuple(
                    Counted(event_id=e.id, name=e.name, occurred_at=e.occurred_at, received_at=e.received_at)
                    for e in counted
                ),
                next_change=verdict.next_change,
                inside=_leaves(oracle, leaf.key, facts, at) if isinstance(leaf, InSegment) else (),
            )
        )
    return tuple(found)


def _negated(node: Node, inside_not: bool = False) -> Iterator[bool]:
    """Yield, for every leaf from left to right, whether the definition asks for its opposite."""
    if isinstance(node, Not):
        yield from _negated(node.item, not inside_not)
    elif isinstance(node, All | Any | AtLeast):
        for item in node.items:
            yield from _negated(item, inside_not)
    else:
        yield inside_not


def _measured(leaf: Leaf, value: Value, facts: Facts) -> str:
    """Return the value that was found beside the one that was asked for: ``2, asked ≥ 3``."""
    if isinstance(leaf, Holds):
        return "missing" if is_missing(value) else canonical(normal(value))
    if not isinstance(leaf, Compare):
        return ""
    if value is None:
        return "missing"
    asked = leaf.value
    if isinstance(asked, Trait):
        held = facts.traits.get(asked.name)
        bound = "missing" if held is None or is_missing(held.value) else canonical(normal(held.value))
        return f"{_number(leaf.term, value)}, asked {_SIGNS[leaf.op]} {asked.name} = {bound}"
    return f"{_number(leaf.term, value)}, asked {_SIGNS[leaf.op]} {_number(leaf.term, asked)}"


def _number(term: object, value: Value) -> str:
    if not isinstance(value, int | float):
        return canonical(value)
    if isinstance(term, Elapsed):
        return f"{'−' if value < 0 else ''}{spell(abs(int(value)))}"
    if isinstance(term, Aggregate) and term.kind in INSTANT_KINDS:
        return rfc3339(int(value))
    return f"{value:,.6g}" if isinstance(value, float) and not value.is_integer() else f"{int(value):,}"


def _traits(leaves: tuple[LeafVerdict, ...], change_at: int) -> list[str]:
    """Return ``a change of <trait>`` for every trait whose date or age makes the change."""
    names: dict[str, None] = {}
    for verdict in leaves:
        leaf = verdict.leaf
        if verdict.next_change == change_at and isinstance(leaf, Compare) and isinstance(leaf.term, Elapsed | Until):
            of = leaf.term.of
            if isinstance(of, Trait | TraitSince):
                names[of.name] = None
    return [f"a change of {name}" for name in names]


def _outlook(member: bool, at: int, change_at: int | None, unless: tuple[str, ...], triggers: tuple[str, ...]) -> str:
    at_once = f"{'leaves' if member else 'enters'} as soon as {_either(triggers)} comes" if triggers else ""
    if change_at is None:
        said = f"{'Stays in' if member else 'Stays out'} as time passes"
    else:
        said = f"{'Leaves' if member else 'Enters'} in {spell(change_at - at)} ({rfc3339(change_at)})"
        said += f" unless {_either(unless)} comes first" if unless else ""
    return f"{said}; {at_once}." if at_once else f"{said}."


def _either(said: tuple[str, ...]) -> str:
    return " or ".join(said)


def _nobody(profile: str, canonical_id: str) -> str:
    if canonical_id != profile:
        return f"{profile} was merged into {canonical_id}: ask about {canonical_id}."
    return f"Nothing is known of {profile} by then."
