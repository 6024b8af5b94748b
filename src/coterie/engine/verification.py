"""The proof: every segment, every profile, many instants, three readers. Or the first difference, made small."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct

from coterie.engine.history import History, merges_of
from coterie.engine.jury import by_people, judgements
from coterie.engine.project import Project
from coterie.engine.readers import Memberships, all_three, by_live
from coterie.engine.records import event_of
from coterie.engine.replay import micro_batches
from coterie.errors import NotFound
from coterie.identity.merges import Merges
from coterie.limits import DAY_US
from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle

SAMPLED, RECORDS_MAX = 60, 200
"""Edges are looked for among so many people, and there among those with at most so many records: each edge costs one
evaluation per record."""
BEYOND_US = 30 * DAY_US
"""How far after the present an instant may lie."""


class Judged(Struct, frozen=True, kw_only=True):
    """One segment that was compared: memberships judged, of which members, and how many differ between two readers."""

    key: str
    judged: int
    members: int
    differences: int


class Difference(Struct, frozen=True, kw_only=True):
    """The smallest case found on which readers disagree: enough to see it again with ``disagreement``."""

    key: str
    profile: str
    at: int
    members: dict[str, list[str]]
    events: tuple[Event, ...]


class Verification(Struct, frozen=True, kw_only=True):
    """What was proved: ``instants`` × known profiles × segments, in three readers."""

    instants: tuple[int, ...]
    events: int
    profiles: int
    segments: tuple[Judged, ...]
    difference: Difference | None = None

    @property
    def judged(self) -> int:
        return sum(one.judged for one in self.segments)

    @property
    def differences(self) -> int:
        return sum(one.differences for one in self.segments)


def verify(
    project: Project,
    catalog: Catalog,
    *,
    instants: Sequence[int] = (),
    count: int = 20,
    seed: int = 1,
    workers: int = 1,
    progress: Callable[[float, str], None] = lambda share, note: None,
) -> Verification:
    """Compare the readers on every known profile at ``instants`` (or ``count`` that are chosen to be hard) and return the proof.

    ``workers`` processes share the oracle's work. Cost: the oracle reads every record of every profile at every instant: about 1 µs per record, instant and selector.

    Raises: NotFound when there is no segment.
    """
    if not catalog.keys:
        raise NotFound("there is no segment: nothing to verify", hint="write one into segments/")
    chosen = tuple(sorted(set(instants))) or hard_instants(project, catalog, count, seed)
    progress(0.0, "SQL")
    with History(project.events) as history:
        batch = {
            (key, at): members for key in catalog.keys for at, members in history.members(catalog, key, chosen).items()
        }
    total = max(1, project.events.extent().events)
    tables = micro_batches(project.events, 100_000)
    live = by_live(
        catalog, tables, chosen, lambda done: progress(0.1 + 0.2 * done / total, "live"), project.events.history
    )
    oracle: Memberships = {question: set() for question in batch}
    judged = dict.fromkeys(chosen, 0)
    people = 0
    for found, done in judgements(project, catalog, chosen, workers):
        for at, known in found.known.items():
            judged[at] += known
        for question, members in found.members.items():
            oracle[question] |= members
        people += found.people
        progress(0.3 + 0.7 * done, "oracle")
    segments = tuple(_judged(key, chosen, judged, oracle, batch, live) for key in catalog.keys)
    difference = None
    if any(one.differences for one in segments):
        difference = _smallest(project, catalog, chosen, oracle, batch, live)
    return Verification(instants=chosen, events=total, profiles=people, segments=segments, difference=difference)


def _judged(
    key: str,
    instants: Sequence[int],
    judged: dict[int, int],
    oracle: Memberships,
    batch: Memberships,
    live: Memberships,
) -> Judged:
    return Judged(
        key=key,
        judged=sum(judged.values()),
        members=sum(len(oracle[key, at]) for at in instants),
        differences=sum(len((oracle[key, at] ^ batch[key, at]) | (oracle[key, at] ^ live[key, at])) for at in instants),
    )


def hard_instants(project: Project, catalog: Catalog, count: int, seed: int) -> tuple[int, ...]:
    """Return ``count`` instants: arrivals spread over the log, edges at which somebody's membership is due to change, the end."""
    extent, present, dice = project.events.extent(), project.present(), random.Random(seed)
    found = {max(present, extent.last_received_at)}
    if not extent.events:
        return tuple(found)
    people = project.events.profiles()
    some = by_people(project, dice.sample(people, min(SAMPLED, len(people))))
    events = [event_of(row) for table in some for row in table.to_pylist()]
    oracle = Oracle(catalog, events)
    received = sorted({event.received_at for event in events})
    records = Counter(event.profile for event in events)
    light = [event for event in events if records[event.profile] <= RECORDS_MAX] or events
    for _ in range(5 * count):
        if len(found) >= count // 2:
            break
        event = dice.choice(light)
        at = event.received_at
        edge = oracle.next_change(dice.choice(catalog.keys), oracle.canonical(event.profile, at), at)
        if edge is not None and edge <= present + BEYOND_US:
            found.add(edge - dice.choice((0, 0, 1)))
    while len(found) < count and len(received) > len(found):
        found.add(dice.choice(received))
    return tuple(sorted(found))


