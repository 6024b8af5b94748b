"""A case: one log, some definitions and the instants at which they are asked, all from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Any

from msgspec import Struct

from coterie.limits import DAY_US
from coterie.segments import core
from coterie.segments.instants import boundaries
from tests.laws import words
from tests.laws.definitions import random_nodes
from tests.laws.logs import Log, random_log


class Case(Struct, frozen=True):
    """What a law is tried on. ``seed`` also drives the choices a law makes (cuts, chunks, orders)."""

    seed: int
    log: Log
    nodes: dict[str, core.Node]
    instants: tuple[int, ...]

    def rng(self) -> Random:
        return Random(self.seed * 7919 + 1)


def parts(value: Any) -> Iterator[Any]:
    """Yield every struct inside ``value``, itself included."""
    if isinstance(value, Struct):
        yield value
        for name in value.__struct_fields__:
            yield from parts(getattr(value, name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from parts(item)


def durations_of(nodes: dict[str, core.Node]) -> list[int]:
    """Return every duration that some window, gap, deadline or threshold of the definitions names."""
    found: set[int] = set()
    for part in parts(list(nodes.values())):
        if isinstance(part, core.Rolling):
            found |= {part.older_us or 0, part.newer_us}
        elif isinstance(part, core.Aggregate) and part.kind in core.SESSION_KINDS:
            found.add(part.gap_us)
        elif isinstance(part, core.Step):
            found.add(part.within_us or 0)
        elif isinstance(part, core.Absent):
            found.add(part.for_us)
        elif isinstance(part, core.Sequence):
            found.add(part.window_us or 0)
        elif isinstance(part, core.Compare) and isinstance(part.term, core.Elapsed) and isinstance(part.value, float):
            found.add(int(part.value))
    return sorted(found) or [0]


@lru_cache(maxsize=16)
def _days(time_zone: str) -> tuple[int, ...]:
    return boundaries("day", time_zone)[1]


def random_instants(rng: Random, log: Log, nodes: dict[str, core.Node], count: int) -> tuple[int, ...]:
    """Return instants where something may happen: records, window edges, local midnights, ± 1 µs."""
    durations = durations_of(nodes)
    last = max(event.received_at for event in log.events)
    first = min(event.occurred_at for event in log.events)
    found = {first - 1, last, last + rng.choice((1, log.grid, 400 * DAY_US))}
    while len(found) < count:
        event = rng.choice(log.events)
        roll = rng.random()
        if roll < 0.35:
            at = rng.choice((event.received_at, event.occurred_at))
        elif roll < 0.8:
            at = event.occurred_at + rng.choice(durations)
        elif roll < 0.92:
            day = (event.occurred_at - words.utc(1900, 1, 8)) // DAY_US + rng.choice((0, 1, 1, 2))
            at = _days(log.zone if rng.random() < 0.6 else rng.choice(words.ZONES))[day]
        else:
            at = rng.randrange(first, last + 10 * log.grid)
        found.add(at + rng.choice((0, 0, 1, -1)))
    return tuple(sorted(found))


def random_case(seed: int, definitions: int = 20, instants: int = 24) -> Case:
    """Return the case of ``seed``: the same for ever, on every machine."""
    rng = Random(seed)
    log = random_log(rng)
    nodes = random_nodes(rng, log, definitions)
    return Case(seed, log, nodes, random_instants(rng, log, nodes, instants))
