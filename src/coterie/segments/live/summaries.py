"""How one event changes what is remembered of a profile: one small function per kind of store."""

from __future__ import annotations

import math

from coterie.segments.live.layout import (
    B_CLASS,
    B_KEY,
    B_OCCURRED,
    B_RECEIVED,
    C_SELECTED,
    CELLS,
    E_FILTERS,
    E_FILTERS_END,
    E_NUMBER,
    EMPTY_CODE,
    ENTRIES,
    F_BITS,
    F_COLUMN,
    F_NEGATE,
    F_ORDER,
    F_TABLE,
    FILTER_WORDS,
    K_COUNT,
    K_EARLIEST,
    K_FIRST,
    K_LAST,
    K_LATEST,
    K_RUN,
    K_RUN_CODE,
    K_RUN_KEYED,
    K_RUN_NUMBER,
    K_RUN_STEPS,
    K_RUN_SUM,
    K_SMALLEST,
    K_TOTAL,
    M_DROPPED,
    M_HUGE,
    M_NEGATIVE,
    NEED_CARRIED,
    NEED_NONE,
    NEED_PRESENT,
    OFFSET,
    Q_ABSENT,
    Q_LENGTH,
    Q_STEPS,
    ROUNDS,
    RUN_MOST,
    S_AFTER,
    S_BEFORE,
    S_COLUMN,
    S_KEPT,
    S_KIND,
    S_NEED,
    S_QUOTAS,
    S_QUOTAS_END,
    S_RETAIN,
    S_SELECTOR,
    S_SEQUENCE,
    S_SLOT,
    S_STRIDE,
    SATURATED,
    Batch,
    Ints,
    State,
    Tables,
    bits_of,
    float_of,
    kernel,
    small,
    whole,
)
from coterie.segments.live.runs import insert
from coterie.segments.live.sequences import ABSENT, CODE, record

SUMMABLE = 1e10
"""``aggregates.sum.SUMMABLE_MAX``, written again because compiled code is kept as long as the files of this folder are the same."""
LEAST, MOST = -(1 << 63), (1 << 63) - 1
"""What 64 bits hold. Compiled code must not let an addition overflow and then look: signed overflow is undefined there."""


@small
def compares(order: int, left: float, right: float) -> bool:
    """Return ``left order right``; a missing number (NaN) compares with nothing."""
    if order == 0:
        return left == right
    if order == 1:
        return left < right
    if order == 2:
        return left <= right
    if order == 3:
        return left > right
    return left >= right


@kernel
def passes(plan: Ints, tables: Tables, batch: Batch, e: int, selector: int) -> bool:
    """Return whether event ``e`` passes every field test of the selector."""
    for f in range(plan[selector + E_FILTERS], plan[selector + E_FILTERS_END], FILTER_WORDS):
        order = plan[f + F_ORDER]
        if order >= 0:
            passed = compares(order, batch.numbers[plan[f + F_COLUMN], e], float_of(plan[f + F_BITS]))
        else:
            code = batch.codes[plan[f + F_COLUMN], e]
            passed = code >= 0 and tables.verdicts[plan[f + F_TABLE] + code] != 0
        if passed == (plan[f + F_NEGATE] != 0):
            return False
    return True


@small
def keep_latest(rows: Ints, word: int, n: int, at: int) -> bool:
    """Return whether ``at`` is among the ``n`` latest instants, which now hold it."""
    if at <= rows[word + n - 1]:
        return False
    i = n - 1
    while i > 0 and rows[word + i - 1] < at:
        rows[word + i] = rows[word + i - 1]
        i -= 1
    rows[word + i] = at
    return True


@kernel
def keep_earliest(rows: Ints, word: int, n: int, at: int) -> bool:
    """Return whether ``at`` is among the ``n`` earliest instants, which now hold it."""
    if at >= rows[word + n - 1]:
        return False
    i = n - 1
    while i > 0 and rows[word + i - 1] > at:
        rows[word + i] = rows[word + i - 1]
        i -= 1
    rows[word + i] = at
    return True