# ── the first difference, made small ─────────────────────────────────────────────────────────────────────────


def _smallest(
    project: Project,
    catalog: Catalog,
    instants: Sequence[int],
    oracle: Memberships,
    batch: Memberships,
    live: Memberships,
) -> Difference | None:
    """Return the difference of the profile with the fewest records, with as few of them as still show it."""
    merges = merges_of(project.events)
    wrong = [
        (at, key, profile)
        for at in instants
        for key in catalog.keys
        for profile in sorted((oracle[key, at] ^ batch[key, at]) | (oracle[key, at] ^ live[key, at]))
    ]
    by_size: dict[str, list[Event]] = {}
    for _, _, profile in wrong[:50]:
        by_size.setdefault(profile, _records(project, merges, profile))
    at, key, profile = min(wrong[:50], key=lambda one: (len(by_size[one[2]]), one))
    return reduced(catalog.closure(key), key, by_size[profile], at, profile)


def _records(project: Project, merges: Merges, profile: str) -> list[Event]:
    return [event_of(row) for row in project.events.scan(profiles=sorted(merges.family(profile))).to_pylist()]


def disagreement(catalog: Catalog, key: str, events: Sequence[Event], at: int) -> dict[str, set[str]] | None:
    """Return what each reader says of a small log when they do not all say the same, else ``None``."""
    said = {reader: found[key, at] for reader, found in all_three(catalog, events, [at]).items()}
    return None if said["oracle"] == said["batch"] == said["live"] else said


def reduced(catalog: Catalog, key: str, events: list[Event], at: int, profile: str) -> Difference:
    """Return a difference with as few ``events`` as still show it (all of them when it needs more than one person's)."""
    kept = [event for event in events if event.received_at <= at]
    if disagreement(catalog, key, kept, at) is None:
        said = {reader: found[key, at] for reader, found in all_three(catalog, kept, [at]).items()}
        return _told(key, profile, at, said, kept)
    size = max(1, len(kept) // 2)
    while True:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            if fewer and disagreement(catalog, key, fewer, at) is not None:
                kept = fewer
            else:
                start += size
        if size == 1:
            break
        size //= 2
    return _told(key, profile, at, disagreement(catalog, key, kept, at) or {}, kept)


def _told(key: str, profile: str, at: int, said: dict[str, set[str]], events: Sequence[Event]) -> Difference:
    members = {reader: sorted(found) for reader, found in said.items()}
    return Difference(key=key, profile=profile, at=at, members=members, events=tuple(events))
