"""How a destination is doing, and whether to try it at all: a circuit breaker that remembers."""

from __future__ import annotations

import logging
from collections import deque
from enum import StrEnum
from random import Random

from msgspec import Struct

from coterie.limits import DEFAULT, SECOND_US, Limits

LOGGER = logging.getLogger("coterie.outbox")
RECENT = 50
"""Tries that are looked at."""
DEGRADED_SHARE = 0.1
"""Share of failures among them from which on a destination is degraded."""


class Condition(StrEnum):
    """``HEALTHY``: takes what it gets. ``DEGRADED``: refuses some, or asked to wait. ``DOWN``: only probed, one message at a time."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"


class Health(Struct, frozen=True, kw_only=True):
    """How one destination is doing since the process began; instants in µs, 0 for never."""

    destination: str
    condition: Condition
    since: int
    last_error: str
    last_error_at: int
    last_success_at: int
    next_try_at: int
    latency_ms: float
    """Median of the recent tries that succeeded; 0 without one."""
    sent: int
    failed: int
    dead: int
    cancelled: int


class Breaker:
    """Counts what happens at one destination, and opens after failures in a row. One thread at a time."""

    def __init__(self, destination: str, now: int, rng: Random, limits: Limits = DEFAULT) -> None:
        self._destination, self._rng, self._limits = destination, rng, limits
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._latencies: deque[float] = deque(maxlen=RECENT)
        self._in_a_row, self._openings = 0, 0
        self._rest_until, self._since = 0, now
        self._condition = Condition.HEALTHY
        self._last_error, self._last_error_at, self._last_success_at = "", 0, 0
        self.sent, self.failed, self.dead, self.cancelled = 0, 0, 0, 0

    @property
    def is_open(self) -> bool:
        """Return whether the destination is taken to be down, so that a try is only a probe."""
        return self._openings > 0

    def allowed(self, now: int, concurrency: int) -> int:
        """Return how many messages may be under way at ``now``: none while it rests, one as a probe, or ``concurrency``."""
        if now < self._rest_until:
            return 0
        return 1 if self.is_open else concurrency

    @property
    def next_try_at(self) -> int:
        return self._rest_until

    def succeeded(self, now: int, latency_ms: float) -> None:
        """The destination answered and took a message: it is not down."""
        self.sent += 1
        self._in_a_row, self._openings, self._rest_until = 0, 0, 0
        self._last_success_at = now
        self._recent.append(True)
        self._latencies.append(latency_ms)
        self._judge(now)

    def refused(self, now: int, error: str) -> None:
        """The destination answered, and refused one message for good: it is not down."""
        self._in_a_row, self._openings = 0, 0
        self._note(now, error)
        self._recent.append(True)
        self._judge(now)

    def stumbled(self, now: int, error: str, retry_after_s: float | None = None) -> None:
        """A try failed in a way that may end; after failures in a row the destination is down, and is probed with growing pauses."""
        self.failed += 1
        self._in_a_row += 1
        self._note(now, error)
        self._recent.append(False)
        is_resting = now < self._rest_until
        if retry_after_s is not None:
            self._rest_until = max(self._rest_until, now + int(retry_after_s * SECOND_US))
        if self._in_a_row >= self._limits.breaker_failures and not is_resting:
            longest = min(self._limits.breaker_pause_us << min(self._openings, 20), self._limits.breaker_pause_max_us)
            pause = longest // 2 + self._rng.randrange(longest // 2 + 1)
            self._rest_until = max(self._rest_until, now + pause)
            self._openings += 1
        self._judge(now)

    def _note(self, now: int, error: str) -> None:
        self._last_error, self._last_error_at = error[:500], now

    def _judge(self, now: int) -> None:
        if self.is_open:
            found = Condition.DOWN
        elif self._recent.count(False) > DEGRADED_SHARE * len(self._recent) or now < self._rest_until:
            found = Condition.DEGRADED
        else:
            found = Condition.HEALTHY
        if found != self._condition:
            self._condition, self._since = found, now
            level = logging.INFO if found == Condition.HEALTHY else logging.WARNING
            LOGGER.log(
                level, "the destination %s is %s: %s", self._destination, found, self._last_error or "it answers"
            )

    def health(self) -> Health:
        """Return how the destination is doing."""
        latencies = sorted(self._latencies)
        return Health(
            destination=self._destination,
            condition=self._condition,
            since=self._since,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
            last_success_at=self._last_success_at,
            next_try_at=self._rest_until,
            latency_ms=latencies[len(latencies) // 2] if latencies else 0.0,
            sent=self.sent,
            failed=self.failed,
            dead=self.dead,
            cancelled=self.cancelled,
        )
