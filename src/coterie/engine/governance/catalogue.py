"""The catalogue of a project, put together from its log, its tracking plan, its rules and its definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from coterie.engine import definitions
from coterie.engine.governance.flow import columns_of, lineage_of, of_event, source_named
from coterie.engine.governance.standards import standards_of
from coterie.engine.project import Project
from coterie.engine.taxonomy.files import tracking_plan
from coterie.governance.catalogue import Catalogue, Field, by_frequency, ordered, types_in, types_of
from coterie.governance.lineage import READERS, Lineage, Node
from coterie.governance.parse import Ruled
from coterie.governance.samples import looks_personal, sample_of
from coterie.governance.standardise import applies_to
from coterie.model import IDENTIFY, SYSTEM_PREFIX, TRAIT_EVENTS
from coterie.storage import fields
from coterie.storage.fields import Arrived, Structure
from coterie.values import canonical

EXAMPLES = 5
"""Examples of a field."""
SUSPECTED = 0.2
"""Share of the recent values that must look like addresses or numbers of people before a field counts as personal."""
PERSONAL = frozenset({"email", "phone"})
"""Kinds of identifiers, and names of traits, that are personal whatever they hold."""


def catalogue_of(project: Project) -> Catalogue:
    """Return the catalogue. ``project.events`` must hold what is to be seen: a server lands first.

    Of a log that is longer than ``limits.catalogue_rows_max``, properties are counted on a sample of about so many events.
    Cost: about 2 µs per event that is looked at. Raises: InvalidDefinition when a definition or a plan cannot be read.
    """
    limits, called = project.settings.limits, source_named(project)
    total = project.events.count()
    every = max(1, -(-total // limits.catalogue_rows_max))
    found = fields.structures(project.events, limits.catalogue_structures_max, every)
    structures = [msgspec.structs.replace(one, source=called(one.source)) for one in found]
    arrived = [msgspec.structs.replace(one, source=called(one.source)) for one in fields.arrivals(project.events)]
    seen: dict[tuple[str, str], set[str]] = {}
    for one in structures:
        if _is_told(one.name):
            seen.setdefault((one.name, one.source), set()).update(types_in(one.structure))
    lineage = lineage_of(project, seen)
    gathering = _Gathering(project, lineage, _amounts(arrived, structures), columns_of(project, seen))
    entries = (gathering.events(), gathering.properties(), gathering.traits(), gathering.identifiers())
    told = [one for some in entries for one in some]
    looked = sum(one.events for one in structures)
    return Catalogue(ordered([*told, *gathering.segments()]), lineage, total, gathering.people, looked)


def _is_told(event: str) -> bool:
    return not event.startswith(SYSTEM_PREFIX) or event in TRAIT_EVENTS


class _Amount(msgspec.Struct):
    """How much there is of one thing."""

    events: float = 0.0
    first_at: int | None = None
    last_at: int | None = None
    sources: Counter[str] = msgspec.field(default_factory=Counter)
    types: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, one: Arrived | Structure, kind: str = "", weight: float = 1.0) -> None:
        self.events += one.events * weight
        self.first_at = one.first_at if self.first_at is None else min(self.first_at, one.first_at)
        self.last_at = one.last_at if self.last_at is None else max(self.last_at, one.last_at)
        if one.source:
            self.sources[one.source] += one.events
        if kind:
            self.types[kind] += one.events


def _amounts(arrived: Sequence[Arrived], structures: Sequence[Structure]) -> dict[Node, _Amount]:
    """Return how much there is of every event and property; what was looked at stands for all that arrived."""
    found: dict[Node, _Amount] = {}
    weights: dict[tuple[str, str], float] = {}
    looked: Counter[tuple[str, str]] = Counter()
    for one in structures:
        looked[one.name, one.source] += one.events
    for each in arrived:
        if _is_told(each.name):
            found.setdefault(Node("event", each.name), _Amount()).add(each)
            weights[each.name, each.source] = each.events / max(1, looked[each.name, each.source])
    for one in structures:
        for key, kind in types_in(one.structure).items() if _is_told(one.name) else ():
            weight = weights[one.name, one.source]
            found.setdefault(of_event(one.name, key), _Amount()).add(one, kind, weight)
    return found


class _Gathering:
    """What is known of a project's fields while entries are made of it."""

    def __init__(
        self, project: Project, lineage: Lineage, amounts: dict[Node, _Amount], columns: Mapping[Node, list[str]]
    ) -> None:
        self._project, self._lineage, self._amounts, self._columns = project, lineage, amounts, columns
        self._plan, self._standards = tracking_plan(project), standards_of(project)
        limits = project.settings.limits
        recent = fields.recent(project.events, limits.catalogue_recent_rows)
        self._shown = _Shown(recent.to_pylist(), limits.example_people_min)
        self.people = fields.people(project.events)

    def events(self) -> Iterator[Field]:
        """Yield every event that was seen, is planned, or is read by a definition."""
        planned = self._plan.events if self._plan else {}
        names = {one.name for one in self._named("event")} | set(planned)
        for name in sorted(names):
            told, node = planned.get(name), Node("event", name)
            yield self._field(
                node, description=told.description if told else "", is_planned=told is not None,
                owner=self._plan.owner(name) if self._plan else "",
            )  # fmt: skip

    def properties(self) -> Iterator[Field]:
        """Yield every property that was seen, is planned, or is read by a definition."""
        nodes = self._named("property")
        for event, told in (self._plan.events if self._plan else {}).items():
            nodes |= {of_event(event, key) for key in told.named if event not in TRAIT_EVENTS}
        events = {one.name for one in self._named("event")} | set(self._plan.events if self._plan else ())
        for node in sorted(nodes):
            event, key = _split(node.name, events)
            whole = self._amounts.get(Node("event", event), _Amount()).events
            rules = applies_to(self._standards, event=event, key=key)
            yield self._described(node, event, key, rules, whole)

    def traits(self) -> Iterator[Field]:
        """Yield every trait that was told, is planned, or is read by a definition."""
        kept = {one.name: one for one in fields.traits(self._project.events)}
        nodes = self._named("trait") | {Node("trait", name) for name in kept}
        for event, told in (self._plan.events if self._plan else {}).items():
            nodes |= {Node("trait", key) for key in told.named if event in TRAIT_EVENTS}
        for node in sorted(nodes):
            rules = applies_to(self._standards, event=IDENTIFY, key=node.name)
            one = self._described(node, IDENTIFY, node.name, rules, 0)
            people = kept[node.name].people if node.name in kept else 0
            yield msgspec.structs.replace(one, count=people, share=people / self.people if self.people else None)

    def identifiers(self) -> Iterator[Field]:
        """Yield every kind of identifier that people are called by."""
        for one in fields.identifiers(self._project.events):
            node, rules = Node("identifier", one.name), applies_to(self._standards, identifier=one.name)
            yield Field(
                kind="identifier", name=one.name, pii="direct" if one.name in PERSONAL else "indirect", count=one.people,
                types=("text",), share=one.people / self.people if self.people else None, first_at=one.first_at,
                last_at=one.last_at, rules=_rules(rules), used_by=self._used_by(node),
                columns=tuple(self._columns.get(node, ())),
            )  # fmt: skip

    def segments(self) -> Iterator[Field]:
        """Yield every segment in use or on disk."""
        for one in definitions.candidates(self._project):
            node = Node("segment", one.key)
            origins = self._lineage.origins(node)
            yield Field(
                kind="segment", name=one.key, description=one.description or one.title, owner=one.owner,
                sources=tuple(above.name for above in origins if above.kind == "source"), used_by=self._used_by(node),
            )  # fmt: skip

    # ── one entry ────────────────────────────────────────────────────────────────────────────────────────────

    def _described(self, node: Node, event: str, key: str, rules: Sequence[Ruled], whole: float) -> Field:
        told = None
        if self._plan is not None:
            told = self._plan.trait(key) if node.kind == "trait" else self._plan.property_of(event, key)
        pii: str = told.pii if told is not None else ""
        if not pii:
            private = any(one.normal.is_private for one in rules) or (node.kind == "trait" and key in PERSONAL)
            pii = "direct" if private else self._shown.suspicion(node)
        one = self._field(
            node, description=told.description if told else "", is_planned=told is not None, pii=pii, rules=_rules(rules),
            owner=self._plan.owner(event) if self._plan else "", columns=tuple(self._columns.get(node, ())),
        )  # fmt: skip
        examples = () if one.is_personal else self._shown.examples(node)
        return msgspec.structs.replace(one, examples=examples, share=one.count / whole if whole else None)

    def _field(self, node: Node, **more: Any) -> Field:
        amount = self._amounts.get(node, _Amount())
        return Field(
            kind=node.kind, name=node.name, count=round(amount.events), types=types_of(amount.types),  # type: ignore[arg-type]
            first_at=amount.first_at, last_at=amount.last_at, sources=by_frequency(amount.sources),
            used_by=self._used_by(node), **more,
        )  # fmt: skip

    def _named(self, kind: str) -> set[Node]:
        return {one for one in (*self._amounts, *self._lineage.nodes()) if one.kind == kind}

    def _used_by(self, node: Node) -> tuple[str, ...]:
        below = self._lineage.reached(node)
        return tuple(str(one) for one in below if one.kind in READERS)


