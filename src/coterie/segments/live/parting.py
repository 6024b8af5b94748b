"""One profile becomes two again: both rows are folded anew from the records of all the ids that were one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import Problem
from coterie.segments.live.intake import Arrivals, Intake, combined
from coterie.segments.live.layout import (
    B_KEY,
    B_RECEIVED,
    B_ROW,
    BITS,
    CLOCK,
    LOW,
    M_STAMP,
    RUNS,
    SEGMENTS,
    WIDTH,
    Batch,
    Ints,
    State,
    Tables,
    kernel,
)
from coterie.segments.live.memory import Memory
from coterie.segments.live.plans import RUN_KINDS
from coterie.segments.live.profiles import Profiles
from coterie.segments.live.runs import release
from coterie.segments.live.stepping import fold, rearm, review, touch
from coterie.segments.live.timers import flip, is_member, settle

History: TypeAlias = Callable[[Sequence[Any]], Iterable[Any]]
"""Given ids of profiles, the tables of the log with at least all their records that a reader was given before, in log order."""
UNMERGE_CAUSE = 6


@kernel
def stand(
    plan: Ints, tables: Tables, state: State, batch: Batch, out: Ints, e: int, rest: int, gone: int, own: int
) -> None:
    """Every segment was asked of both sides by event ``e``, which is a record of ``own``, one of the two."""
    now = batch.columns[B_RECEIVED, e]
    for side in range(2):
        profile = rest if side == 0 else gone
        base = profile * plan[WIDTH]
        if profile == own:
            touch(plan, tables, state, batch, out, e, profile, True)
            continue
        state.meta[M_STAMP] += 1
        if state.rows[base + CLOCK] == LOW:
            for segment in range(plan[SEGMENTS]):
                if is_member(state, base, segment):
                    flip(plan, state, out, profile, segment, now, UNMERGE_CAUSE, e, 0)
        else:
            for segment in range(plan[SEGMENTS]):
                review(plan, tables, state, out, profile, segment, now, UNMERGE_CAUSE, e)
            rearm(state, base, profile)


def sides_of(profiles: Profiles, profile: Any, loser: Any) -> tuple[int, int, int] | None:
    """Return the rows (of what is left, of the loser, of ``profile``), None when ``loser`` is no part of ``profile``'s person."""
    gone, own = profiles.row_of(loser, new=False), profiles.row_of(profile, new=False)
    if gone < 0 or own < 0:
        return None
    rest = profiles.canonical(gone)
    return None if rest in (gone, -1) or profiles.canonical(own) != rest else (rest, gone, own)


def part(
    live: Any, intake: Intake, arrivals: Arrivals, repeated: Any, place: int, sides: tuple[int, int, int]
) -> list[Ints]:
    """Return the changes as the ``$unmerge`` event at ``place`` takes effect. Cost: the records of the ids that were one.

    What changes is what differs between the person they were and the two that had received their own records from the start.
    """
    if live.history is None:
        raise Problem(
            "an unmerge needs the log so far",
            where="apply",
            received=f"{live.profiles.text_of(sides[1])!r} stands on its own again",
            hint="give the reader its history: Live(catalog, limits, history)",
        )
    rest, gone, own = sides
    memory, profiles, made = live.memory, live.profiles, live.made
    ids = [profiles.id_of(int(row)) for row in profiles.family(rest)]
    found: list[Ints] = []
    now = int(arrivals.batch.columns[B_RECEIVED, place])
    while not settle(made.plan, live.dictionaries.tables, memory.state, memory.out, rest, now):
        found.append(memory.drained())
    found.append(memory.drained())
    profiles.part(gone)
    for row in (rest, gone):
        clear(made, memory, profiles, row)
    for row in _refilled(live, intake, arrivals, repeated, place, ids):
        memory.rows[row * memory.width + CLOCK] = now
    own = profiles.canonical(own)
    arrivals.batch.columns[B_ROW, place] = own
    memory.reserve_nodes(8)
    memory.reserve_arena(int(made.plan[RUNS]))
    stand(
        made.plan, live.dictionaries.tables, memory.state, arrivals.batch, memory.out, place, rest, gone, own
    )  # fmt: skip
    return [*found, memory.drained()]


def clear(made: Any, memory: Memory, profiles: Profiles, row: int) -> None:
    """Nothing is remembered of the row's profile but its memberships."""
    base = row * memory.width
    for store in made.draft.stores:
        if store.kind in RUN_KINDS:
            release(memory.state, base + store.slot)
    words = memory.rows[base : base + memory.width]
    bits = slice(BITS, BITS + ((int(made.plan[SEGMENTS]) + 63) >> 6))
    kept = words[bits].copy()
    words[:] = memory.blank
    words[bits] = kept
    for salt, word in made.salts:
        words[word] = hash_of(salt, profiles.text_of(row))


def _refilled(live: Any, intake: Intake, arrivals: Arrivals, repeated: Any, place: int, ids: list[Any]) -> set[int]:
    """Return the rows that have records, all folded: those of the history, then those of the arrivals before ``place``."""
    wanted = pa.array(ids, arrivals.profiles.type)
    profiles: Profiles = live.profiles
    seen: set[int] = set()
    rows: set[int] = set()
    for table in live.history(ids):
        former = _before(table, int(arrivals.positions[0]), wanted)
        if not former.num_rows:
            continue
        batch = intake.read(former).batch
        live.dictionaries.serve(live.made)
        batch.columns[B_ROW] = profiles.rows_of(combined(former["profile"]), _repeated(batch.columns[B_KEY], seen))
        rows.update(_folded(live, batch, former.num_rows))
    if place:
        columns = arrivals.batch.columns.copy()
        columns[B_ROW, :place] = profiles.rows_of(arrivals.profiles[:place], repeated[:place])
        others = ~pc.is_in(arrivals.profiles[:place], wanted).to_numpy(zero_copy_only=False)
        columns[B_ROW, :place][others] = -1
        rows.update(_folded(live, Batch(columns, arrivals.batch.codes, arrivals.batch.numbers), place))
    return rows - {-1}


def _repeated(keys: Ints, seen: set[int]) -> Any:
    """Return which keys were seen before; all are in ``seen`` now."""
    again = np.zeros(len(keys), bool)
    for place, key in enumerate(keys.tolist()):
        again[place] = key in seen
        seen.add(key)
    return again


def _before(table: Any, position: int, ids: Any) -> pa.Table:
    """Return the records of some profiles that stand before a position in the log."""
    former = table if isinstance(table, pa.Table) else pa.Table.from_batches([table])
    chosen = pc.is_in(former["profile"], ids)
    if "position" in former.column_names:
        chosen = pc.and_(chosen, pc.less(former["position"], position))
    return former.filter(chosen)


def _folded(live: Any, batch: Batch, end: int) -> set[int]:
    """Return the rows whose profiles have remembered arrivals 0 to ``end``."""
    begin, made, memory = 0, live.made, live.memory
    while begin < end:
        memory.reserve_arena(int(made.plan[RUNS]))
        begin = fold(made.plan, live.dictionaries.tables, memory.state, batch, begin, end)
    return set(batch.columns[B_ROW, :end].tolist())


def hash_of(salt: str, profile: str) -> int:
    """Return the first 32 bits of md5("{salt}:{profile}")."""
    return int.from_bytes(hashlib.md5(f"{salt}:{profile}".encode(), usedforsecurity=False).digest()[:4], "big")
