"""Blocks of a pooled array, in sizes of 4, 6, 8, 12, 16, … words, with one list of free blocks per size."""

from __future__ import annotations

from coterie.segments.live.layout import M_FREE, M_LARGEST, M_TOP, State, small


@small
def block_words(size: int) -> int:
    """Return how many words a block of the numbered size holds."""
    return (4 + 2 * (size & 1)) << (size >> 1)


@small
def size_for(words: int) -> int:
    """Return the smallest size whose block holds ``words``."""
    size = 0
    while block_words(size) < words:
        size += 1
    return size


@small
def take(state: State, size: int) -> int:
    """Return the offset of a free block; the arena must have room for it."""
    meta = state.meta
    free = meta[M_FREE + size]
    if free != 0:
        meta[M_FREE + size] = state.arena[free - 1]
        return free - 1
    offset = meta[M_TOP]
    meta[M_TOP] = offset + block_words(size)
    if size > meta[M_LARGEST]:
        meta[M_LARGEST] = size
    return offset


@small
def give(state: State, offset: int, size: int) -> None:
    """The block is free again."""
    state.arena[offset] = state.meta[M_FREE + size]
    state.meta[M_FREE + size] = offset + 1
