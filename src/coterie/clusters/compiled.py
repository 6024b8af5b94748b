"""Compiled functions: the same bits however many rows, threads or batches there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from numba import njit

Function = TypeVar("Function")
Part = TypeVar("Part")
Item = TypeVar("Item")
ROWS_PER_PART = 65_536
"""Rows one thread works through at a time. Fixed, so that sums over parts are added in the same order on every machine."""
THREADS_MAX = 16


def compiled(function: Function) -> Function:
    """Return ``function`` compiled at its first call and kept on disk, without the interpreter's lock.

    No fast-math: additions stay in the order in which they are written. Each function is whole in its own file, because the
    cache looks at no other.
    """
    return njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return,unused-ignore]


def threads() -> int:
    """Return how many threads to compute with: the processors this process may use, fewer when OMP_NUM_THREADS says so."""
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(free, int(told) if told.isdigit() and int(told) else free, THREADS_MAX))


def over_parts(rows: int, work: Callable[[int, int], Part]) -> Iterator[Part]:
    """Yield ``work(start, stop)`` for consecutive parts of the rows, in their order, computed side by side."""
    parts = [(start, min(start + ROWS_PER_PART, rows)) for start in range(0, rows, ROWS_PER_PART)]
    if len(parts) == 1 or threads() == 1:
        yield from (work(*part) for part in parts)
        return
    with ThreadPoolExecutor(threads()) as pool:
        yield from pool.map(lambda part: work(*part), parts)


def side_by_side(work: Callable[[Item], Part], items: Sequence[Item]) -> list[Part]:
    """Return ``work(item)`` of each item, in their order; computed side by side, none may depend on another."""
    if len(items) <= 1 or threads() == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(work, items))
