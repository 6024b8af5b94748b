"""Random logs in arrival order: ties, duplicates, disorder, lateness, traits that come and go, merges and what undoes them."""

from __future__ import annotations

from random import Random
from typing import Any

import pyarrow as pa
from msgspec import Struct, structs

from coterie.limits import DAY_US, SECOND_US
from coterie.model import IDENTIFY, MERGE, SET, UNMERGE, Event
from coterie.values import canonical, event_key, flatten
from tests.laws import words

DECISIONS = (MERGE, UNMERGE)


class Log(Struct, frozen=True):
    """``events`` in arrival order (positions are indices; an id may come twice), the step their instants lie on, hot columns.

    ``zone`` is the time zone in whose calendar the log lies on an edge.
    """

    events: tuple[Event, ...]
    grid: int
    hot: tuple[str, ...] = ()
    zone: str = "UTC"


def lateness(rng: Random, grid: int) -> int:
    """Return how long an event travelled: mostly not at all, sometimes to the microsecond what counts as late."""
    roll = rng.random()
    if roll < 0.55:
        return 0
    if roll < 0.65:
        return rng.choice((1, SECOND_US, 59 * SECOND_US))
    if roll < 0.73:
        return 60 * SECOND_US + rng.choice((0, 1))
    if roll < 0.95:
        return rng.randrange(1, 6) * grid
    return rng.choice((7, 14, 21)) * DAY_US


class Habits(Struct, frozen=True):
    """What the people of one log do: which events, properties and traits occur at all."""

    profiles: tuple[str, ...]
    names: tuple[str, ...]
    keys: tuple[str, ...]
    traits: tuple[str, ...]
    system: tuple[str, ...]
    typed: bool
    values: dict[str, list[Any]]


def random_habits(rng: Random, at: int, grid: int) -> Habits:
    crowd = rng.random()
    traits = {trait for trait in ("joined", "age") if rng.random() < 0.55}
    return Habits(
        profiles=words.CROWD if crowd < 0.03 else words.PROFILES[: 1 if crowd < 0.06 else rng.randrange(2, 6)],
        names=tuple(rng.sample(words.NAMES, rng.randrange(2, 5))),
        keys=("price", "sku", *rng.sample(words.KEYS[2:], rng.randrange(0, 3))),
        traits=tuple(sorted(traits | set(rng.sample(words.TRAITS, rng.randrange(1, 3))))),
        system=(IDENTIFY, SET, *([MERGE] if rng.random() < 0.65 else [])),
        typed=rng.random() < 0.35,
        values={key: [words.value_for(rng, key, at, grid) for _ in range(5)] for key in (*words.KEYS, *words.TRAITS)},
    )


def properties_of(rng: Random, habits: Habits, profile: str, name: str) -> dict[str, Any]:
    if name == MERGE:
        others = [one for one in habits.profiles if one != profile] or [profile]
        return {"loser": rng.choice(others) if rng.random() < 0.85 else rng.choice((profile, "eve", None, 1))}
    if name in (IDENTIFY, SET):
        traits = rng.sample(habits.traits, rng.randrange(1, len(habits.traits) + 1))
        return {key: None if rng.random() < 0.1 else rng.choice(habits.values[key]) for key in traits}
    chosen = [key for key in habits.keys if rng.random() < (0.75 if key in ("price", "sku") else 0.5)]
    found = {key: rng.choice(habits.values[key]) for key in chosen}
    if habits.typed:
        found["price"] = rng.choice((*words.NUMBERS, None))
        found["sku"] = rng.choice(("a", "b", "A", "1", "", None))
    return found


