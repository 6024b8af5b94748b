"""One person: traits, timeline, memberships and their causes."""

from __future__ import annotations

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.project import Project
from coterie.engine.records import person
from coterie.model import Event, Value
from coterie.profiles.traits import fold_traits, in_order
from coterie.segments.live import Live


class TraitTold(Struct, frozen=True, kw_only=True):
    """A trait: its value, and since when it has held it."""

    name: str
    value: Value
    since: int


class Move(Struct, frozen=True, kw_only=True):
    """One membership change of the person. ``because`` names the event that caused it."""

    segment: str
    direction: str
    at: int
    cause: str
    event_id: str
    because: str


class Portrait(Struct, frozen=True, kw_only=True):
    """What is known of a person at ``at``. ``ids`` were merged into ``profile``; ``timeline`` is in the order of occurrence."""

    profile: str
    asked_for: str
    ids: tuple[str, ...]
    at: int
    first_seen: int
    last_seen: int
    traits: tuple[TraitTold, ...]
    activity: dict[str, int]
    memberships: tuple[Move, ...]
    moves: tuple[Move, ...]
    timeline: tuple[Event, ...]


def portrait(project: Project, profile: str, at: int) -> Portrait:
    """Return the portrait of the person that ``profile`` belongs to, as known at ``at``. Raises: NotFound.

    Memberships are those of the segments in use, found by driving the person's own records through the live reader.
    """
    who = person(project, profile)
    owner = who.merges.canonical(profile, at)
    arrived = [event for event in who.events() if event.received_at <= at]
    own = [event for event in arrived if who.merges.canonical(event.profile, at) == owner]
    moves = _moves(project, who.log.slice(0, len(arrived)), owner, at, {event.id: event.name for event in own})
    held = fold_traits(in_order(own))
    activity: dict[str, int] = {}
    for event in own:
        activity[event.name] = activity.get(event.name, 0) + 1
    latest = {move.segment: move for move in moves}
    return Portrait(
        profile=owner,
        asked_for=profile,
        ids=tuple(one for one in who.ids if one != owner and who.merges.canonical(one, at) == owner),
        at=at,
        first_seen=min((event.occurred_at for event in own), default=0),
        last_seen=max((event.occurred_at for event in own), default=0),
        traits=tuple(
            TraitTold(name=name, value=trait.value, since=trait.since)
            for name, trait in sorted(held.items())
            if trait.value is not None
        ),
        activity=dict(sorted(activity.items(), key=lambda one: (-one[1], one[0]))),
        memberships=tuple(move for _, move in sorted(latest.items()) if move.direction == "entered"),
        moves=moves,
        timeline=tuple(sorted(own, key=lambda event: (event.occurred_at, event.received_at))),
    )


def _moves(project: Project, log: object, owner: str, at: int, names: dict[str, str]) -> tuple[Move, ...]:
    live = Live(definitions.catalog(project), history=lambda profiles: [log])
    rows = [*live.apply(log).table().to_pylist(), *live.advance(max(at, live.now)).table().to_pylist()]
    return tuple(
        Move(
            segment=row["segment"],
            direction=row["direction"],
            at=row["at"],
            cause=row["cause"],
            event_id=row.get("event_id") or "",
            because=names.get(row.get("event_id") or "", ""),
        )
        for row in rows
        if row["profile"] == owner
    )