def _split(name: str, events: set[str]) -> tuple[str, str]:
    """Return (event, key) of a property's name: of the longest event that it begins with. Cost: that of its dots, not of all events.

    >>> _split("a.b.c", {"a", "a.b"}), _split("x.y.z", set())
    (('a.b', 'c'), ('x', 'y.z'))
    """
    place = name.rfind(".")
    while place >= 0:
        if name[:place] in events:
            return name[:place], name[place + 1 :]
        place = name.rfind(".", 0, place)
    event, _, key = name.partition(".")
    return event, key


def _rules(rules: Sequence[Ruled]) -> tuple[str, ...]:
    return tuple(f"{one.standard} #{one.number} {one.rule.word}" for one in rules)


class _Shown:
    """Values of the newest events: what may be shown of them."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], people_min: int) -> None:
        self._people_min = people_min
        self._people: dict[Node, dict[str, set[str]]] = {}
        self._count: dict[Node, list[int]] = {}
        for row in rows:
            if row["name"].startswith(SYSTEM_PREFIX) and row["name"] not in TRAIT_EVENTS:
                continue
            for key, value in msgspec.json.decode(row["properties"]).items():
                if value is not None:
                    self._add(of_event(row["name"], key), value, row["profile"])

    def _add(self, node: Node, value: Any, profile: str) -> None:
        counted = self._count.setdefault(node, [0, 0])
        counted[0] += 1
        if isinstance(value, str) and looks_personal(value):
            counted[1] += 1
            return
        text = value if isinstance(value, str) else canonical(value)
        held = self._people.setdefault(node, {}).setdefault(text, set())
        if len(held) < 10 * self._people_min:
            held.add(profile)

    def suspicion(self, node: Node) -> str:
        """Return ``suspected`` when many values look as if they named people."""
        total, telling = self._count.get(node, [0, 0])
        return "suspected" if total and telling / total >= SUSPECTED else ""

    def examples(self, node: Node) -> tuple[str, ...]:
        """Return values that at least so many people have in common, the most common first."""
        held = {text: len(who) for text, who in self._people.get(node, {}).items() if len(who) >= self._people_min}
        return tuple(sample_of(text) for text in by_frequency(held)[:EXAMPLES])