def random_log(rng: Random, size: int | None = None) -> Log:
    """Return a log of 10 to 60 records of 2 to 5 profiles; now and then 200 of one profile, or of a crowd."""
    grid = rng.choice(words.GRIDS)
    anchor, zone = rng.choice(words.ANCHORS)
    base = anchor - rng.randrange(0, 12) * grid
    habits = random_habits(rng, anchor, grid)
    count = size or (rng.randrange(10, 56) if 1 < len(habits.profiles) <= len(words.PROFILES) else 200)
    drafts = []
    for number in range(count):
        profile, name = rng.choice(habits.profiles), rng.choice(habits.names)
        if rng.random() < 0.36:
            name = rng.choices(habits.system, (5, 3, 2.5)[: len(habits.system)])[0]
        at = (
            base
            + rng.randrange(0, 18) * grid
            + (0 if rng.random() < 0.85 else rng.choice((-1, 1, SECOND_US, grid // 2)))
        )
        properties = flatten(properties_of(rng, habits, profile, name))
        received = at + lateness(rng, grid)
        drafts.append(
            Event(
                id=f"e{number}", profile=profile, name=name, occurred_at=at, received_at=received, properties=properties
            )
        )
    for draft in rng.sample(drafts, count // 12):
        again = draft.received_at + rng.choice((0, 1, grid, 3 * grid, 40 * DAY_US))
        drafts.append(structs.replace(draft, received_at=again))
    rng.shuffle(drafts)
    drafts.sort(key=lambda event: event.received_at)
    hot = ("price", "sku") if habits.typed and rng.random() < 0.7 else ()
    return Log(some_undone(Random(f"{base} {count}"), drafts), grid, hot, zone)


def some_undone(rng: Random, events: list[Event]) -> tuple[Event, ...]:
    """Return the log with unmerges in the place of some merges: mostly of pairs that had met before, in two logs of three."""
    if rng.random() < 0.33:
        return tuple(events)
    pairs: list[tuple[str, Any]] = []
    changed: dict[str, Event] = {}
    for event in events:
        if event.name != MERGE or event.id in changed:
            continue
        profile, loser = event.profile, event.properties.get("loser")
        changed[event.id] = event
        if pairs and rng.random() < 0.5:
            if rng.random() < 0.8:
                profile, loser = rng.choice(pairs[-3:])
            changed[event.id] = structs.replace(event, name=UNMERGE, profile=profile, properties={"loser": loser})
        else:
            pairs.append((profile, loser))
    return tuple(
        structs.replace(changed.get(event.id, event), received_at=event.received_at, occurred_at=event.occurred_at)
        for event in events
    )


def restamped(rng: Random, log: Log) -> Log:
    """Return the same events arriving in another order, after the last of them happened; merges and unmerges keep theirs."""
    events = list(log.events)
    merges = [event for event in events if event.name in DECISIONS]
    rng.shuffle(events)
    order = iter(merges)
    events = [next(order) if event.name in DECISIONS else event for event in events]
    at = max(event.received_at for event in events)
    stamped = []
    for event in events:
        at += rng.choice((0, 0, 1, SECOND_US))
        stamped.append(structs.replace(event, received_at=at))
    return structs.replace(log, events=tuple(stamped))


def without_duplicates(events: tuple[Event, ...]) -> tuple[tuple[int, Event], ...]:
    """Return (position, event) of every first arrival of an id."""
    seen: set[str] = set()
    kept = []
    for position, event in enumerate(events):
        if event.id not in seen:
            seen.add(event.id)
            kept.append((position, event))
    return tuple(kept)


def table_of(rows: tuple[tuple[int, Event], ...], hot: tuple[str, ...] = ()) -> pa.Table:
    """Return the events as a log table; ``hot`` keys leave the JSON of ordinary events for typed columns."""
    events = [event for _, event in rows]
    split = [_split(event, hot) for event in events]
    columns: dict[str, pa.Array] = {
        "position": pa.array([position for position, _ in rows], pa.int64()),
        "event_id": pa.array([event.id for event in events], pa.string()),
        "event_key": pa.array([event_key(event.id) for event in events], pa.int64()),
        "profile": pa.array([event.profile for event in events], pa.string()),
        "name": pa.array([event.name for event in events], pa.string()).dictionary_encode(),
        "occurred_at": pa.array([event.occurred_at for event in events], pa.int64()),
        "received_at": pa.array([event.received_at for event in events], pa.int64()),
        "properties": pa.array([canonical(cold) for cold, _ in split], pa.string()),
    }
    for key in hot:
        kind = pa.float64() if key == "price" else pa.string()
        columns[f"p.{key}"] = pa.array([taken.get(key) for _, taken in split], kind)
    return pa.table(columns)


def _split(event: Event, hot: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    taken = {key: event.properties[key] for key in hot if key in event.properties}
    return {key: value for key, value in event.properties.items() if key not in taken}, taken
