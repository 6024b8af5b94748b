"""Traits: what the ``$identify`` and ``$set`` records of a profile leave behind.

A record writes every key of its properties. Writes order by (occurred_at, event key), so neither the order of arrival nor a
merge of two profiles matters. The last write wins; a null removes the value. Equal writes in a row (equal canonical JSON,
null included) are one run: the value is held since the first of the last run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from coterie.model import TRAIT_EVENTS, Event, Value
from coterie.values import canonical, event_key, normal


class Held(Struct, frozen=True):
    """A trait that was ever written: its value, the instant since which it is held, and the records that say so."""

    value: Value
    since: int
    event_id: str
    since_event_id: str


def in_order(events: Iterable[Event]) -> list[Event]:
    """Return ``events`` by (occurred_at, event key): the order in which they count, whenever they arrived."""
    return sorted(events, key=lambda event: (event.occurred_at, event_key(event.id)))


def fold_traits(ordered: Iterable[Event]) -> dict[str, Held]:
    """Return what each trait holds after events that are ``in_order``; other events write nothing.

    >>> born = Event(id="1", profile="u", name="$set", occurred_at=5, received_at=5, properties={"plan": "pro"})
    >>> fold_traits([born])["plan"].since
    5
    """
    held: dict[str, Held] = {}
    for event in ordered:
        if event.name in TRAIT_EVENTS:
            for name, value in event.properties.items():
                held[name] = _written(held.get(name), value, event)
    return held


def present(held: Mapping[str, Held]) -> dict[str, Value]:
    """Return the traits that have a value, by name."""
    return {name: one.value for name, one in sorted(held.items()) if one.value is not None and one.value != ""}


def _written(before: Held | None, value: Value, event: Event) -> Held:
    if before is not None and canonical(normal(before.value)) == canonical(normal(value)):
        return Held(before.value, before.since, event.id, before.since_event_id)
    return Held(value, event.occurred_at, event.id, event.id)