@kernel
def keep_keyed(rows: Ints, word: int, at: int, key: int, code: int, last: bool) -> bool:
    """Return whether the event is the last (or first) by (instant, key), whose code the row now holds."""
    known = rows[word]
    if last:
        better = at > known or (at == known and key > rows[word + 1])
    else:
        better = at < known or (at == known and key < rows[word + 1])
    if better:
        rows[word], rows[word + 1], rows[word + 2] = at, key, code
    return better


@small
def keep_repeats(state: State, slot: int, offset: int, entries: int, code: int, n: int) -> None:
    """The row holds the latest instant since which any value was seen ``n`` times; one of ``code`` was just added."""
    arena, best, i = state.arena, state.rows[slot], offset + 2 * (entries - 1)
    while i >= offset and arena[i] > best:
        if arena[i + 1] == code:
            n -= 1
            if n == 0:
                state.rows[slot] = arena[i]
                break
        i -= 2


@kernel
def keep_different(plan: Ints, state: State, base: int, offset: int, entries: int, quota: int, end: int) -> None:
    """For each n of the quotas the row holds the latest instant since which ``n`` different values were seen."""
    arena, found, cells = state.arena, 0, plan[CELLS]
    last = base + plan[end - 1]
    for i in range(offset + 2 * (entries - 1), offset - 1, -2):
        if arena[i] <= state.rows[last]:
            return
        code, known = arena[i + 1], False
        for j in range(cells, cells + found):
            known |= state.scratch[j] == code
        if not known:
            state.scratch[cells + found] = code
            found += 1
            if found == -plan[quota]:
                slot = base + plan[quota + 1]
                state.rows[slot] = max(state.rows[slot], arena[i])
                quota += 2
                if quota == end:
                    return


@kernel
def keep_quotas(plan: Ints, state: State, store: int, base: int, code: int) -> None:
    """Every quota of the store is as it must be after an entry of ``code`` was added."""
    head = state.rows[base + plan[store + S_SLOT]]
    offset, entries, end = head >> OFFSET, head & ENTRIES, plan[store + S_QUOTAS_END]
    for quota in range(plan[store + S_QUOTAS], end, 2):
        if plan[quota] < 0:
            keep_different(plan, state, base, offset, entries, quota, end)
            return
        keep_repeats(state, base + plan[quota + 1], offset, entries, code, plan[quota])


@kernel
def steps_of(plan: Ints, tables: Tables, batch: Batch, e: int, sequence: int) -> int:
    """Return the steps of the sequence that select event ``e``, one bit each."""
    first, chosen, found = sequence + Q_STEPS, batch.columns[B_CLASS, e] + C_SELECTED, 0
    for k in range(plan[sequence + Q_LENGTH]):
        selector = plan[first + 2 * k]
        if plan[chosen + plan[selector + E_NUMBER]] != 0 and passes(plan, tables, batch, e, selector):
            found |= 1 << k
    absent = plan[sequence + Q_ABSENT]
    if absent >= 0 and plan[chosen + plan[absent + E_NUMBER]] != 0 and passes(plan, tables, batch, e, absent):
        found |= ABSENT
    return found


@kernel
def keep_run(plan: Ints, tables: Tables, state: State, batch: Batch, e: int, store: int, base: int, code: int) -> bool:
    """Return whether the run of a store now holds event ``e``."""
    kind, retain, word = plan[store + S_KIND], plan[store + S_RETAIN], base + plan[store + S_SLOT]
    at, now, most = batch.columns[B_OCCURRED, e], batch.columns[B_RECEIVED, e], plan[RUN_MOST]
    floor, value, stride = now - retain, code, plan[store + S_STRIDE]
    if kind == K_RUN_STEPS:
        steps = steps_of(plan, tables, batch, e, plan[store + S_SEQUENCE])
        if steps == 0:
            return False
        return record(plan, state, plan[store + S_SEQUENCE], word, base, at, steps | (max(code, 0) << CODE), now)
    if at <= floor:
        return False
    if kind in (K_RUN_SUM, K_RUN_NUMBER):
        number = batch.numbers[plan[store + S_COLUMN], e]
        if math.isnan(number):
            return False
        value = bits_of(number)
        if kind == K_RUN_SUM:
            if abs(number) > SUMMABLE:
                return False
            value = math.floor(number * 1_000_000 + 0.5)
            if abs(number) * 1e6 >= SATURATED / most:
                state.meta[M_HUGE] = 1
    if not insert(state, word, stride, at, batch.columns[B_KEY, e], value, floor, kind == K_RUN_SUM, most):
        return False
    if kind == K_RUN_CODE:
        keep_quotas(plan, state, store, base, code)
    return True


