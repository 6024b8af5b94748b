"""Counting equal codes in a span of a run: how many differ, how often the commonest occurs, and which it is."""

from __future__ import annotations

from coterie.segments.live.layout import M_TALLY, State, kernel, small

FEW = 24


@kernel
def tally(state: State, cells_at: int, offset: int, first: int, end: int, stride: int) -> tuple[int, int, int]:
    """Return (different codes, most entries of one code, that code); of equally many, the code that occurs last.

    Cost: a scan; quadratic up to ``FEW`` entries, beyond it through a table in the scratch.
    """
    if end - first <= FEW:
        return tally_few(state, offset, first, end, stride)
    return tally_many(state, cells_at, offset, first, end, stride)


@small
def tally_few(state: State, offset: int, first: int, end: int, stride: int) -> tuple[int, int, int]:
    """As ``tally``, by comparing every entry with those before it."""
    arena = state.arena
    distinct, most, winner = 0, 0, -1
    for i in range(end - 1, first - 1, -1):
        code = arena[offset + (i + 1) * stride - 1]
        later = False
        for j in range(i + 1, end):
            if arena[offset + (j + 1) * stride - 1] == code:
                later = True
                break
        if later:
            continue
        distinct += 1
        count = 0
        for j in range(first, i + 1):
            count += arena[offset + (j + 1) * stride - 1] == code
        if count > most:
            most, winner = count, code
    return distinct, most, winner


@small
def tally_many(state: State, cells_at: int, offset: int, first: int, end: int, stride: int) -> tuple[int, int, int]:
    """As ``tally``, with (code, stamp, count) cells found by hashing; a stamp of its own makes clearing needless."""
    state.meta[M_TALLY] += 1
    stamp, table, arena = state.meta[M_TALLY], state.scratch[cells_at:], state.arena
    cells = 64
    while cells < 2 * (end - first):
        cells *= 2
    distinct, most = 0, 0
    for i in range(first, end):
        code = arena[offset + (i + 1) * stride - 1]
        cell = (code * 40_503) & (cells - 1)
        while table[3 * cell + 1] == stamp and table[3 * cell] != code:
            cell = (cell + 1) & (cells - 1)
        if table[3 * cell + 1] != stamp:
            table[3 * cell], table[3 * cell + 1], table[3 * cell + 2] = code, stamp, 0
            distinct += 1
        table[3 * cell + 2] += 1
        most = max(most, table[3 * cell + 2])
    winner = -1
    for i in range(end - 1, first - 1, -1):
        code = arena[offset + (i + 1) * stride - 1]
        cell = (code * 40_503) & (cells - 1)
        while table[3 * cell] != code:
            cell = (cell + 1) & (cells - 1)
        if table[3 * cell + 2] == most:
            winner = code
            break
    return distinct, most, winner
