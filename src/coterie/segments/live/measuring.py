"""What models measure of profiles, read from their rows: one float64 per term, NaN where it is missing."""

from __future__ import annotations

import math

from coterie.segments.live.evaluation import judge
from coterie.segments.live.layout import MEASURE_WORDS as WORDS
from coterie.segments.live.layout import N_BEGIN, N_END, WIDTH, Floats, Ints, State, Tables, kernel
from coterie.segments.live.terms import number_of


@kernel
def measure_rows(plan: Ints, tables: Tables, state: State, measures: int, rows: Ints, now: int, found: Floats) -> None:
    """``found`` (rows, terms) holds what the terms whose records begin at ``measures`` are for each row at ``now``."""
    for i in range(rows.shape[0]):
        base = rows[i] * plan[WIDTH]
        for j in range(found.shape[1]):
            about = measures + j * WORDS
            begin, end = plan[about + N_BEGIN], plan[about + N_END]
            if end < 0:
                number, _ = number_of(plan, tables, state, begin, base, now, math.nan)
                found[i, j] = number
            else:
                holds, _ = judge(plan, tables, state, begin, end, base, now)
                found[i, j] = 1.0 if holds else 0.0
