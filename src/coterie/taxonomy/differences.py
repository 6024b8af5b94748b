"""Two versions of a plan: what changed, and whether events that were as planned may break it now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.plan import TrackingPlan
from coterie.taxonomy.property import Property

ALL_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})
_LOWER = ("minimum", "exclusiveMinimum", "minLength")
"""Bounds that let less pass when they are raised."""
_UPPER = ("maximum", "exclusiveMaximum", "maxLength")
_OPAQUE = ("pattern", "format", "multipleOf", "items", "schema")
"""Words of which two versions cannot be compared: any other one is taken as narrower."""
_TOLD = ("description", "pii", "deprecated")


class Difference(Struct, frozen=True, kw_only=True):
    """One thing that changed. ``breaking``: an event that was as planned may be a violation now.

    ``announced``: the event's version was raised, or what is gone was deprecated before.
    """

    event: str
    property: str = ""
    what: str
    before: Any = None
    after: Any = None
    breaking: bool = False
    announced: bool = False


def is_quiet(one: Difference) -> bool:
    """Return whether neither senders nor readers of events can notice it: words about an event, its version."""
    return one.what.startswith(("description ", "owner ", "pii ", "version "))


def differences(old: TrackingPlan, new: TrackingPlan) -> list[Difference]:
    """Return what changed from ``old`` to ``new``: by event, the plan's own policy first. Cost: linear."""
    return list(_found(old, new))


def _found(old: TrackingPlan, new: TrackingPlan) -> Iterator[Difference]:
    for name in ("owner", "on_violation", "on_unknown_property", "on_unknown_event", "sources"):
        before, after = getattr(old.policy, name), getattr(new.policy, name)
        if before != after:
            yield Difference(event="", what=f"{name} changed", before=before, after=after)
    for event in sorted(old.events.keys() | new.events.keys()):
        one, other = old.events.get(event), new.events.get(event)
        if one is None:
            yield Difference(event=event, what="event added")
        elif other is None:
            breaking = new.unknown_event(()) != "allow"
            yield Difference(event=event, what="event removed", breaking=breaking, announced=one.deprecated)
        else:
            yield from _of_event(one, other, new.decided(event, ()).unknown_property != "allow")


def _of_event(old: EventPlan, new: EventPlan, closed: bool) -> Iterator[Difference]:
    event, announced = new.event, new.version > old.version
    for name in ("description", "owner", "version", "deprecated", "on_violation", "on_unknown_property", "sources"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Difference(event=event, what=f"{name} changed", before=before, after=after)
    if old.schema != new.schema:
        yield Difference(
            event=event, what="schema changed", before=old.schema, after=new.schema, breaking=new.schema is not None,
            announced=announced,
        )  # fmt: skip
    for name in sorted(old.named.keys() | new.named.keys()):
        for what, before, after, breaking in _of_property(old.named.get(name), new.named.get(name), closed):
            yield Difference(
                event=event, property=name, what=what, before=before, after=after, breaking=breaking,
                announced=breaking and announced,
            )  # fmt: skip


Told = tuple[str, Any, Any, bool]


def _of_property(old: Property | None, new: Property | None, closed: bool) -> Iterator[Told]:
    if new is None:
        yield "property removed", None, None, closed
        return
    if old is None:
        yield ("required property added" if new.required else "property added"), None, None, new.required
        return
    if old.required != new.required:
        yield ("required now" if new.required else "no longer required"), None, None, new.required
    yield from _of_values(old, new)
    for name in _TOLD:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} changed", before, after, False


def _of_values(old: Property, new: Property) -> Iterator[Told]:
    if _types(old) != _types(new):
        narrower = not _types(old) <= _types(new)
        yield f"type {'narrowed' if narrower else 'widened'}", _spelled(old), _spelled(new), narrower
    if old.enum != new.enum:
        gone = new.enum is not None and (old.enum is None or not set(_typed(old.enum)) <= set(_typed(new.enum)))
        yield f"enum {'narrowed' if gone else 'widened'}", _list(old.enum), _list(new.enum), gone
    for names, raised in ((_LOWER, _above), (_UPPER, _below)):
        yield from _of_bounds(old, new, names, raised)
    for name in _OPAQUE:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} {'changed' if after is not None else 'removed'}", before, after, after is not None


def _of_bounds(
    old: Property, new: Property, names: tuple[str, ...], narrower: Callable[[float | None, float], bool]
) -> Iterator[Told]:
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            breaking = after is not None and narrower(before, after)
            yield f"{name} {'narrowed' if breaking else 'widened'}", before, after, breaking


def _above(before: float | None, after: float) -> bool:
    return before is None or after > before


def _below(before: float | None, after: float) -> bool:
    return before is None or after < before


def _types(one: Property) -> frozenset[str]:
    found = frozenset(one.types) or ALL_TYPES
    return found | {"integer"} if "number" in found else found


def _spelled(one: Property) -> str:
    return " or ".join(one.types) or "any"


def _typed(values: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    return [(isinstance(value, bool), value) for value in values]


def _list(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)
