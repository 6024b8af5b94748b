"""Cutting a profile's runs to what some reader may still look at."""

from __future__ import annotations

from coterie.segments.live.layout import (
    HIGH,
    K_HASH,
    K_RUN,
    K_RUN_STEPS,
    K_RUN_SUM,
    LOW,
    S_KIND,
    S_RETAIN,
    S_SLOT,
    S_STRIDE,
    STORE_WORDS,
    STORES,
    STORES_END,
    Ints,
    State,
    kernel,
)
from coterie.segments.live.runs import shrink


@kernel
def tidy(plan: Ints, state: State, base: int, now: int) -> None:
    """Every run of the profile holds only what its readers look back to, in a block that fits. Blocks that would not fit stay."""
    for store in range(plan[STORES], plan[STORES_END], STORE_WORDS):
        kind = plan[store + S_KIND]
        if kind < K_RUN or kind >= K_HASH:
            continue
        retain = plan[store + S_RETAIN]
        floor = LOW if retain == HIGH else now - retain
        stride = 2 if kind == K_RUN_STEPS else plan[store + S_STRIDE]
        shrink(state, base + plan[store + S_SLOT], stride, floor, kind == K_RUN_SUM)