@small
def add_micros(state: State, word: int, micros: int, numbers: int) -> None:
    """The total at ``word`` is ``micros`` more; when it leaves 64 bits it goes on from their other end, and that is counted.

    ``numbers`` is what the word after it becomes more: how many numbers, and how often they had gone round.
    """
    before = whole(state.rows[word])
    if micros > 0 and before > MOST - micros:
        state.rows[word] = before + (micros + LEAST) + LEAST
        state.rows[word + 1] += numbers + (whole(1) << ROUNDS)
    elif micros < 0 and before < LEAST - micros:
        state.rows[word] = before + (micros - LEAST) - LEAST
        state.rows[word + 1] += numbers - (whole(1) << ROUNDS)
    else:
        state.rows[word] = before + micros
        state.rows[word + 1] += numbers


@kernel
def keep_number(state: State, kind: int, word: int, number: float) -> bool:
    """Return whether a number changed a total or an extreme of the row."""
    if math.isnan(number):
        return False
    if kind == K_TOTAL:
        if abs(number) > SUMMABLE:
            return False
        add_micros(state, word, math.floor(number * 1_000_000 + 0.5), whole(1))
        return True
    known = float_of(state.rows[word])
    if math.isnan(known) or (number < known if kind == K_SMALLEST else number > known):
        state.rows[word] = bits_of(number)
        return True
    return False


@small
def keep(plan: Ints, tables: Tables, state: State, batch: Batch, e: int, store: int, base: int) -> int:
    """Return what event ``e``, of a name the store listens to, was to it: 0 no news, 1 news, 2 news that may lower a number."""
    kind, dropped = plan[store + S_KIND], state.meta[M_DROPPED]
    if not taken(plan, tables, state, batch, e, store, base):
        return 0
    if state.meta[M_DROPPED] != dropped:
        return 2
    if kind in (K_RUN_SUM, K_TOTAL) and batch.numbers[plan[store + S_COLUMN], e] < 0.0:
        state.meta[M_NEGATIVE] = 1
        return 2
    return 1


@small
def taken(plan: Ints, tables: Tables, state: State, batch: Batch, e: int, store: int, base: int) -> bool:
    """Return whether event ``e`` changed what the store remembers."""
    kind, selector = plan[store + S_KIND], plan[store + S_SELECTOR]
    at, word = batch.columns[B_OCCURRED, e], base + plan[store + S_SLOT]
    if selector >= 0 and not passes(plan, tables, batch, e, selector):
        return False
    if kind == K_LATEST and plan[store + S_BEFORE] > at >= plan[store + S_AFTER]:
        return keep_latest(state.rows, word, plan[store + S_KEPT], at)
    if at < plan[store + S_AFTER] or at >= plan[store + S_BEFORE]:
        return False
    need, code = plan[store + S_NEED], 0
    if need != NEED_NONE or kind in (K_FIRST, K_LAST, K_RUN_KEYED):
        code = batch.codes[plan[store + S_COLUMN], e]
        if (need == NEED_CARRIED and code < 0) or (need == NEED_PRESENT and code <= EMPTY_CODE):
            return False
    if kind >= K_RUN:
        return keep_run(plan, tables, state, batch, e, store, base, code)
    if kind == K_EARLIEST:
        return keep_earliest(state.rows, word, plan[store + S_KEPT], at)
    if kind == K_COUNT:
        state.rows[word] += 1
        return True
    if kind in (K_FIRST, K_LAST):
        return keep_keyed(state.rows, word, at, batch.columns[B_KEY, e], code, kind == K_LAST)
    return keep_number(state, kind, word, batch.numbers[plan[store + S_COLUMN], e])
