"""Time is an input: the wall clock, one that a test or a replay moves by hand, or one that runs faster."""

from __future__ import annotations

import time
from collections.abc import Callable
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


class SpedClock:
    """A clock that begins at ``at`` and runs ``times`` as fast as the machine's: for demos. It never moves back."""

    def __init__(self, at: int, times: int) -> None:
        self._at, self._times = at, times
        self._began = time.monotonic_ns()

    def now(self) -> int:
        return self._at + (time.monotonic_ns() - self._began) * self._times // 1_000

    def advance_to(self, at: int) -> None:
        """The clock reads ``at`` or later, and runs on from there."""
        self._at += max(at - self.now(), 0)


def clock_of(word: str, last_known: Callable[[], int] = lambda: 0) -> Clock:
    """Return the clock that a setting names: ``system``, ``manual`` or ``60x``.

    The last two begin at ``last_known``, where the project was left; in an empty one (0) a manual clock stands at 1970 and a fast one
    begins now.

    >>> clock_of("manual").now()
    0
    """
    if word == "system":
        return SystemClock()
    if word == "manual":
        return ManualClock(last_known())
    return SpedClock(last_known() or SystemClock().now(), int(word.removesuffix("x")))
