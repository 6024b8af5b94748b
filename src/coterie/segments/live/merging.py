"""Two profiles become one: merging their rows is merging their summaries."""

from __future__ import annotations

import math

from coterie.segments.live.layout import (
    B_RECEIVED,
    BLANK,
    ENTRIES,
    HIGH,
    K_COUNT,
    K_EARLIEST,
    K_FIRST,
    K_HASH,
    K_LAST,
    K_LATEST,
    K_RUN,
    K_RUN_CODE,
    K_RUN_STEPS,
    K_RUN_SUM,
    K_SMALLEST,
    K_TOTAL,
    LOW,
    M_CHANGES,
    MODE_SCAN,
    MODE_START,
    OFFSET,
    Q_CRITICAL,
    Q_LENGTH,
    Q_MODE,
    Q_TIED,
    Q_WINDOW,
    RUN_MOST,
    S_KEPT,
    S_KIND,
    S_QUOTAS,
    S_QUOTAS_END,
    S_RETAIN,
    S_SEQUENCE,
    S_SLOT,
    S_STRIDE,
    SEGMENTS,
    STORE_WORDS,
    STORES,
    STORES_END,
    WIDTH,
    Batch,
    Ints,
    State,
    Tables,
    float_of,
    kernel,
    whole,
)
from coterie.segments.live.runs import insert, release
from coterie.segments.live.sequences import ABSENT, CODE, decides, forget_rescued, outlived
from coterie.segments.live.stepping import touch
from coterie.segments.live.summaries import add_micros, keep_earliest, keep_keyed, keep_latest, keep_quotas
from coterie.segments.live.timers import flip, is_member, settle

MERGE_CAUSE = 3


@kernel
def absorb_run(plan: Ints, state: State, store: int, into: int, gone: int, now: int) -> None:
    """The run of the profile at ``into`` holds the entries of both; the other's block is free."""
    kind, stride, slot = plan[store + S_KIND], plan[store + S_STRIDE], plan[store + S_SLOT]
    retain, summed = plan[store + S_RETAIN], kind == K_RUN_SUM
    floor = LOW if retain == HIGH else now - retain
    head, arena = state.rows[gone + slot], state.arena
    offset, total = head >> OFFSET, 0
    for i in range(head & ENTRIES):
        at, key = arena[offset + i * stride], arena[offset + i * stride + 1]
        value = arena[offset + (i + 1) * stride - 1]
        if summed:
            value -= total
            total += value
        if at > floor:
            insert(state, into + slot, stride, at, key, value, floor, summed, plan[RUN_MOST])
        if kind == K_RUN_CODE and at > floor:
            keep_quotas(plan, state, store, into, value)
    release(state, gone + slot)


@kernel
def absorb_steps(plan: Ints, state: State, store: int, into: int, gone: int, now: int) -> None:
    """The sequence of the profile at ``into`` knows the steps of both."""
    sequence, slot = plan[store + S_SEQUENCE], plan[store + S_SLOT]
    critical, mode, arena = plan[sequence + Q_CRITICAL], plan[sequence + Q_MODE], state.arena
    head = state.rows[gone + slot]
    offset = head >> OFFSET
    floor = LOW if plan[sequence + Q_WINDOW] == HIGH else now - plan[sequence + Q_WINDOW]
    single = mode != MODE_START and plan[sequence + Q_LENGTH] == 1
    for i in range(head & ENTRIES):
        at, entry = arena[offset + 2 * i], arena[offset + 2 * i + 1]
        if at <= floor:
            continue
        if single:
            if entry & ABSENT:
                if not forget_rescued(state, into + slot, at, entry >> CODE, plan[sequence + Q_TIED] != 0):
                    continue
            elif outlived(state, into + slot, at, entry >> CODE):
                continue
        insert(state, into + slot, whole(2), at, whole(0), entry, floor, mode < 0, plan[RUN_MOST])
    release(state, gone + slot)
    if mode == MODE_START:
        state.rows[into + critical] = max(state.rows[into + critical], state.rows[gone + critical])
    if mode != MODE_SCAN:
        decides(plan, state, sequence, into + slot, into + critical)


@kernel
def absorb_number(state: State, kind: int, into: int, gone: int) -> None:
    """The total or extreme at word ``into`` is that of both."""
    if kind == K_TOTAL:
        add_micros(state, into, state.rows[gone], state.rows[gone + 1])
        return
    if kind == K_COUNT:
        state.rows[into] += state.rows[gone]
        return
    one, other = float_of(state.rows[into]), float_of(state.rows[gone])
    if math.isnan(one) or (other < one if kind == K_SMALLEST else other > one):
        state.rows[into] = state.rows[gone]


@kernel
def absorb_store(plan: Ints, state: State, store: int, into: int, gone: int, now: int) -> None:
    """What the store remembers of the profile at ``into`` is what it would of one that had received both streams."""
    kind, slot, rows = plan[store + S_KIND], plan[store + S_SLOT], state.rows
    if kind == K_RUN_STEPS:
        absorb_steps(plan, state, store, into, gone, now)
    elif kind == K_HASH:
        return
    elif kind >= K_RUN:
        for quota in range(plan[store + S_QUOTAS], plan[store + S_QUOTAS_END], 2):
            word = plan[quota + 1]
            rows[into + word] = max(rows[into + word], rows[gone + word])
        absorb_run(plan, state, store, into, gone, now)
    elif kind == K_LATEST:
        for i in range(plan[store + S_KEPT]):
            keep_latest(rows, into + slot, plan[store + S_KEPT], rows[gone + slot + i])
    elif kind == K_EARLIEST:
        for i in range(plan[store + S_KEPT]):
            keep_earliest(rows, into + slot, plan[store + S_KEPT], rows[gone + slot + i])
    elif kind in (K_FIRST, K_LAST):
        word = gone + slot
        keep_keyed(rows, into + slot, rows[word], rows[word + 1], rows[word + 2], kind == K_LAST)
    else:
        absorb_number(state, kind, into + slot, gone + slot)


@kernel
def absorb(plan: Ints, tables: Tables, state: State, batch: Batch, out: Ints, e: int, profile: int, loser: int) -> bool:
    """Return whether ``loser`` is part of ``profile`` (−1: no such row), by event ``e``; false: take changes away and call again."""
    width, now = plan[WIDTH], batch.columns[B_RECEIVED, e]
    base, gone = profile * width, loser * width
    if not settle(plan, tables, state, out, profile, now):
        return False
    if state.meta[M_CHANGES] + 3 * plan[SEGMENTS] > out.shape[0]:
        return False
    if loser >= 0:
        if not settle(plan, tables, state, out, loser, now):
            return False
        if state.meta[M_CHANGES] + 3 * plan[SEGMENTS] > out.shape[0]:
            return False
        for segment in range(plan[SEGMENTS]):
            if is_member(state, gone, segment):
                flip(plan, state, out, loser, segment, now, MERGE_CAUSE, e, 0)
        for store in range(plan[STORES], plan[STORES_END], STORE_WORDS):
            absorb_store(plan, state, store, base, gone, now)
        for word in range(width):
            state.rows[gone + word] = plan[plan[BLANK] + word]
    touch(plan, tables, state, batch, out, e, profile, True)
    return True
