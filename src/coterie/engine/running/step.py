"""One step, pure: (state, entries of the journal, horizon) → effects. Nothing else changes the state.

A crash anywhere before the commit of the effects is as if the step had not been: the state is read again from what is
committed, and the same entries give the same effects, however they are cut into steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import compress
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.connectors.sources import delivery, replay
from coterie.connectors.sources.tracking import ALIAS
from coterie.engine.running.columns import Columns
from coterie.engine.running.effects import Effects
from coterie.engine.running.facts import ROUTE, FactRecord, records_of
from coterie.engine.running.learning import assign
from coterie.engine.running.moved import rows_of
from coterie.engine.running.state import State
from coterie.errors import CoterieError
from coterie.identity.merges import LOSER
from coterie.identity.resolution import Resolution
from coterie.identity.resolution import records_of as system_records
from coterie.model import LINK, MERGE, TRAIT_EVENTS, UNMERGE
from coterie.segments.live.hashing import keys_of
from coterie.segments.live.layout import Ints
from coterie.storage.journal import Entry
from coterie.storage.state.profiles import Write
from coterie.storage.state.refusals import Refusal
from coterie.storage.state.sources import Reading

STRUCTURE = (MERGE, UNMERGE, LINK)
FAILED = "a stage failed on the event"
_TRAIT_NAMES = pa.array(TRAIT_EVENTS, pa.string())
NOBODY = "no identifier of the event is anybody's"


class Part(Struct, frozen=True):
    """Some events of a single entry; with ``refusing`` they are refused with that detail."""

    begin: int
    end: int
    refusing: str = ""


def size_of(state: State, entry: Entry) -> int:
    """Return how many events can be read from an entry."""
    return len(_read(state, entry, entry.received_at)[0])


def step(state: State, entries: Sequence[Entry], horizon: int, part: Part | None = None) -> Effects:
    """Return what the entries and the passing of time until ``horizon`` come to; the state is the one after them.

    Cost: 3 to 6 µs per event beside decoding. Raises only when a stage fails as a whole: the state must then be thrown away.
    """
    effects = Effects(
        journal=entries[-1].position if entries else state.journal_position,
        advanced_to=state.now,
        first=state.log_position,
        entry_at=entries[-1].received_at if entries else 0,
    )
    columns = Columns()
    known = len(state.live.profiles)
    if entries:
        _recognise(state, _fresh(state, _decoded(state, entries, effects, part), effects), columns, effects)
    if len(columns):
        rows = columns.table(state.log_position)
        _fold(state, columns, rows, effects)
        effects.changes += rows_of(state.live.apply(rows), columns.ids, rows["position"].to_numpy())
        effects.rows = rows
        effects.met = _met(state, known, rows)
        state.log_position += rows.num_rows
    if horizon > state.live.now:
        effects.changes += rows_of(state.live.advance(horizon))
    assign(state, effects)
    effects.advanced_to = state.now
    effects.identifiers = state.identities.changed()
    state.journal_position = effects.journal
    return effects


class _Taken:
    """Events in order, each with its arrival and its entry."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.received: list[int] = []
        self.entries: list[Entry] = []
        self.keys: Ints = np.zeros(0, np.int64)

    def add(self, events: Sequence[Any], received: int, entry: Entry) -> None:
        self.events += events
        self.received += [received] * len(events)
        self.entries += [entry] * len(events)

    def only(self, which: Any) -> None:
        self.keys, kept = self.keys[which], which.tolist()
        self.events = list(compress(self.events, kept))
        self.received = list(compress(self.received, kept))
        self.entries = list(compress(self.entries, kept))


# ── entries → events ─────────────────────────────────────────────────────────────────────────────────────────


def _decoded(state: State, entries: Sequence[Entry], effects: Effects, part: Part | None) -> _Taken:
    """Return every event that could be read; the others are refused."""
    taken = _Taken()
    floor = state.now
    for entry in entries:
        at = entry.received_at if entry.received_at > floor else floor
        events, refused = _read(state, entry, at)
        if part is not None:
            events, refused = _only(state, entry, part, events, refused, effects)
        if entry.route == delivery.ROUTE and effects.journal >= entry.position:
            _note_reading(entry, events, refused, at, effects)
        if state.intake and entry.route != ROUTE:
            refused = _unbarred(state, refused, effects)
            events = _admit(state, entry, events, at, effects)
        effects.refused += refused
        taken.add(events, at, entry)
    return taken


