"""Time is an input: the wall clock, or one that a test or a replay moves by hand."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the present instant in microseconds since 1970, UTC."""

    def now(self) -> int: ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000


class ManualClock:
    """A clock that stands still until it is told to move, and never moves back."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        return self._at

    def advance_to(self, at: int) -> None:
        if at < self._at:
            raise ValueError(f"the clock reads {self._at} and cannot go back to {at}")
        self._at = at
