"""Numbers since the start of the process, counted by the runner's thread and read by anybody."""

from __future__ import annotations

import time
from collections import Counter

from coterie.engine.running.effects import Effects
from coterie.limits import SECOND_US
from coterie.storage.state.changes import Row

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))
"""Upper bounds in seconds of both histograms."""


class Histogram:
    """How many values lay below each bound, and their sum."""

    def __init__(self) -> None:
        self._counts = [0] * len(BOUNDS)
        self.total = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """One more value, ``times`` over."""
        self.total += seconds * times
        for place, bound in enumerate(BOUNDS):
            if seconds <= bound:
                self._counts[place] += times
                return

    def cumulative(self) -> tuple[tuple[float, int], ...]:
        """Return (bound, values up to it)."""
        found, count = [], 0
        for bound, one in zip(BOUNDS, self._counts, strict=True):
            count += one
            found.append((bound, count))
        return tuple(found)


class Tally:
    """What a runner did so far."""

    def __init__(self) -> None:
        self.events = self.rows = self.duplicates = self.suppressed = self.failed = self.commits = self.snapshots = 0
        self.step_seconds = 0.0
        self.reasons: Counter[str] = Counter()
        self.remarks: Counter[tuple[str, str]] = Counter()
        self.changes: Counter[tuple[str, str]] = Counter()
        self.commit = Histogram()
        self.freshness = Histogram()
        self.freshness_seconds = 0.0
        self.waiting_rows = 0
        self.snapshot_clock = time.monotonic()

    def add(self, effects: Effects, numbered: list[Row], seconds: tuple[float, float], now: int) -> None:
        """One more commit: ``seconds`` in the step and in the commit; ``now`` is the clock after it."""
        self.events += effects.events
        self.rows += effects.rows_count
        self.waiting_rows += effects.rows_count
        self.duplicates += effects.duplicates
        self.suppressed += effects.suppressed
        self.commits += 1
        self.step_seconds += seconds[0]
        self.commit.add(seconds[1])
        self.reasons.update(one[1] for one in effects.refused)
        for remark in effects.remarks:
            self.remarks[remark.stage, remark.kind] += remark.count
        if numbered:
            self.changes.update((row[1], row[4]) for row in numbered)
        if effects.entry_at:
            self.freshness_seconds = max(0, now - effects.entry_at) / SECOND_US
            self.freshness.add(self.freshness_seconds, max(1, effects.events))
