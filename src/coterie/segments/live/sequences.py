"""Chains of events: what a run of steps says about a sequence.

An entry is (instant, code << 16 | steps): bit k of the steps is set where step k selects the event, bit 15 where the
absent selector does. The code is that of the property all events of a chain share, 0 where none is asked for.
"""

from __future__ import annotations

from coterie.segments.live.layout import (
    ENTRIES,
    HIGH,
    LOW,
    MODE_SCAN,
    MODE_START,
    OFFSET,
    Q_CRITICAL,
    Q_FOR,
    Q_LENGTH,
    Q_MODE,
    Q_STEPS,
    Q_TIED,
    Q_WINDOW,
    RUN_MOST,
    WORK,
    Ints,
    State,
    kernel,
    small,
    whole,
)
from coterie.segments.live.runs import drop_first, insert, release

ABSENT = 1 << 15
CODE = 16


@small
def latest_start(plan: Ints, state: State, offset: int, i: int, step: int, length: int, within: int) -> int:
    """Return the latest start of a chain of steps 0 to ``step`` that ends with entry ``i``; LOW when there is none."""
    arena, work = state.arena, state.scratch[plan[WORK] :]
    at, code = arena[offset + 2 * i], arena[offset + 2 * i + 1] >> CODE
    best = LOW
    for j in range(i - 1, -1, -1):
        earlier = arena[offset + 2 * j]
        if earlier < at - within or best >= earlier:
            break
        if earlier < at:
            entry = arena[offset + 2 * j + 1]
            if (entry >> (step - 1)) & 1 and entry >> CODE == code and work[j * length + step - 1] > best:
                best = work[j * length + step - 1]
    return best


@kernel
def chain(plan: Ints, state: State, offset: int, entries: int, sequence: int) -> None:
    """``State.work[i * length + k]`` is the latest start of a chain of steps 0 to k that ends with entry i."""
    length, first = plan[sequence + Q_LENGTH], sequence + Q_STEPS
    work = state.scratch[plan[WORK] :]
    for i in range(entries):
        at, entry = state.arena[offset + 2 * i], state.arena[offset + 2 * i + 1]
        for k in range(length):
            start = LOW
            if (entry >> k) & 1:
                start = at
                if k > 0:
                    start = latest_start(plan, state, offset, i, k, length, plan[first + 2 * k + 1])
            work[i * length + k] = start


@small
def rescued(state: State, offset: int, entries: int, i: int) -> bool:
    """Return whether an absent event of the same code is later than entry ``i``."""
    arena = state.arena
    at, code = arena[offset + 2 * i], arena[offset + 2 * i + 1] >> CODE
    for j in range(i + 1, entries):
        entry = arena[offset + 2 * j + 1]
        if entry & ABSENT and entry >> CODE == code and arena[offset + 2 * j] > at:
            return True
    return False


@kernel
def critical(plan: Ints, state: State, word: int, sequence: int) -> int:
    """Return the instant that decides: the latest start of any chain, or the earliest end of one not rescued."""
    head = state.rows[word]
    offset, entries = head >> OFFSET, head & ENTRIES
    length = plan[sequence + Q_LENGTH]
    chain(plan, state, offset, entries, sequence)
    work = state.scratch[plan[WORK] :]
    if plan[sequence + Q_MODE] == MODE_START:
        best = LOW
        for i in range(entries):
            best = max(best, work[i * length + length - 1])
        return best
    for i in range(entries):
        if work[i * length + length - 1] != LOW and not rescued(state, offset, entries, i):
            return state.arena[offset + 2 * i]
    return HIGH


