"""What else the content needs of a person's history: such as the things that lie in the cart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from coterie.model import Event
from coterie.profiles.traits import in_order
from coterie.segments import core
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.picker import AnyPicker, Picker
from coterie.segments.conditions.words import Doc, Duration, Name, whole
from coterie.segments.durations import us_of
from coterie.segments.instants import rfc3339
from coterie.segments.oracle.facts import is_named, passes


def matches(selector: core.Selector, event: Event) -> bool:
    """Return whether ``selector`` selects ``event``."""
    return is_named(selector, event.name) and passes(selector.where, event)


class Since(Form, frozen=True, kw_only=True):
    """Picks the events that begin a gathering anew."""

    picker: Picker


class Gather(Form, frozen=True, kw_only=True):
    """Events of the person to tell of, oldest first, as known when the first try is made to send them."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("event",), ("like",)), least=1),)

    picker: AnyPicker
    since: Annotated[
        Since | None, Doc("Only those after the latest of these, such as an order that empties the cart.")
    ] = None
    within: Annotated[Duration, Doc("Only those that occurred so long before.")] = "30d"
    at_most: Annotated[int, whole(1, 1_000), Doc("The latest so many.")] = 50
    same: Annotated[Name | None, Doc("Only those whose property of this name has the value of the run's `key`.")] = None


def selectors_of(gathers: Iterable[Gather]) -> tuple[core.Selector, ...]:
    """Return every selector that the gatherings ask."""
    found: list[core.Selector] = []
    for one in gathers:
        found.append(one.picker.selector("UTC"))
        found += [one.since.picker.selector("UTC")] if one.since is not None else []
    return tuple(found)


def gathered(
    gather: Gather, events: Iterable[Event], now: int, run: Any, time_zone: str = "UTC"
) -> list[dict[str, Any]]:
    """Return what ``gather`` picks of a person's ``events`` at ``now``: name, occurred_at and properties, oldest first."""
    picked, since = gather.picker.selector(time_zone), gather.since
    limit = since.picker.selector(time_zone) if since is not None else None
    found: list[Event] = []
    for event in in_order(events):
        if limit is not None and matches(limit, event):
            found.clear()
        is_recent = now - us_of(gather.within) < event.occurred_at <= now
        is_same = gather.same is None or (run is not None and event.properties.get(gather.same) == run)
        if is_recent and is_same and matches(picked, event):
            found.append(event)
    return [
        {"name": one.name, "occurred_at": rfc3339(one.occurred_at), "properties": dict(one.properties)}
        for one in found[-gather.at_most :]
    ]
