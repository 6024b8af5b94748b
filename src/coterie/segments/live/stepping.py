"""One arrival after another: what is due fires, summaries are kept, segments that may have changed are asked again."""

from __future__ import annotations

import numpy as np

from coterie.segments.live.arena import block_words
from coterie.segments.live.evaluation import evaluate
from coterie.segments.live.layout import (
    BUCKET,
    CLOCK,
    DUE,
    LOW,
    M_CHANGES,
    M_LARGEST,
    M_STAMP,
    M_TOP,
    SEGMENTS,
    STORES,
    WIDTH,
    Batch,
    Ints,
    Plan,
    State,
    Tables,
    kernel,
    small,
)
from coterie.segments.live.summaries import keep
from coterie.segments.live.timers import bound_of, flip, is_member, settle
from coterie.segments.live.wheel import arm


@small
def review(
    plan: Plan, tables: Tables, state: State, out: Ints, profile: int, segment: int, at: int, cause: int, arrival: int
) -> None:
    """The profile's membership of the segment is as it should be at ``at``, and so is its due bound."""
    base = profile * plan.shape[WIDTH]
    holds, until = evaluate(plan, tables, state, segment, base, at)
    if holds != is_member(state, base, segment):
        flip(plan, state, out, profile, segment, at, cause, arrival, state.meta[M_STAMP])
    bound = bound_of(until)
    state.timers[2 * base + plan.shape[DUE] + segment] = bound
    if bound < np.int64(state.timers[2 * base + 2]):
        state.timers[2 * base + 2] = bound


@small
def rearm(state: State, base: int, profile: int) -> None:
    """The wheel shows the profile by its least due bound."""
    least = state.timers[2 * base + 2]
    if least < state.timers[2 * base + 3]:
        state.timers[2 * base + 3] = least
        arm(state, profile, np.int64(least))


@kernel
def touch(plan: Plan, tables: Tables, state: State, batch: Batch, out: Ints, e: int, profile: int, all_of: bool) -> None:
    """Event ``e`` is remembered, and every segment it may concern (or ``all_of`` them) has been reviewed."""
    base, now, group = profile * plan.shape[WIDTH], batch.received[e], batch.classes[e]
    state.meta[M_STAMP] += 1
    stamp = state.meta[M_STAMP]
    fresh = state.rows[base + CLOCK] == LOW
    state.rows[base + CLOCK] = now
    for k in range(plan.class_stores_at[group], plan.class_stores_at[group + 1]):
        store = plan.class_stores[k]
        if keep(plan, tables, state, batch, e, store, base):
            for s in range(plan.store_segments_at[store], plan.store_segments_at[store + 1]):
                state.marks[plan.store_segments[s]] = stamp
    cause = batch.causes[e]
    if fresh or all_of:
        for s in range(plan.first.shape[0]):
            state.marks[plan.first[s]] = stamp
        for segment in range(plan.shape[SEGMENTS]):
            if all_of or state.marks[segment] == stamp:
                review(plan, tables, state, out, profile, segment, now, cause, e)
    else:
        for s in range(plan.class_segments_at[group], plan.class_segments_at[group + 1]):
            segment = plan.class_segments[s]
            if state.marks[segment] == stamp:
                review(plan, tables, state, out, profile, segment, now, cause, e)
    rearm(state, base, profile)


@small
def has_room(plan: Plan, state: State, out: Ints) -> bool:
    """Return whether the arena and the list of changes can take whatever one more arrival brings."""
    words = plan.shape[STORES] * block_words(state.meta[M_LARGEST] + 1)
    if state.meta[M_TOP] + words > state.arena.shape[0]:
        return False
    return state.meta[M_CHANGES] + 2 * plan.shape[SEGMENTS] <= out.shape[0]


@kernel
def step(plan: Plan, tables: Tables, state: State, batch: Batch, out: Ints, begin: int, end: int) -> int:
    """Return the first arrival of ``begin`` to ``end`` not applied yet; it waits for room."""
    width, timers = plan.shape[WIDTH], state.timers
    for e in range(begin, end):
        profile = batch.rows[e]
        if profile < 0:
            continue
        if not has_room(plan, state, out):
            return e
        now = batch.received[e]
        if np.int64(timers[2 * profile * width + 2]) <= now >> BUCKET and not settle(
            plan, tables, state, out, profile, now
        ):
            return e
        touch(plan, tables, state, batch, out, e, profile, False)
    return end


@kernel
def fold(plan: Plan, tables: Tables, state: State, batch: Batch, begin: int, end: int) -> int:
    """As ``step``, but only summaries are kept: no timer fires, nothing is evaluated."""
    for e in range(begin, end):
        profile, group = batch.rows[e], batch.classes[e]
        words = plan.shape[STORES] * block_words(state.meta[M_LARGEST] + 1)
        if state.meta[M_TOP] + words > state.arena.shape[0]:
            return e
        if profile >= 0:
            for k in range(plan.class_stores_at[group], plan.class_stores_at[group + 1]):
                keep(plan, tables, state, batch, e, plan.class_stores[k], profile * plan.shape[WIDTH])
    return end


@kernel
def review_all(
    plan: Plan, tables: Tables, state: State, out: Ints, begin: int, end: int, at: int, cause: int
) -> int:
    """Return the first profile of ``begin`` to ``end`` whose segments are not all reviewed at ``at`` for want of room."""
    segments, width = plan.shape[SEGMENTS], plan.shape[WIDTH]
    for profile in range(begin, end):
        base = profile * width
        if state.rows[base + CLOCK] == LOW:
            continue
        if state.meta[M_CHANGES] + segments > out.shape[0]:
            return profile
        state.meta[M_STAMP] += 1
        state.rows[base + CLOCK] = at
        for segment in range(segments):
            review(plan, tables, state, out, profile, segment, at, cause, -1)
        rearm(state, base, profile)
    return end
