"""What flows where in a project: its sources and log above its definitions, triggers and destinations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from functools import cache

from coterie.connectors.destinations.templates import named
from coterie.connectors.mapping import Mapping, PropertyRule
from coterie.connectors.mapping_file import load_mapping
from coterie.connectors.sources import definitions as sources
from coterie.engine import definitions
from coterie.engine.governance.learned_flow import feature_sets_read, models_read
from coterie.engine.outbox.content import contents
from coterie.engine.project import Project
from coterie.engine.taxonomy.keys import names_of
from coterie.errors import NotFound
from coterie.governance.lineage import Lineage, Node
from coterie.governance.reading import Read, of_segment, of_trigger
from coterie.identity.rules import USER_ID
from coterie.model import IDENTIFY, SET, TRAIT_EVENTS
from coterie.segments.conditions.form import Context
from coterie.segments.core import NEVER
from coterie.segments.definition import Segment
from coterie.triggers.parse import load

Seen = Map[tuple[str, str], Iterable[str]]
"""(event, source) → properties that it came with."""


def lineage_of(project: Project, seen: Seen) -> Lineage:
    """Return what flows where: what the log has seen, and what definitions and triggers on disk read.

    Raises: InvalidDefinition when a definition of any kind or a mapping cannot be read.
    """
    lineage = Lineage(_arrivals(seen))
    known = sorted({event for event, _ in seen})
    context = definitions.context(project)
    for segment in definitions.candidates(project):
        _add(lineage, Node("segment", segment.key), _read_by(segment, context), known)
    for node, read in feature_sets_read(project, context):
        _add(lineage, node, read, known)
    for node, read, features, traits in models_read(project):
        _add(lineage, node, read, known)
        if features is not None:
            lineage.add(Node("features", features), node)
        for trait in traits:
            lineage.add(node, Node("trait", trait))
    triggers = load(project.root / "triggers")
    parts = contents(triggers, project.root / "templates")
    for trigger in triggers:
        paths = frozenset(path for text in parts[trigger.key].values() for path in named(text))
        here = Node("trigger", trigger.key)
        _add(lineage, here, of_trigger(trigger, paths), known)
        lineage.add(here, Node("destination", trigger.destination))
    return lineage


def _arrivals(seen: Seen) -> Iterator[tuple[Node, Node]]:
    for (event, source), keys in seen.items():
        here = Node("event", event)
        if source:
            yield Node("source", source), here
        for key in keys:
            yield here, of_event(event, key)


def source_named(project: Project) -> Callable[[str], str]:
    """Return what tells how people call a source of the log: a key by its name, a source by that of its file."""
    names = cache(names_of(project))  # a key is looked up in its store, and senders make up as many events as they like
    return lambda source: names(source)[-1].removeprefix(sources.PREFIX)


def of_event(event: str, key: str) -> Node:
    """Return what a property of an event is: a trait where the event tells traits."""
    return Node("trait", key) if event in TRAIT_EVENTS else Node("property", f"{event}.{key}")


def _read_by(segment: Segment, context: Context) -> Read:
    try:
        node = segment.lower(context).node
    except NotFound:  # thresholds that are yet to be published
        node = NEVER
    read = of_segment(node, segment.measures(context))
    inner = of_segment(node).segments
    return Read(read.events, read.traits, tuple(key for key in inner if key != segment.key))


def _add(lineage: Lineage, here: Node, read: Read, known: Sequence[str]) -> None:
    for asked in read.events:
        for event in asked.among(known):
            lineage.add(Node("event", event), here)
            for key in asked.properties:
                lineage.add(Node("event", event), of_event(event, key))
                lineage.add(of_event(event, key), here)
    for trait in read.traits:
        lineage.add(Node("trait", trait), here)
    for segment in read.segments:
        lineage.add(Node("segment", segment), here)


# ── mappings ─────────────────────────────────────────────────────────────────────────────────────────────────


def columns_of(project: Project, seen: Seen) -> dict[Node, list[str]]:
    """Return for events' properties and traits the columns that mappings and sources make them of. Raises: InvalidDefinition."""
    mappings = [load_mapping(file) for file in sorted((project.root / "mappings").glob("*.yaml"))]
    labelled = [(one.source, one) for one in mappings]
    labelled += [(one.name, one.mapping) for one in sources.load(project.root).values()]
    found: dict[Node, list[str]] = {}
    for label, mapping in labelled:
        events = [event for event, source in seen if source == label]
        for node, columns in _made(mapping, events):
            told = [f"{label}: {column}" for column in columns]
            found.setdefault(node, []).extend(one for one in told if one not in found.get(node, ()))
    return found


def _made(mapping: Mapping, seen: Sequence[str]) -> Iterator[tuple[Node, Sequence[str]]]:
    for rule in (*mapping.events, *mapping.also):
        named = [rule.name] if rule.name else [*rule.names.values()] or seen
        for event in (one for one in named if one not in TRAIT_EVENTS):
            for one in (*mapping.properties, *rule.properties):
                yield of_event(event, one.key), _columns(one)
    event = IDENTIFY if mapping.traits_as == "identify" else SET
    for one in mapping.traits:
        yield of_event(event, one.key), _columns(one)
    if mapping.profile.column and not mapping.profile.prefix:
        yield Node("identifier", USER_ID), (mapping.profile.column,)
    for caller in mapping.identifiers:
        yield Node("identifier", caller.kind), (caller.column,)


def _columns(rule: PropertyRule) -> Sequence[str]:
    return sorted(rule.expression.columns) if rule.expression else [rule.column] if rule.column else []
