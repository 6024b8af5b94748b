"""The catalogue: every event, property, trait, kind of identifier and segment of a project, as one kind of entry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from coterie.errors import NotFound, nearest
from coterie.governance.lineage import Lineage, Node

FieldKind: TypeAlias = Literal["event", "property", "trait", "identifier", "segment"]
FIELD_KINDS: tuple[FieldKind, ...] = ("event", "property", "trait", "identifier", "segment")


class Field(Struct, frozen=True, kw_only=True):
    """One entry: what it is, how much of it there is, whose it is, who uses it."""

    kind: FieldKind
    name: str
    """Its name; that of a property is ``event.property``."""
    description: str = ""
    owner: str = ""
    pii: str = ""
    """Class of the tracking plan (none, indirect, direct, sensitive), or ``suspected`` by its values; empty when nothing is known."""
    is_planned: bool = False
    """Whether the tracking plan has it."""
    types: tuple[str, ...] = ()
    """Types that its values had, the most frequent first."""
    count: int = 0
    """Events; events that have the property; people who have the trait or identifier; of a segment 0."""
    share: float | None = None
    """Share of the events, or of the people, that have it, from 0 to 1."""
    first_at: int | None = None
    last_at: int | None = None
    sources: tuple[str, ...] = ()
    """Where it came from."""
    columns: tuple[str, ...] = ()
    """Columns of files and databases that mappings make it of: ``mapping: column``."""
    examples: tuple[str, ...] = ()
    """Frequent values that many people have in common; never of personal fields."""
    rules: tuple[str, ...] = ()
    """Rules of governance that make its values normal: ``file #number kind``."""
    used_by: tuple[str, ...] = ()
    """Segments, triggers and destinations that read it: ``segment:vip``."""

    @property
    def node(self) -> Node:
        """Return its place in the lineage."""
        return Node(self.kind, self.name)

    @property
    def is_personal(self) -> bool:
        """Return whether its values may tell who somebody is."""
        return self.pii not in ("", "none")

    @property
    def is_seen(self) -> bool:
        """Return whether there is any of it. What is used and not seen is misspelled, or has not come yet."""
        return self.count > 0 or self.kind == "segment"


class Catalogue(Struct, frozen=True):
    """All entries, and what is made of what."""

    fields: tuple[Field, ...]
    lineage: Lineage
    events: int
    """Events of the log."""
    people: int
    looked: int
    """Events whose properties were looked at: a sample where the log is long, and all but the rarest kinds otherwise."""

    def says(self) -> str:
        """Return in words what was looked at."""
        part = "" if self.looked == self.events else f"; properties are counted on {self.looked:,} of them"
        return f"{self.events:,} events of {self.people:,} profiles{part}"

    def named(self, kind: str, name: str) -> Field:
        """Return one entry. Raises: NotFound with the nearest name."""
        for one in self.fields:
            if one.kind == kind and one.name == name:
                return one
        hint = nearest(name, [one.name for one in self.fields if one.kind == kind])
        raise NotFound(f"no {kind} {name!r} in the catalogue", hint=hint or "see them: coterie catalogue")

    def called(self, name: str) -> tuple[Field, ...]:
        """Return every entry of that name, whatever its kind; ``kind:name`` is one entry. Raises: NotFound."""
        kind, colon, rest = name.partition(":")
        if colon and kind in FIELD_KINDS:
            return (self.named(kind, rest),)
        found = tuple(one for one in self.fields if one.name == name)
        if not found:
            hint = nearest(name, [one.name for one in self.fields])
            raise NotFound(f"nothing called {name!r} in the catalogue", hint=hint or "see them: coterie catalogue")
        return found

    def where(self, kind: str = "", word: str = "", usage: str = "") -> tuple[Field, ...]:
        """Return entries of a kind, whose name, description or owner holds a word, that are ``used``, ``unused`` or ``missing``."""
        sought = word.casefold()
        return tuple(
            one
            for one in self.fields
            if (not kind or one.kind == kind)
            and (not sought or sought in f"{one.name} {one.description} {one.owner}".casefold())
            and _is_used(one, usage)
        )


USAGES = ("used", "unused", "missing")
"""``unused``: nobody reads it. ``missing``: somebody reads it, and there is none of it."""


def _is_used(one: Field, usage: str) -> bool:
    if usage == "missing":
        return bool(one.used_by) and not one.is_seen
    return not usage or bool(one.used_by) == (usage == "used")


# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────

_NAMES = {"BIGINT": "integer", "UBIGINT": "integer", "HUGEINT": "integer", "DOUBLE": "number", "VARCHAR": "text",
          "BOOLEAN": "boolean", "JSON": "mixed"}  # fmt: skip


def types_in(structure: str) -> Mapping[str, str]:
    """Return key → type of the properties of a structure; a key whose value is null is left out.

    >>> types_in('{"a":"UBIGINT","b":"NULL","c":[{"d":"VARCHAR"}]}')
    {'a': 'integer', 'c': 'list'}
    """
    found: Any = json.loads(structure)
    if not isinstance(found, dict):
        return {}
    return {key: name for key, one in found.items() if (name := _type(one))}


def _type(told: Any) -> str:
    if isinstance(told, list):
        return "list"
    if isinstance(told, dict):
        return "point" if told.keys() == {"lat", "lon"} else "object"
    return "" if told == "NULL" else _NAMES.get(told, "mixed")


def types_of(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return types by frequency. Whole numbers among numbers are numbers: 24.0 is written as 24.

    >>> types_of({"integer": 5, "number": 1, "text": 4})
    ('number', 'text')
    """
    if "number" not in counts:
        return by_frequency(counts)
    rest = {name: count for name, count in counts.items() if name != "integer"}
    return by_frequency({**rest, "number": counts["number"] + counts.get("integer", 0)})


def by_frequency(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return names, the most frequent first, those alike by name."""
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))


def ordered(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return entries by kind and name."""
    return tuple(sorted(fields, key=lambda one: (FIELD_KINDS.index(one.kind), one.name)))