@kernel
def forget_rescued(state: State, word: int, at: int, code: int, tied: bool) -> bool:
    """Return whether an absent event at ``at`` is news; all of its code before it is gone then."""
    head = state.rows[word]
    offset, entries, arena = head >> OFFSET, head & ENTRIES, state.arena
    kept = 0
    for i in range(entries):
        instant, entry = arena[offset + 2 * i], arena[offset + 2 * i + 1]
        if tied and entry >> CODE != code:
            kept += 1
        elif instant >= at:
            if entry & ABSENT and instant > at:
                return False
            kept += 1
    if not tied:
        drop_first(state, word, 2, entries - kept, False)
        return True
    kept = 0
    for i in range(entries):
        instant, entry = arena[offset + 2 * i], arena[offset + 2 * i + 1]
        if entry >> CODE != code or instant >= at:
            arena[offset + 2 * kept] = instant
            arena[offset + 2 * kept + 1] = entry
            kept += 1
    state.rows[word] = head - (entries - kept)
    return True


@kernel
def outlived(state: State, word: int, at: int, code: int) -> bool:
    """Return whether an absent event of this code is later than ``at``."""
    head = state.rows[word]
    offset, arena = head >> OFFSET, state.arena
    for i in range((head & ENTRIES) - 1, -1, -1):
        if arena[offset + 2 * i] <= at:
            return False
        entry = arena[offset + 2 * i + 1]
        if entry & ABSENT and entry >> CODE == code:
            return True
    return False


@kernel
def record(plan: Ints, state: State, sequence: int, word: int, base: int, at: int, entry: int, now: int) -> bool:
    """Return whether the sequence may have changed by an event that matches the steps of ``entry``."""
    mode, length, window = plan[sequence + Q_MODE], plan[sequence + Q_LENGTH], plan[sequence + Q_WINDOW]
    slot = base + plan[sequence + Q_CRITICAL]
    floor = LOW
    if window != HIGH:
        floor = now - window
        if at <= floor:
            return False
    elif mode == MODE_START and state.rows[slot] != LOW:
        return False
    if mode != MODE_START and length == 1:
        if entry & ABSENT:
            if not forget_rescued(state, word, at, entry >> CODE, plan[sequence + Q_TIED] != 0):
                return False
        elif outlived(state, word, at, entry >> CODE):
            return False
    head = state.rows[word]
    latest = head & ENTRIES == 0 or at >= state.arena[(head >> OFFSET) + 2 * (head & ENTRIES) - 2]
    if not insert(state, word, whole(2), at, whole(0), entry, floor, mode < 0, plan[RUN_MOST]):
        return False
    if mode == MODE_SCAN:
        return True
    if latest and mode == MODE_START and (entry >> (length - 1)) & 1 == 0:
        return False
    return decides(plan, state, sequence, word, slot)


@small
def decides(plan: Ints, state: State, sequence: int, word: int, slot: int) -> bool:
    """Return whether the sequence's critical instant is another one, now in the row; a run that can say nothing new is released."""
    mode, window = plan[sequence + Q_MODE], plan[sequence + Q_WINDOW]
    found = critical(plan, state, word, sequence)
    if mode == MODE_START:
        found = max(found, state.rows[slot])
        if window == HIGH and found != LOW:
            release(state, word)
    changed = found != state.rows[slot]
    state.rows[slot] = found
    return changed


@kernel
def scan(plan: Ints, state: State, word: int, sequence: int, now: int) -> tuple[bool, int]:
    """Return whether a chain inside the window is old enough and not rescued, and when that may change."""
    length, window, wait = plan[sequence + Q_LENGTH], plan[sequence + Q_WINDOW], plan[sequence + Q_FOR]
    head = state.rows[word]
    offset, entries = head >> OFFSET, head & ENTRIES
    chain(plan, state, offset, entries, sequence)
    work = state.scratch[plan[WORK] :]
    holds, following = False, HIGH
    for i in range(entries):
        start, end = work[i * length + length - 1], state.arena[offset + 2 * i]
        if start == LOW or start <= now - window or (length > 1 and rescued(state, offset, entries, i)):
            continue
        if end + wait > now:
            following = min(following, end + wait)
        else:
            holds = True
            following = min(following, start + window)
    return holds, following
