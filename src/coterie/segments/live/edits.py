"""Definitions change under a running reader: what is still needed is kept, what is new is folded from the history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from coterie.limits import Limits
from coterie.segments.live import layout as at
from coterie.segments.live.dictionaries import Dictionaries
from coterie.segments.live.draft import Store
from coterie.segments.live.duplicates import Duplicates
from coterie.segments.live.intake import EDIT, Intake
from coterie.segments.live.layout import Ints, State, kernel
from coterie.segments.live.memory import Memory
from coterie.segments.live.names import Names
from coterie.segments.live.plans import INLINE, RUN_KINDS, WORDS, Design
from coterie.segments.live.profiles import Profiles
from coterie.segments.live.runs import release
from coterie.segments.live.stepping import fold, review_all


@kernel
def release_all(state: State, width: int, profiles: int, word: int) -> None:
    """No profile has a run at ``word`` of its row any more."""
    for profile in range(profiles):
        release(state, profile * width + word)


def moved(old: Memory, before: Design, after: Design, profiles: int) -> tuple[Memory, frozenset[int]]:
    """Return memory for the new plan that keeps what both remember, and the numbers of the stores that are still empty."""
    known = before.identities()
    kept: dict[int, Store] = {}
    for number, store in enumerate(after.draft.stores):
        have = known.get(store.identity(after.draft.selector_keys))
        if have is not None and _suffices(have, store):
            kept[number] = have
    staying = {id(have) for have in kept.values()}
    for store in before.draft.stores:
        if store.kind in RUN_KINDS and id(store) not in staying:
            release_all(old.state, old.width, profiles, store.slot)
    new = Memory(after)
    new.adopt(old)
    new.reserve_rows(profiles)
    source = old.rows[: profiles * old.width].reshape(profiles, old.width)
    target = new.rows[: profiles * new.width].reshape(profiles, new.width)
    target[:, at.CLOCK] = source[:, at.CLOCK]
    for number, have in kept.items():
        _copy(have, after.draft.stores[number], source, target)
    _keep_members(before, after, source, target)
    empty = frozenset(range(len(after.draft.stores))) - kept.keys()
    return new, frozenset(one for one in empty if after.draft.stores[one].kind != at.K_HASH)


def _suffices(have: Store, asked: Store) -> bool:
    return have.kept >= asked.kept and have.retain >= asked.retain and asked.quotas.keys() <= have.quotas.keys()


def _copy(have: Store, asked: Store, source: Any, target: Any) -> None:
    words = asked.kept if asked.kind in INLINE else WORDS.get(asked.kind, 1)
    target[:, asked.slot : asked.slot + words] = source[:, have.slot : have.slot + words]
    for n, word in asked.quotas.items():
        target[:, word] = source[:, have.quotas[n]]
    if asked.critical >= 0:
        target[:, asked.critical] = source[:, have.critical]


def _keep_members(before: Design, after: Design, source: Any, target: Any) -> None:
    """Whoever is in a segment whose key stays is still in it."""
    for number, key in enumerate(after.keys):
        if key in before.keys:
            old = before.keys.index(key)
            bits = (source[:, at.BITS + (old >> 6)] >> (old & 63)) & 1
            target[:, at.BITS + (number >> 6)] |= bits << (number & 63)


def refold(
    made: Design,
    memory: Memory,
    profiles: Profiles,
    dictionaries: Dictionaries,
    limits: Limits,
    only: frozenset[int],
    history: Iterable[Any],
) -> None:
    """The stores ``only`` remember what ``history``, the log so far, has for them. Cost: one pass over the history."""
    names, duplicates = Names(made, only), Duplicates(limits)
    intake = Intake(made, dictionaries, names, limits)
    for table in history:
        arrivals = intake.read(table)
        batch, begin, end = arrivals.batch, 0, table.num_rows
        if not end:
            continue
        dictionaries.serve(made)
        repeated = duplicates.seen(batch.columns[at.B_KEY])
        batch.columns[at.B_ROW] = profiles.rows_of(arrivals.profiles, repeated)
        while begin < end:
            memory.reserve_arena(int(made.plan[at.RUNS]))
            begin = fold(made.plan, dictionaries.tables, memory.state, batch, begin, end)


def reviewed(made: Design, memory: Memory, tables: Any, profiles: int, now: int) -> list[Ints]:
    """Return what changes when every segment is asked of every profile at ``now``, with the cause of an edit."""
    found: list[Ints] = []
    begin = 0
    memory.reserve_nodes(profiles)
    while True:
        begin = review_all(made.plan, tables, memory.state, memory.out, begin, profiles, now, EDIT)
        found.append(memory.drained())
        if begin >= profiles:
            return found


def removed(before: Design, after: Design, old: Memory, profiles: int, now: int) -> Ints:
    """Return the exits from segments that are no more, as kernels write changes."""
    rows = old.rows[: profiles * old.width].reshape(profiles, old.width)
    found = [np.zeros((0, 4), np.int64)]
    for number, key in enumerate(before.keys):
        if key not in after.keys:
            gone = np.flatnonzero((rows[:, at.BITS + (number >> 6)] >> (number & 63)) & 1)
            one = np.empty((len(gone), 4), np.int64)
            one[:, 0], one[:, 1], one[:, 2], one[:, 3] = now, -1, gone, number << 8 | EDIT << 1
            found.append(one)
    return np.concatenate(found)