def _read(state: State, entry: Entry, at: int) -> tuple[Sequence[Any], list[Refusal]]:
    try:
        if entry.route == ROUTE:
            return records_of(entry.body, state.limits), []
        if entry.route == delivery.ROUTE:
            found = delivery.decode(entry.body, at, state.limits)
        elif entry.route == replay.ROUTE:
            found = replay.decode(entry.body, at, state.limits)
        else:
            found = state.decode(entry, at)
    except (CoterieError, msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError) as error:
        return [], [_refusal(entry, 0, "the request cannot be read", str(error), _text(entry.body))]
    refused = [_refusal(entry, one.index, one.reason, one.detail, one.row) for one in found.refused]
    if entry.route == delivery.ROUTE:  # a row keeps the id that its event would have, however often it is read
        refused = [(one.id or told[0], *told[1:]) for one, told in zip(found.refused, refused, strict=True)]
    return found.events, refused


def _note_reading(entry: Entry, events: Sequence[Any], refused: list[Refusal], at: int, effects: Effects) -> None:
    """How far the source has been read is in the effects, with all that the entry holds."""
    told = delivery.unpack(entry.body)
    before = effects.readings.get(told.source)
    effects.readings[told.source] = Reading(
        position=told.position,
        events=len(events) + (before.events if before else 0),
        refused=len(refused) + (before.refused if before else 0),
        at=at,
    )


def _admit(state: State, entry: Entry, events: Sequence[Any], at: int, effects: Effects) -> Sequence[Any]:
    """Return the events that the intake lets pass; the others are refused or counted."""
    passed = state.intake.take(events, entry.source, at)
    for number, one in enumerate(passed.refused):
        row = msgspec.json.encode(one.event).decode()
        effects.refused += _unbarred(state, [_refusal(entry, number, one.reason, one.detail, row)], effects)
    effects.remarks += passed.remarks
    effects.suppressed += passed.dropped
    return passed.events


def _unbarred(state: State, refused: list[Refusal], effects: Effects) -> list[Refusal]:
    """Return the refusals that are not of people who were erased; those are counted and go nowhere."""
    kept = [one for one in refused if not state.intake.bars_row(one[4])]
    effects.suppressed += len(refused) - len(kept)
    return kept


def _only(
    state: State, entry: Entry, part: Part, events: Sequence[Any], refused: list[Refusal], effects: Effects
) -> tuple[Sequence[Any], list[Refusal]]:
    """Return what a part of an entry is; the entry counts as taken in with its last part, its refusals with its first."""
    if part.end < len(events):
        effects.journal = state.journal_position
    kept = refused if part.begin == 0 else []
    chosen = events[part.begin : part.end]
    if not part.refusing:
        return chosen, kept
    rows = [msgspec.json.encode(one).decode() for one in chosen]
    failed = [_refusal(entry, part.begin + n, FAILED, part.refusing, row) for n, row in enumerate(rows)]
    return [], kept + failed


def _refusal(entry: Entry, index: int, reason: str, detail: str, row: str) -> Refusal:
    place = f"journal {entry.position}, event {index}"
    return (f"{entry.position}:{index}:{reason}", reason, place, detail, row, entry.received_at, entry.source)


def _text(body: bytes) -> str:
    return msgspec.json.encode({"body": body.decode("utf-8", "replace")}).decode()


def _fresh(state: State, taken: _Taken, effects: Effects) -> _Taken:
    """Return the events whose ids were not met before; each id is remembered."""
    if not taken.events:
        return taken
    taken.keys = keys_of(pa.array([one.id for one in taken.events], pa.string()))
    repeated = state.seen.seen(taken.keys)
    effects.events += len(taken.events)
    if repeated.any():
        effects.duplicates += int(repeated.sum())
        taken.only(~repeated)
    return taken


# ── events → rows ────────────────────────────────────────────────────────────────────────────────────────────


def _recognise(state: State, taken: _Taken, columns: Columns, effects: Effects) -> None:
    """Every event is in the columns as its person's, between the records of what its identifiers changed."""
    events, received = taken.events, taken.received
    profiles, sources = _known(state, events), [one.source for one in taken.entries]
    done = 0
    for place in _gaps(profiles):
        event, at = events[place], received[place]
        if (profile := _known(state, [event])[0]) is not None:
            profiles[place] = profile
            continue
        columns.extend(events[done:place], profiles[done:place], received[done:place], sources[done:place], taken.keys[done:place])  # type: ignore[arg-type]  # fmt: skip
        done = place + 1
        if type(event) is FactRecord:
            _take_fact(state, event, at, columns, effects)
            changed = event.name in STRUCTURE
        else:
            changed = _resolve(state, event, at, taken.entries[place], columns, effects)
        if changed:
            profiles[done:] = _known(state, events[done:])
    columns.extend(events[done:], profiles[done:], received[done:], sources[done:], taken.keys[done:])  # type: ignore[arg-type]


