"""Due bounds of a profile's segments, and what happens when one is due.

A bound says in units of 2**20 µs when a segment may change at the earliest; the exact instant is asked of the segment's
program when the bound is reached, so that four bytes per segment are enough for timers exact to the microsecond.
"""

from __future__ import annotations

from coterie.segments.live.evaluation import evaluate
from coterie.segments.live.layout import (
    BITS,
    BUCKET,
    CLOCK,
    DUE,
    G_DEPENDENTS,
    G_DEPENDENTS_END,
    HIGH,
    LAST_DUE,
    M_CHANGES,
    M_FIRED,
    M_NEAR,
    M_WHEEL,
    NEXTS,
    NO_DUE,
    PROGRAMS,
    SEGMENT_WORDS,
    SEGMENTS,
    WIDTH,
    Ints,
    State,
    Tables,
    kernel,
    small,
    whole,
)
from coterie.segments.live.tidying import tidy
from coterie.segments.live.wheel import RING, free, place, turn

TIMER_CAUSE = 1
IDLE_US = 86_400_000_000
"""After a day without anything the runs of a profile are cut to what is still looked at, when a timer fires."""


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
    plan: Ints, state: State, out: Ints, profile: int, segment: int, at: int, cause: int, arrival: int, stamp: int
) -> None:
    """The profile's membership is the other one, the change is noted, and segments that refer to it are marked."""
    word = profile * plan[WIDTH] + BITS + (segment >> 6)
    bits = state.rows[word] ^ (whole(1) << (segment & 63))
    state.rows[word] = bits
    n = state.meta[M_CHANGES]
    out[n, 0], out[n, 1], out[n, 2] = at, arrival, profile
    out[n, 3] = segment << 8 | cause << 1 | ((bits >> (segment & 63)) & 1)
    state.meta[M_CHANGES] = n + 1
    about = plan[PROGRAMS] + segment * SEGMENT_WORDS
    for i in range(plan[about + G_DEPENDENTS], plan[about + G_DEPENDENTS_END]):
        state.scratch[plan[i]] = stamp


@small
def gather(plan: Ints, tables: Tables, state: State, base: int, last: int) -> int:
    """Return how many segments are due by bucket ``last``; from NEXTS on stand their exact instants, then which they are."""
    due, clock, segments = 2 * base + plan[DUE], state.rows[base + CLOCK], plan[SEGMENTS]
    nexts = state.scratch[plan[NEXTS] :]
    count = 0
    for segment in range(segments):
        if whole(state.timers[due + segment]) <= last:
            _, until = evaluate(plan, tables, state, segment, base, clock)
            nexts[segment] = until
            nexts[segments + count] = segment
            count += 1
    return count


@small
def expect(state: State, nexts: Ints, waiting: Ints, count: int, segment: int, at: int) -> int:
    """Return how many segments wait after ``segment`` waits for ``at``; they stay in order of evaluation."""
    nexts[segment] = at
    place = count
    while place > 0 and waiting[place - 1] > segment:
        waiting[place] = waiting[place - 1]
        place -= 1
    waiting[place] = segment
    return count + 1


@small
def fire(plan: Ints, tables: Tables, state: State, out: Ints, profile: int, at: int, last: int, count: int) -> int:
    """Return how many segments wait after all that change at ``at`` have changed, those that refer to them too.

    A segment waits when its bound is at most ``last``. Who refers comes later in the order, so one pass is enough.
    """
    base, segments = profile * plan[WIDTH], plan[SEGMENTS]
    due, nexts = 2 * base + plan[DUE], state.scratch[plan[NEXTS] :]
    waiting = nexts[segments:]
    state.rows[base + CLOCK] = at
    i = 0
    while i < count:
        segment = waiting[i]
        i += 1
        if nexts[segment] != at:
            continue
        holds, nexts[segment] = evaluate(plan, tables, state, segment, base, at)
        state.meta[M_FIRED] += 1
        if holds == is_member(state, base, segment):
            continue
        flip(plan, state, out, profile, segment, at, whole(TIMER_CAUSE), whole(-1), whole(0))
        about = plan[PROGRAMS] + segment * SEGMENT_WORDS
        for j in range(plan[about + G_DEPENDENTS], plan[about + G_DEPENDENTS_END]):
            other = plan[j]
            if whole(state.timers[due + other]) > last:
                state.timers[due + other] = 0
                count = expect(state, nexts, waiting, count, other, at)
            nexts[other] = at
    return count


@kernel
def settle(plan: Ints, tables: Tables, state: State, out: Ints, profile: int, until: int) -> bool:
    """Return whether every timer of the profile due by ``until`` has fired; false when there is no room for more changes."""
    base, segments = profile * plan[WIDTH], plan[SEGMENTS]
    last = min(until >> BUCKET, LAST_DUE)
    if whole(state.timers[2 * base + 2]) > last:
        return True
    clock = state.rows[base + CLOCK]
    nexts, due, done = state.scratch[plan[NEXTS] :], 2 * base + plan[DUE], True
    waiting = nexts[segments:]
    count = gather(plan, tables, state, base, last)
    while True:
        at = whole(HIGH)
        for i in range(count):
            at = min(at, nexts[waiting[i]])
        if at > until:
            break
        if state.meta[M_CHANGES] + segments > out.shape[0]:
            done = False
            break
        count = fire(plan, tables, state, out, profile, at, last, count)
    for i in range(count):
        bound = bound_of(nexts[waiting[i]])
        state.timers[due + waiting[i]] = bound
    if done:
        if until - clock > IDLE_US:
            tidy(plan, state, base, until)
        state.rows[base + CLOCK] = max(state.rows[base + CLOCK], until)
    least = NO_DUE
    for segment in range(segments):
        least = min(least, whole(state.timers[due + segment]))
    state.timers[2 * base + 2] = least
    return done


@kernel
def sweep(plan: Ints, tables: Tables, state: State, out: Ints, until: int) -> bool:
    """Return whether every timer due by ``until`` has fired; false when changes must be taken away first."""
    meta, timers, wheel, width = state.meta, state.timers, state.wheel, plan[WIDTH]
    last = min(until >> BUCKET, LAST_DUE)
    while True:
        here = meta[M_WHEEL]
        node = whole(wheel[here & (RING - 1)])
        wheel[here & (RING - 1)] = 0
        room = True
        while node != 0:
            following = whole(wheel[node + 2])
            meta[M_NEAR] -= 1
            profile = whole(wheel[node])
            base = profile * width
            if timers[2 * base + 3] != wheel[node + 1]:
                free(state, node)
            else:
                room = room and settle(plan, tables, state, out, profile, until)
                least = timers[2 * base + 2]
                timers[2 * base + 3] = least
                if least == NO_DUE:
                    free(state, node)
                else:
                    wheel[node + 1] = least
                    place(state, node)
            node = following
        if not room:
            return False
        if here >= last:
            return True
        turn(state, last)
