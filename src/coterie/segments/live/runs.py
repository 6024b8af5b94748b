"""Runs: the remembered facts of one profile in order of occurrence, in one block of the arena.

The header word in the profile's row says where the block is and how many entries it holds. Room is made by dropping
what no reader looks back to any more; only then does the block grow.
"""

from __future__ import annotations

from coterie.segments.live.arena import block_words, give, size_for, take
from coterie.segments.live.layout import (
    ENTRIES,
    M_DROPPED,
    M_FREE,
    M_TOP,
    OFFSET,
    SIZE,
    SIZE_MASK,
    Ints,
    State,
    kernel,
    small,
)


@small
def first_after(arena: Ints, offset: int, entries: int, stride: int, at: int) -> int:
    """Return the index of the first entry later than ``at``."""
    low, high = 0, entries
    while low < high:
        middle = (low + high) >> 1
        if arena[offset + middle * stride] <= at:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def drop_first(state: State, word: int, stride: int, drop: int, summed: bool) -> None:
    """The ``drop`` oldest entries are gone."""
    if drop == 0:
        return
    head = state.rows[word]
    offset, entries, arena = head >> OFFSET, head & ENTRIES, state.arena
    base = 0
    if summed:
        base = arena[offset + (drop - 1) * stride + 1]
    shift = drop * stride
    for i in range(offset, offset + (entries - drop) * stride):
        arena[i] = arena[i + shift]
    if base != 0:
        for i in range(entries - drop):
            arena[offset + i * stride + 1] -= base
    state.rows[word] = head - drop


@small
def resize(state: State, word: int, words: int, used: int) -> None:
    """The run lies in a block of at least ``words`` words; its ``used`` words have moved with it."""
    head = state.rows[word]
    entries = head & ENTRIES
    old = (head >> SIZE) & SIZE_MASK
    size = size_for(words)
    offset = take(state, size)
    if old != 0:
        source = head >> OFFSET
        for i in range(used):
            state.arena[offset + i] = state.arena[source + i]
        give(state, source, old - 1)
    state.rows[word] = (offset << OFFSET) | ((size + 1) << SIZE) | entries


@kernel
def shrink(state: State, word: int, stride: int, floor: int, summed: bool) -> None:
    """What is not later than ``floor`` is gone, and the block is no larger than what is left needs."""
    head = state.rows[word]
    size = (head >> SIZE) & SIZE_MASK
    if size == 0:
        return
    offset = head >> OFFSET
    drop_first(state, word, stride, first_after(state.arena, offset, head & ENTRIES, stride, floor), summed)
    used = (state.rows[word] & ENTRIES) * stride
    if used == 0:
        release(state, word)
    elif 3 * used <= 2 * block_words(size - 1) and size > 1:
        fitting = size_for(used)
        if state.meta[M_FREE + fitting] != 0 or state.meta[M_TOP] + block_words(fitting) <= state.arena.shape[0]:
            resize(state, word, used, used)


@kernel
def release(state: State, word: int) -> None:
    """The run is empty and its block free."""
    head = state.rows[word]
    size = (head >> SIZE) & SIZE_MASK
    if size != 0:
        give(state, head >> OFFSET, size - 1)
    state.rows[word] = 0


@small
def make_room(state: State, word: int, stride: int, floor: int, summed: bool, most: int, at: int) -> bool:
    """Return whether one more entry at ``at`` fits, after forgetting what is not later than ``floor`` or beyond ``most``."""
    head = state.rows[word]
    entries = head & ENTRIES
    if entries != 0:
        drop_first(state, word, stride, first_after(state.arena, head >> OFFSET, entries, stride, floor), summed)
        head = state.rows[word]
        entries = head & ENTRIES
    if entries >= most:
        state.meta[M_DROPPED] += 1
        if at <= state.arena[head >> OFFSET]:
            return False
        drop_first(state, word, stride, 1, summed)
        entries -= 1
    size = (head >> SIZE) & SIZE_MASK
    if size == 0 or (entries + 1) * stride > block_words(size - 1):
        resize(state, word, (entries + 1) * stride, entries * stride)
    return True


@kernel
def insert(
    state: State, word: int, stride: int, at: int, key: int, value: int, floor: int, summed: bool, most: int
) -> bool:
    """Return whether the fact is now at its place in the run; ``key`` is kept only by runs of three words."""
    head = state.rows[word]
    size = (head >> SIZE) & SIZE_MASK
    entries = head & ENTRIES
    if size == 0 or entries >= most or (entries + 1) * stride > block_words(size - 1):
        if not make_room(state, word, stride, floor, summed, most, at):
            return False
        head = state.rows[word]
        entries = head & ENTRIES
    arena = state.arena
    offset = head >> OFFSET
    place = offset + entries * stride
    while place > offset:
        before = place - stride
        if arena[before] < at or (arena[before] == at and (stride < 3 or arena[before + 1] <= key)):
            break
        for i in range(stride):
            arena[place + i] = arena[before + i]
        if summed:
            arena[place + 1] += value
        place = before
    arena[place] = at
    if stride == 2:
        if summed and place > offset:
            value += arena[place - 1]
        arena[place + 1] = value
    elif stride == 3:
        arena[place + 1] = key
        arena[place + 2] = value
    state.rows[word] = head + 1
    return True
