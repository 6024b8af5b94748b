"""Due bounds of a profile's segments, and what happens when one is due.

A bound says in units of 2**20 µs when a segment may change at the earliest; the exact instant is asked of the segment's
program when the bound is reached, so that four bytes per segment are enough for timers exact to the microsecond.
"""

from __future__ import annotations

import numpy as np

from coterie.segments.live.evaluation import evaluate
from coterie.segments.live.layout import (
    BITS,
    BUCKET,
    CLOCK,
    DUE,
    HIGH,
    LAST_DUE,
    M_CHANGES,
    M_FIRED,
    M_NEAR,
    M_STAMP,
    M_WHEEL,
    NO_DUE,
    SEGMENTS,
    WIDTH,
    Ints,
    Plan,
    State,
    Tables,
    kernel,
    small,
)
from coterie.segments.live.wheel import NONE, RING, free, place, turn

TIMER_CAUSE = 1


@small
def bound_of(at: int) -> int:
    """Return the due bound of an instant."""
    if at >= HIGH:
        return NO_DUE
    return min(max(at >> BUCKET, 0), LAST_DUE)


@small
def is_member(state: State, base: int, segment: int) -> bool:
    return (state.rows[base + BITS + (segment >> 6)] >> (segment & 63)) & 1 != 0


@kernel
def flip(
    plan: Plan, state: State, out: Ints, profile: int, segment: int, at: int, cause: int, arrival: int, stamp: int
) -> None:
    """The profile's membership is the other one, the change is noted, and segments that refer to it are marked."""
    word = profile * plan.shape[WIDTH] + BITS + (segment >> 6)
    bits = state.rows[word] ^ (np.int64(1) << (segment & 63))
    state.rows[word] = bits
    n = state.meta[M_CHANGES]
    out[n, 0], out[n, 1], out[n, 2] = at, arrival, profile
    out[n, 3] = segment << 8 | cause << 1 | ((bits >> (segment & 63)) & 1)
    state.meta[M_CHANGES] = n + 1
    for i in range(plan.dependents_at[segment], plan.dependents_at[segment + 1]):
        state.marks[plan.dependents[i]] = stamp


@kernel
def gather(plan: Plan, tables: Tables, state: State, base: int, last: int, waiting: Ints) -> tuple[int, int]:
    """Return how many segments are due by bucket ``last``, now listed in ``waiting`` with exact instants, and the least other bound."""
    due, clock = 2 * base + plan.shape[DUE], state.rows[base + CLOCK]
    count, least = 0, NO_DUE
    for segment in range(plan.shape[SEGMENTS]):
        bound = np.int64(state.timers[due + segment])
        if bound <= last:
            _, until = evaluate(plan, tables, state, segment, base, clock)
            state.nexts[segment] = until
            waiting[count] = segment
            count += 1
        elif bound < least:
            least = bound
    return count, least


@kernel
def fire(
    plan: Plan, tables: Tables, state: State, out: Ints, profile: int, at: int, last: int, waiting: Ints, count: int
) -> int:
    """Return how many segments wait after all that change at ``at`` have changed."""
    base, meta = profile * plan.shape[WIDTH], state.meta
    due = 2 * base + plan.shape[DUE]
    meta[M_STAMP] += 1
    stamp = meta[M_STAMP]
    segments = plan.shape[SEGMENTS]
    begin = segments
    for i in range(count):
        if state.nexts[waiting[i]] == at:
            state.marks[waiting[i]] = stamp
            begin = min(begin, waiting[i])
    state.rows[base + CLOCK] = at
    for segment in range(begin, segments):
        if state.marks[segment] != stamp:
            continue
        holds, until = evaluate(plan, tables, state, segment, base, at)
        meta[M_FIRED] += 1
        if holds != is_member(state, base, segment):
            flip(plan, state, out, profile, segment, at, TIMER_CAUSE, -1, stamp)
        state.nexts[segment] = until
        if np.int64(state.timers[due + segment]) > last and bound_of(until) <= last:
            waiting[count] = segment
            count += 1
        state.timers[due + segment] = bound_of(until)
    return count


@kernel
def settle(plan: Plan, tables: Tables, state: State, out: Ints, profile: int, until: int) -> bool:
    """Return whether every timer of the profile due by ``until`` has fired; false when there is no room for more changes."""
    base, segments = profile * plan.shape[WIDTH], plan.shape[SEGMENTS]
    last = min(until >> BUCKET, LAST_DUE)
    if np.int64(state.timers[2 * base + 2]) > last:
        return True
    waiting, due, done = state.nexts[segments:], 2 * base + plan.shape[DUE], True
    count, least = gather(plan, tables, state, base, last, waiting)
    while True:
        at = HIGH
        for i in range(count):
            at = min(at, state.nexts[waiting[i]])
        if at > until:
            break
        if state.meta[M_CHANGES] + segments > out.shape[0]:
            done = False
            break
        count = fire(plan, tables, state, out, profile, at, last, waiting, count)
    for i in range(count):
        bound = bound_of(state.nexts[waiting[i]])
        state.timers[due + waiting[i]] = bound
    if done:
        state.rows[base + CLOCK] = max(state.rows[base + CLOCK], until)
    least = NO_DUE
    for segment in range(segments):
        least = min(least, np.int64(state.timers[due + segment]))
    state.timers[2 * base + 2] = least
    return done


@kernel
def sweep(plan: Plan, tables: Tables, state: State, out: Ints, until: int) -> bool:
    """Return whether every timer due by ``until`` has fired; false when changes must be taken away first."""
    meta, timers, width = state.meta, state.timers, plan.shape[WIDTH]
    last = min(until >> BUCKET, LAST_DUE)
    while True:
        here = meta[M_WHEEL]
        node = np.int64(state.heads[here & (RING - 1)])
        state.heads[here & (RING - 1)] = NONE
        room = True
        while node != NONE:
            following = np.int64(state.nodes[node, 2])
            meta[M_NEAR] -= 1
            profile = np.int64(state.nodes[node, 0])
            base = profile * width
            if timers[2 * base + 3] != state.nodes[node, 1]:
                free(state, node)
            else:
                room = room and settle(plan, tables, state, out, profile, until)
                least = timers[2 * base + 2]
                timers[2 * base + 3] = least
                if least == NO_DUE:
                    free(state, node)
                else:
                    state.nodes[node, 1] = least
                    place(state, node)
            node = following
        if not room:
            return False
        if here >= last:
            return True
        turn(state, last)