def _known(state: State, events: Sequence[Any]) -> list[str | None]:
    """Return the profile of every event about whose identifiers there is nothing to do."""
    known = state.identities.known
    try:
        return [None if one.previous else known(one.identifiers) for one in events]
    except AttributeError:  # a fact names its profile and has no identifiers
        return [None if type(one) is FactRecord or one.previous else known(one.identifiers) for one in events]


def _gaps(profiles: list[str | None]) -> Iterator[int]:
    """Yield the places without a profile, as the list is when they are come to."""
    place = -1
    with suppress(ValueError):
        while True:
            place = profiles.index(None, place + 1)
            yield place


def _resolve(state: State, event: Any, at: int, entry: Entry, columns: Columns, effects: Effects) -> bool:
    """The event is in the columns, or refused; return whether what was known of others may have changed."""
    if event.previous:
        found = state.identities.alias(_previous(state, event), event.identifiers, event.id, at)
    else:
        found = state.identities.resolve(event.identifiers, event.id, at)
    if found.profile is None:
        _refuse_nobody(event, entry, found, effects)
        return False
    _add_resolved(event, at, found, entry.source, columns, effects)
    return bool(event.previous) or any(one.moved_from for one in found.links)


def _previous(state: State, event: Any) -> tuple[tuple[str, str], ...]:
    """Return what the previous id of an alias call means: the kind under which it is known, else the last one named."""
    met = [one for one in event.previous if state.identities.profile_of(*one) is not None]
    return tuple(met[:1]) or tuple(event.previous[-1:])


def _add_resolved(event: Any, at: int, found: Resolution, source: str, columns: Columns, effects: Effects) -> None:
    before, after = system_records(found, event.id, at)
    for one in before:
        columns.add(one.id, one.profile, one.name, at, at, one.properties, source)
    effects.merges += [(one.survivor, one.loser) for one in found.merges]
    if event.name != ALIAS:
        columns.add(event.id, found.profile or "", event.name, event.occurred_at, at, event.properties, source)
    for one in after:
        columns.add(one.id, one.profile, one.name, at, at, one.properties, source)


def _refuse_nobody(event: Any, entry: Entry, found: Resolution, effects: Effects) -> None:
    told = ", ".join(f"{one.kind} {one.value!r}: {one.reason}" for one in found.conflicts) or "none was given"
    row = {"id": event.id, "name": event.name, "identifiers": event.identifiers, "properties": event.properties}
    text = msgspec.json.encode(row).decode()
    effects.refused.append(
        (
            f"{entry.position}:{event.id}",
            NOBODY,
            f"journal {entry.position}",
            told,
            text,
            entry.received_at,
            entry.source,
        )
    )


def _take_fact(state: State, fact: FactRecord, at: int, columns: Columns, effects: Effects) -> None:
    identities, loser = state.identities, fact.properties.get(LOSER)
    if fact.name == MERGE and isinstance(loser, str):
        into, gone = identities.canonical(fact.profile), identities.canonical(loser)
        if into != gone:
            effects.merges.append((into, gone))
    identities.learn(fact.name, fact.profile, fact.properties, at, fact.id)
    if fact.name == UNMERGE and isinstance(loser, str):
        effects.rebuilt += [fact.profile, loser]
    columns.add(fact.id, fact.profile, fact.name, fact.occurred_at or at, at, fact.properties)


# ── rows → profiles ──────────────────────────────────────────────────────────────────────────────────────────


def _fold(state: State, columns: Columns, rows: pa.Table, effects: Effects) -> None:
    """The writes of traits are in the effects, each for the profile that is canonical now."""
    written = np.flatnonzero(pc.is_in(rows["name"], value_set=_TRAIT_NAMES).to_numpy())
    if not written.size:
        return
    canonical = state.identities.canonical
    keys, occurred = rows["event_key"].to_numpy(), rows["occurred_at"].to_numpy()
    for place in written.tolist():
        if columns.properties[place]:
            profile = canonical(columns.profiles[place])
            values = dict(columns.properties[place])
            effects.writes.append(Write(profile, values, int(occurred[place]), int(keys[place])))


def _met(state: State, known: int, rows: pa.Table) -> list[tuple[str, int]]:
    """Return the profiles that the live reader met in these rows, and when."""
    texts = state.live.profiles.texts[known:]
    if not texts:
        return []
    places = pc.index_in(pa.array(texts, pa.string()), value_set=rows["profile"].combine_chunks())
    received = rows["received_at"].to_numpy()
    first = received[places.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)]
    return list(zip(texts, first.tolist(), strict=True))
