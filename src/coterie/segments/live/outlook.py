"""When a person's membership changes next if nothing arrives, and members in the order of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from coterie.segments.live.evaluation import evaluate
from coterie.segments.live.layout import BITS, HIGH, Ints, State, Tables, kernel, whole
from coterie.segments.live.memory import Memory
from coterie.segments.live.plans import Design
from coterie.segments.live.timers import is_member
from coterie.segments.live.wheel import HEADS


@kernel
def foresee(plan: Ints, tables: Tables, state: State, needed: Ints, segment: int, now: int) -> int:
    """Return the first instant after ``now`` at which the one row's membership differs; HIGH when it never does.

    ``needed`` are the segment and all it refers to, in order of evaluation. The row's bits move on with the instants tried.
    """
    member, at = is_member(state, 0, segment), now
    while True:
        until = whole(HIGH)
        for i in range(needed.shape[0]):
            one = needed[i]
            holds, moves = evaluate(plan, tables, state, one, 0, at)
            if holds != is_member(state, 0, one):
                state.rows[BITS + (one >> 6)] ^= whole(1) << (one & 63)
            until = min(until, moves)
        if at > now and is_member(state, 0, segment) != member:
            return at
        if until >= HIGH:
            return HIGH
        at = max(until, at + 1)


@kernel
def members_after(rows: Ints, width: int, segment: int, begin: int, end: int, found: Ints) -> int:
    """Return how many members of a segment stand in ``found``: the first ones from row ``begin`` on, as many as it takes."""
    word, count = BITS + (segment >> 6), 0
    for row in range(begin, end):
        if (rows[row * width + word] >> (segment & 63)) & 1 != 0:
            found[count] = row
            count += 1
            if count == found.shape[0]:
                break
    return count


def row_alone(memory: Memory, made: Design, row: int) -> State:
    """Return a state in which the profile of ``row`` is the only one, on a copy of its row; its runs are shared and only read."""
    alone = memory.rows[row * memory.width : (row + 1) * memory.width].copy()
    wheel: Any = np.zeros(HEADS, np.uint32)
    return State(
        alone, alone.view(np.uint32), memory.arena, memory.meta.copy(), wheel, np.zeros(made.scratch, np.int64)
    )
