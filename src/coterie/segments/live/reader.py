"""The live reader: micro-batches of arrivals in, membership changes out; time moves only when told."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from msgspec import structs

from coterie.errors import NotFound, Problem
from coterie.limits import DEFAULT, Limits
from coterie.segments.catalog import Catalog
from coterie.segments.live import layout as at
from coterie.segments.live.changes import Changes, ordered
from coterie.segments.live.copies import about_of, check, sections_of, take_up
from coterie.segments.live.dictionaries import Dictionaries
from coterie.segments.live.duplicates import Duplicates
from coterie.segments.live.edits import moved, refold, removed, reviewed
from coterie.segments.live.intake import MERGED, Arrivals, Intake
from coterie.segments.live.layout import Floats, Ints, is_compiled
from coterie.segments.live.measuring import measure_rows
from coterie.segments.live.memory import Memory
from coterie.segments.live.merging import absorb
from coterie.segments.live.names import Names
from coterie.segments.live.outlook import foresee, members_after, row_alone
from coterie.segments.live.parting import History, hash_of, part, sides_of
from coterie.segments.live.plans import Design, design
from coterie.segments.live.profiles import Profiles, follow
from coterie.segments.live.snapshots import decode, encode, fill
from coterie.segments.live.stepping import step
from coterie.segments.live.timers import sweep
from coterie.segments.measures import referred

LOG = logging.getLogger(__name__)


class Live:
    """Everything that is remembered of every profile, and who is in which segment at ``now``."""

    def __init__(self, catalog: Catalog, limits: Limits = DEFAULT, history: History | None = None) -> None:
        """``history`` is asked for the records of a person whom an ``$unmerge`` makes two; without it there can be none."""
        if not is_compiled(step):
            LOG.info("first use of the live reader: compiling its kernels, once, up to half a minute")
        self.limits, self.history = limits, history
        self.now = at.LOW
        self.profiles = Profiles()
        self.duplicates = Duplicates(limits)
        self.dictionaries = Dictionaries(limits)
        self.member_counts = np.zeros(len(catalog), np.int64)
        self._use(catalog, design(catalog, limits))
        self.memory = Memory(self.made)

    def _use(self, catalog: Catalog, made: Design) -> None:
        self.catalog = catalog
        self.made = made
        self._names = Names(made)
        self._intake = Intake(made, self.dictionaries, self._names, self.limits)
        self.dictionaries.serve(made)

    # ── time and arrivals ────────────────────────────────────────────────────────────────────────────────────

    def apply(self, table: Any) -> Changes:
        """Return what changed by the arrivals of a table of the log, and by every timer due until the last of them.

        ``received_at`` must not decrease, within the table and from call to call.
        """
        arrivals = self._intake.read(table)
        n = len(arrivals.positions)
        if n == 0:
            return self._ordered([])
        self._accept(arrivals)
        repeated = self.duplicates.seen(arrivals.batch.columns[at.B_KEY])
        found: list[Ints] = []
        begin = 0
        merges = [(int(place), loser) for place, loser in zip(arrivals.merges, arrivals.losers, strict=True)]
        for place, loser in merges:
            if self._names_profile(loser) and not repeated[place]:
                self._step(arrivals, repeated, begin, place, found)
                begin = place
                if arrivals.batch.columns[at.B_CAUSE, place] == MERGED:
                    self._merge(arrivals, place, loser, found)
                    begin = place + 1
                elif sides := sides_of(self.profiles, arrivals.profiles[place].as_py(), loser):
                    found += part(self, self._intake, arrivals, repeated, place, sides)
                    begin = place + 1
        self._step(arrivals, repeated, begin, n, found)
        self.memory.meta[at.M_EVENTS] += n
        self._sweep(int(arrivals.batch.columns[at.B_RECEIVED, -1]), found)
        return self._ordered(found, arrivals)

    def advance(self, now: int) -> Changes:
        """Return what changes by timers until ``now``, those of ``now`` included."""
        if now < self.now:
            raise Problem("time does not move back", where="advance", received=now, allowed=f"at least {self.now}")
        found: list[Ints] = []
        self._begin_at(now)
        self._sweep(now, found)
        return self._ordered(found)

    def _names_profile(self, loser: Any) -> bool:
        """Return whether what a merge names is an id: text that is not empty, or a number where ids are numbers."""
        return isinstance(loser, int if self.profiles.numeric else str) and loser != "" and loser is not True

    def _accept(self, arrivals: Arrivals) -> None:
        received, occurred = arrivals.batch.columns[at.B_RECEIVED], arrivals.batch.columns[at.B_OCCURRED]
        if received[0] < self.now or (received[1:] < received[:-1]).any():
            raise Problem("arrivals are not in the order of received_at", where="apply", allowed=f"from {self.now} on")
        if (occurred > received).any():
            raise Problem(
                "an event occurred after it was received", where="apply", hint="ingest corrects or quarantines it"
            )
        self._begin_at(int(received[0]))
        self.profiles.meet(arrivals.profiles.type)
        self.dictionaries.serve(self.made)

    def _begin_at(self, now: int) -> None:
        if self.memory.meta[at.M_WHEEL] < 0:
            self.memory.meta[at.M_WHEEL] = max(now >> at.BUCKET, 0)

    def _step(self, arrivals: Arrivals, repeated: Any, begin: int, end: int, found: list[Ints]) -> None:
        """Arrivals ``begin`` to ``end``, no merge among them, are applied."""
        if begin >= end:
            return
        known = len(self.profiles)
        part = slice(begin, end)
        arrivals.batch.columns[at.B_ROW, part] = self.profiles.rows_of(arrivals.profiles[part], repeated[part])
        self._welcome(known)
        memory = self.memory
        memory.reserve_nodes(end - begin)
        while True:
            plan, tables = self.made.plan, self.dictionaries.tables
            memory.reserve_arena(int(plan[at.RUNS]))
            begin = step(plan, tables, memory.state, arrivals.batch, memory.out, begin, end)
            if begin >= end:
                return
            found.append(memory.drained())

    def _welcome(self, known: int) -> None:
        """Profiles from row ``known`` on have rows, and their hashes are in them."""
        memory = self.memory
        memory.reserve_rows(len(self.profiles))
        for row in range(known, len(self.profiles)) if self.made.salts else ():
            for salt, word in self.made.salts:
                memory.rows[row * memory.width + word] = hash_of(salt, self.profiles.text_of(row))

    def _merge(self, arrivals: Arrivals, place: int, loser: Any, found: list[Ints]) -> None:
        """The ``$merge`` event at ``place`` is applied: its profile has absorbed ``loser``."""
        known = len(self.profiles)
        none = np.zeros(1, bool)
        into = int(self.profiles.rows_of(arrivals.profiles[place : place + 1], none)[0])
        gone = self.profiles.canonical(self.profiles.row_of(loser))
        self._welcome(known)
        batch, memory = arrivals.batch, self.memory
        batch.columns[at.B_ROW, place] = into
        memory.reserve_nodes(8)
        if gone != into:
            self.profiles.absorb(into, gone)
        while True:
            memory.reserve_arena(3 * self.made.runs + 1, 3)
            row = gone if gone != into else -1
            if absorb(self.made.plan, self.dictionaries.tables, memory.state, batch, memory.out, place, into, row):
                break
            found.append(memory.drained())
        blank = memory.rows[gone * memory.width : (gone + 1) * memory.width]
        for salt, word in self.made.salts if gone != into else ():
            blank[word] = hash_of(salt, self.profiles.text_of(gone))

    def _sweep(self, until: int, found: list[Ints]) -> None:
        self.now = until
        memory = self.memory
        while not sweep(self.made.plan, self.dictionaries.tables, memory.state, memory.out, until):
            found.append(memory.drained())
        found.append(memory.drained())

    def _ordered(self, found: list[Ints], arrivals: Arrivals | None = None) -> Changes:
        rows = np.concatenate(found) if found else np.zeros((0, 4), np.int64)
        entered = rows[:, 3] & 1
        segments = rows[:, 3] >> 8
        self.member_counts += np.bincount(segments, 2 * entered - 1, len(self.member_counts)).astype(np.int64)
        positions = None if arrivals is None else arrivals.positions
        ids = None if arrivals is None else arrivals.event_ids
        return ordered(rows, self.made.keys, self.made.versions, self.profiles, positions, ids)

    # ── definitions and state ────────────────────────────────────────────────────────────────────────────────

    def edit(self, catalog: Catalog, history: Iterable[Any], at: int) -> Changes:
        """Return who enters and leaves as ``catalog`` takes the place of the present one, after every timer due until ``at``.

        ``history`` is the log so far; it is read once, and only if something must be remembered that was not. Afterwards
        the reader is as one that began with ``catalog``.
        """
        found: list[Ints] = []
        after = design(catalog, self.limits)
        self._begin_at(at)
        self._sweep(max(at, self.now), found)
        before, old, profiles = self.made, self.memory, len(self.profiles)
        self.dictionaries.begin()
        self.dictionaries.serve(after)
        gone = removed(before, after, old, profiles, self.now)
        self.memory, empty = moved(old, before, after, profiles)
        self._use(catalog, after)
        self._welcome(0)
        if empty:
            refold(after, self.memory, self.profiles, self.dictionaries, self.limits, empty, history)
            self._use(catalog, after)
        entered = reviewed(after, self.memory, self.dictionaries.tables, profiles, self.now)
        self.member_counts = np.array([len(self.rows_in(key)) for key in after.keys], np.int64)
        for one in entered:
            one[:, 3] += len(before.keys) << 8
        rows = np.concatenate([*found, gone, *entered])
        return ordered(rows, before.keys + after.keys, before.versions + after.versions, self.profiles)

    def snapshot(self) -> bytes:
        """Return the whole state as bytes; the same state gives the same bytes."""
        return encode(self)

    @classmethod
    def restore(cls, catalog: Catalog, data: bytes, limits: Limits = DEFAULT, history: History | None = None) -> Live:
        """Return a reader with the state of a snapshot that was taken with this catalog.

        Raises CoterieError when the bytes are damaged or belong to another catalog.
        """
        saved, live = decode(data, catalog), cls(catalog, limits, history)
        fill(live, saved)
        return live

    def copy(self) -> Live:
        """Return a reader of the same state that lives on alone. Cost: one copy of everything remembered, arrays without
        the interpreter's lock."""
        other = Live.__new__(Live)
        other.limits, other.history = self.limits, self.history
        other.now, other.catalog = self.now, self.catalog
        other.made = structs.replace(self.made, plan=self.made.plan.copy())
        other.profiles, other.duplicates = self.profiles.copy(), self.duplicates.copy()
        other.dictionaries, other.memory = self.dictionaries.copy(), self.memory.copy(other.made)
        other.member_counts = self.member_counts.copy()
        other._names = self._names.copy(other.made)
        other._intake = Intake(other.made, other.dictionaries, other._names, other.limits)
        return other

    def sections(self) -> list[tuple[str, Any]]:
        """Return the whole state as named buffers that this reader will not touch again, to be written by another thread.

        Cost: one copy of the arrays, without the interpreter's lock; texts are encoded by the thousand.
        """
        return sections_of(self)

    @classmethod
    def from_sections(
        cls, catalog: Catalog, sections: Mapping[str, Any], limits: Limits = DEFAULT, history: History | None = None
    ) -> Live:
        """Return a reader with the state of ``sections``. Raises CoterieError when they are of another catalog or shape."""
        live, about = cls(catalog, limits, history), about_of(sections)
        check(about, catalog, live.made.shape)
        take_up(live, about, sections)
        return live

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────

    def _number(self, key: str) -> int:
        if key not in self.made.keys:
            raise NotFound(f"no segment {key!r}")
        return self.made.keys.index(key)

    def rows_in(self, key: str) -> Ints:
        """Return the rows of the members of a segment."""
        segment, width = self._number(key), self.memory.width
        words = self.memory.rows[at.BITS + (segment >> 6) : len(self.profiles) * width : width]
        return np.flatnonzero((words >> (segment & 63)) & 1)

    def members(self, key: str) -> list[str]:
        """Return the ids of the members of a segment, sorted."""
        return sorted(self.profiles.text_of(row) for row in self.rows_in(key).tolist())

    def member(self, key: str, profile: Any) -> bool:
        """Return whether ``profile`` is in a segment; an absorbed id is in none, as in ``members`` and the other readers."""
        segment = self._number(key)
        row = self.profiles.row_of(profile, new=False)
        if row < 0 or self.profiles.canonical(row) != row:
            return False
        word = row * self.memory.width + at.BITS + (segment >> 6)
        return bool((int(self.memory.rows[word]) >> (segment & 63)) & 1)

    def member_page(self, key: str, after_row: int = -1, limit: int = 100) -> tuple[Ints, list[str], int | None]:
        """Return (rows, ids, what to ask after for the next page or None) of members in order of rows, those after ``after_row``.

        Cost: a look at every row passed on the way, about 2 ns each.
        """
        segment, known = self._number(key), len(self.profiles)
        rows = np.empty(max(limit, 1), np.int64)
        count = members_after(self.memory.rows, self.memory.width, segment, after_row + 1, known, rows)
        rows = rows[:count]
        ids = [self.profiles.text_of(row) for row in rows.tolist()]
        return rows, ids, int(rows[-1]) if count == max(limit, 1) else None

    def known_rows(self) -> Ints:
        """Return the rows of everybody known: those with a record, absorbed ids not among them."""
        clocks = self.memory.rows[at.CLOCK : len(self.profiles) * self.memory.width : self.memory.width]
        known = clocks != at.LOW
        absorbed = self.profiles.forward[: len(known)]
        known[: len(absorbed)] &= absorbed < 0
        return np.flatnonzero(known)

    def owners_of(self, rows: Ints) -> Ints:
        """Return the rows of the people to whom these rows belong now, ascending, each once; those without a record are left out."""
        owners = np.array(rows, np.int64)
        follow(owners, self.profiles.forward)
        owners = np.unique(owners)
        return owners[self.memory.rows[owners * self.memory.width + at.CLOCK] != at.LOW]

    def measure(self, model: str, rows: Ints | None = None, at: int | None = None) -> Floats:
        """Return (rows, terms) float64: what the terms of ``model`` in the catalog's measures are, NaN where missing.

        ``rows``: of everybody known when not said. ``at``: ``now`` when not said, or a later one, as if nothing arrived
        until then. Nothing changes by asking. Cost: under a microsecond per term that is one look at the row.
        """
        if model not in self.made.measures:
            raise NotFound(f"no measures of a model {model!r}")
        when = self.now if at is None else at
        if when < self.now or (when > self.now and referred(self.catalog.measures[model])):
            allowed = (
                f"{self.now}: memberships are known at no other instant" if when > self.now else f"from {self.now} on"
            )
            raise Problem(
                "measured at another instant than that of the state", where="measure", received=when, allowed=allowed
            )
        asked = self.known_rows() if rows is None else np.ascontiguousarray(rows, np.int64)
        begin, terms = self.made.measures[model]
        found = np.empty((len(asked), terms))
        memory = self.memory
        state = memory.state._replace(meta=memory.meta.copy(), scratch=np.zeros(self.made.scratch, np.int64))
        measure_rows(self.made.plan, self.dictionaries.tables, state, begin, asked, when, found)
        return found

    def outlook(self, key: str, profile: Any) -> int | None:
        """Return the instant after ``now`` at which ``profile`` enters or leaves if nothing arrives, ``None`` if it never does.

        Nothing changes by asking. An unknown or absorbed id has none. Cost: one evaluation per instant that may decide.
        """
        segment = self._number(key)
        row = self.profiles.row_of(profile, new=False)
        if (
            row < 0
            or self.profiles.canonical(row) != row
            or self.memory.rows[row * self.memory.width + at.CLOCK] == at.LOW
        ):
            return None
        needed = set(self.catalog.closure(key).keys)
        numbers = np.array([number for number, one in enumerate(self.made.keys) if one in needed], np.int64)
        alone = row_alone(self.memory, self.made, row)
        found = foresee(self.made.plan, self.dictionaries.tables, alone, numbers, segment, self.now)
        return int(found) if found < at.HIGH else None

    def counts(self) -> dict[str, int]:
        """Return how many members each segment has."""
        return {key: int(count) for key, count in zip(self.made.keys, self.member_counts, strict=True)}

    def counters(self) -> dict[str, int]:
        """Return what has happened so far, and how often each bound was hit."""
        meta = self.memory.meta
        return {
            "events": int(meta[at.M_EVENTS]),
            "profiles": len(self.profiles),
            "duplicates_dropped": self.duplicates.dropped,
            "run_entries_dropped": int(meta[at.M_DROPPED]),
            "timer_evaluations": int(meta[at.M_FIRED]),
            "sums_saturated": int(meta[at.M_SATURATED]),
        }

    def state_bytes(self) -> int:
        """Return the memory of everything remembered, spare room included."""
        parts = (self.memory, self.profiles, self.duplicates, self.dictionaries)
        return sum(part.state_bytes() for part in parts)
