"""A wall clock beside a steady one: how often it jumped, and by how much it is behind what was promised to be past."""

from __future__ import annotations

import time
from collections.abc import Callable

from coterie.clock import Clock, SystemClock
from coterie.limits import SECOND_US

JUMP_US = 2 * SECOND_US
"""A difference between two looks that no load explains."""


class ClockWatch:
    """Compares the wall clock with a steady one at every look. A clock that a test moves by hand never jumps."""

    def __init__(
        self, clock: Clock, told: Callable[[str], None], steady: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._clock, self._told, self._steady = clock, told, steady
        self._watched = isinstance(clock, SystemClock) or steady is not time.monotonic_ns
        self._ahead: int | None = None
        self.backwards = self.forwards = 0
        self.behind_us = 0
        """How far the clock is behind the last instant that was promised to be past; timers wait so long."""

    def look(self, promised: int) -> None:
        """Jumps since the last look are counted and told. ``promised`` is the last instant that timers were fired until."""
        now = self._clock.now()
        behind = promised - now
        if not self._watched:
            return
        ahead = now - self._steady() // 1_000
        if self._ahead is not None and abs(jump := ahead - self._ahead) > JUMP_US:
            word = "forwards" if jump > 0 else "backwards"
            self.forwards += jump > 0
            self.backwards += jump < 0
            note = "timers wait until it has caught up; stamps go on after the last one" if jump < 0 else "timers fired"
            self._told(f"the clock jumped {word} by {abs(jump) / SECOND_US:.0f} s: {note}")
        self._ahead = ahead
        self.behind_us = behind if behind > JUMP_US else 0
