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
        Since | None, Doc("Only those strictly after the latest of these, such as an order that empties the cart.")
    ] = None
    within: Annotated[Duration, Doc("Only those that occurred so long before; 30d when not said.")] = "30d"
    at_most: Annotated[int, whole(1, 1_000), Doc("The latest so many; 50 when not said.")] = 50
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
    picked = gather.picker.selector(time_zone)
    after = now - us_of(gather.within)
    ordered = [event for event in in_order(events) if event.occurred_at <= now]
    if gather.since is not None:
        limit = gather.since.picker.selector(time_zone)
        ends = (
            event.occurred_at for event in ordered if matches(limit, event) and not _is_of_another(gather, event, run)
        )
        after = max([after, *ends])
    found = [
        event
        for event in ordered
        if event.occurred_at > after
        and (gather.same is None or (run is not None and event.properties.get(gather.same) == run))
        and matches(picked, event)
    ]
    return [
        {"name": one.name, "occurred_at": rfc3339(one.occurred_at), "properties": dict(one.properties)}
        for one in found[-gather.at_most :]
    ]


def _is_of_another(gather: Gather, event: Event, run: Any) -> bool:
    """Return whether ``event`` says that it belongs to another value of the run's key: that order empties another cart."""
    told = None if gather.same is None else event.properties.get(gather.same)
    return told is not None and told != run
