"""The arrays of the state, and how they grow: by an eighth, in place where the allocator can."""

from __future__ import annotations

from typing import Any

import numpy as np

from coterie.segments.live import layout as at
from coterie.segments.live.arena import block_words
from coterie.segments.live.layout import Ints, State
from coterie.segments.live.plans import Design
from coterie.segments.live.wheel import HEADS, NODE_WORDS

CHANGES = 1 << 14


class Memory:
    """Rows, arena, wheel and the list of changes. ``state`` is what kernels are given; it is made anew after growth."""

    def __init__(self, made: Design) -> None:
        plan = made.plan
        self.width = int(plan[at.WIDTH])
        segments = int(plan[at.SEGMENTS])
        self.blank = plan[plan[at.BLANK] : plan[at.BLANK] + self.width].copy()
        self.rows = np.zeros(0, np.int64)
        self.arena = np.zeros(64, np.int64)
        self.meta = np.zeros(at.META, np.int64)
        self.meta[at.M_WHEEL] = -1
        self.meta[at.M_NODE_TOP] = HEADS
        self.wheel = np.zeros(HEADS, np.uint32)
        self.out = np.zeros((CHANGES + 8 * segments, 4), np.int64)
        self._scratch = np.zeros(made.scratch, np.int64)
        self.state = self._state()

    def _state(self) -> State:
        return State(self.rows, self.rows.view(np.uint32), self.arena, self.meta, self.wheel, self._scratch)

    def reserve_rows(self, profiles: int) -> None:
        """There are rows for so many profiles, the new ones blank."""
        have = len(self.rows) // self.width
        if profiles <= have:
            return
        more = max(profiles, have + (have >> 3), 256)
        self.state = None  # type: ignore[assignment]
        self.rows.resize(more * self.width, refcheck=False)
        self.rows[have * self.width :].reshape(-1, self.width)[:] = self.blank
        self.state = self._state()

    def reserve_nodes(self, arrivals: int) -> None:
        """There are wheel nodes for so many arrivals."""
        need = int(self.meta[at.M_NODE_TOP]) + NODE_WORDS * arrivals
        if need > len(self.wheel):
            self.state = None  # type: ignore[assignment]
            self.wheel.resize(max(need, len(self.wheel) + (len(self.wheel) >> 3)), refcheck=False)
            self.state = self._state()

    def reserve_arena(self, runs: int, sizes: int = 1) -> None:
        """There is room for ``runs`` blocks ``sizes`` sizes above the largest, and some more."""
        need = int(self.meta[at.M_TOP]) + runs * block_words(int(self.meta[at.M_LARGEST]) + sizes)
        if need > len(self.arena):
            self.state = None  # type: ignore[assignment]
            self.arena.resize(max(need + 4096, len(self.arena) + (len(self.arena) >> 3)), refcheck=False)
            self.state = self._state()

    def adopt(self, other: Memory) -> None:
        """The arena, the counters and the time of ``other`` are here now; its rows and timers are not."""
        self.arena = other.arena
        self.meta[:] = other.meta
        self.meta[[at.M_NODE_FREE, at.M_NEAR, at.M_FAR, at.M_STAMP, at.M_CHANGES]] = 0
        self.meta[at.M_NODE_TOP] = HEADS
        self.state = self._state()

    def restore(self, rows: Ints, arena: Ints, meta: Ints, wheel: Any) -> None:
        """These are the arrays, as a snapshot keeps them."""
        self.rows, self.arena, self.meta, self.wheel = rows, arena, meta, wheel
        self.state = self._state()

    def copy(self, made: Design) -> Memory:
        """Return memory of the same contents that shares nothing. Changes that wait to be drained are not in it."""
        other = Memory(made)
        other.restore(self.rows.copy(), self.arena.copy(), self.meta.copy(), self.wheel.copy())
        other.meta[at.M_CHANGES] = 0
        return other

    def drained(self) -> Ints:
        """Return a copy of the changes noted so far; the list is empty afterwards."""
        found = self.out[: self.meta[at.M_CHANGES]].copy()
        self.meta[at.M_CHANGES] = 0
        return found

    def state_bytes(self) -> int:
        """Return the memory of what is remembered, spare room included."""
        return self.rows.nbytes + self.arena.nbytes + self.wheel.nbytes + self.meta.nbytes
