"""One destination's deliveries: claimed, checked, sent, marked; tried again until they arrive or are given up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from random import Random

from coterie.clock import Clock
from coterie.connectors.destinations.destination import Destination, Later, Way
from coterie.engine.outbox.backoff import pause_us
from coterie.engine.outbox.checks import Checks, Ready
from coterie.engine.outbox.health import Breaker
from coterie.errors import Terminal, Transient
from coterie.limits import DEFAULT, SECOND_US, Limits
from coterie.segments.durations import us_of
from coterie.storage.state.outbox import Letter, Mark, Outbox

GRACE_S = 5.0
"""What a try may take beyond the destination's own time limit before it is cut off."""
CLAIM_MAX = 64
"""Letters claimed and checked at once."""
AFTER_A_FAULT_US = 5 * SECOND_US
"""When letters are looked at again whose checks failed."""


class Lane:
    """Sends what is due at one destination; at most ``way.concurrency`` at once, and of each person one after the other."""

    def __init__(
        self,
        key: str,
        destination: Destination,
        way: Way,
        outbox: Outbox,
        checks: Checks,
        clock: Clock,
        rng: Random,
        *,
        executor: Executor | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        self.key = key
        self.breaker = Breaker(key, clock.now(), rng, limits)
        self._executor = executor
        self._destination, self._way, self._outbox = destination, way, outbox
        self._checks, self._clock, self._rng = checks, clock, rng
        self._under_way: dict[asyncio.Task[Mark], int] = {}
        self._unmarked: list[Mark] = []
        self.closing = False
        self._timeout_s = us_of(way.timeout) / SECOND_US + GRACE_S

    async def pump(self) -> int:
        """Everything that is due now has been tried; return how many letters were looked at. What becomes due meanwhile is
        taken along. Returns early when the lane is ``closing``."""
        looked_at = 0
        while not self.closing:
            claimed = await self._fill()
            looked_at += claimed
            if self._under_way:
                done, _ = await asyncio.wait(self._under_way, timeout=0.25, return_when=asyncio.FIRST_COMPLETED)
                self._finish(done)
            elif not claimed:
                break
        return looked_at

    async def close(self, timeout_s: float) -> None:
        """Nothing is under way; what did not end in time was cut off and stays in the outbox."""
        if self._under_way:
            done, late = await asyncio.wait(self._under_way, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            self._finish({task for task in done if not task.cancelled()})
        await self._destination.close()

    async def _fill(self) -> int:
        """Start as many tries as are allowed and due; return how many."""
        self._mark(())
        now = self._clock.now()
        free = self.breaker.allowed(now, self._way.concurrency) - len(self._under_way)
        if free <= 0:
            return 0
        is_probe = self.breaker.is_open
        wanted = CLAIM_MAX if is_probe else min(free, CLAIM_MAX)
        letters = self._outbox.due(self.key, now, wanted, self._under_way.values())
        if is_probe:
            letters = sorted(letters, key=lambda letter: letter.attempts)[:1]  # not the one that may be the cause
        if not letters:
            return 0
        for one in await self._ready(letters, now):
            task = asyncio.create_task(self._try(one, is_probe))
            self._under_way[task] = one.letter.id
        return len(letters)

    async def _ready(self, letters: Sequence[Letter], now: int) -> list[Ready]:
        """Return what may be sent; the others are marked. Checks that fail are made again later."""
        try:
            ready, marks = await asyncio.get_running_loop().run_in_executor(
                self._executor, self._checks.prepared, letters, now
            )
        except Exception as error:  # noqa: BLE001  the outbox outlives what it asks
            ready = []
            later = now + AFTER_A_FAULT_US
            told = f"not checked: {type(error).__name__} {error}"
            marks = [
                Mark(id=one.id, state=one.state, at=now, not_before=later, tries=0, tried=False, error=told)
                for one in letters
            ]
        if marks:
            self.breaker.cancelled += sum(mark.state == "cancelled" for mark in marks)
            self._mark(marks)
        return ready

    async def _try(self, ready: Ready, is_probe: bool) -> Mark:
        """Return what became of one try."""
        letter, began = ready.letter, time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._destination.send(ready.message)
        except Terminal as error:
            now = self._clock.now()
            self.breaker.refused(now, error.message)
            self.breaker.dead += 1
            return Mark(id=letter.id, state="dead", at=now, error=error.message, payload=ready.payload)
        except Exception as error:  # noqa: BLE001  whatever a destination raises, the letter stays
            return self._again(ready, error, is_probe)
        now = self._clock.now()
        self.breaker.succeeded(now, (time.perf_counter() - began) * 1_000)
        return Mark(id=letter.id, state="sent", at=now, payload=ready.payload)

    def _again(self, ready: Ready, error: Exception, is_probe: bool) -> Mark:
        """Return the mark of a try that failed in a way that may end. A probe of what is down is not counted as a try."""
        letter, now = ready.letter, self._clock.now()
        told = error.message if isinstance(error, Transient) else f"{type(error).__name__} {error}".strip()
        asked_s = error.retry_after_s if isinstance(error, Later) else None
        self.breaker.stumbled(now, told, asked_s)
        tries = letter.attempts + (0 if is_probe else 1)
        is_old = now - letter.due_at >= us_of(self._way.give_up_after)
        if tries >= self._way.tries or is_old:
            self.breaker.dead += 1
            reason = f"given up after {tries} tries: {told}"
            return Mark(
                id=letter.id, state="dead", at=now, tries=tries - letter.attempts, error=reason, payload=ready.payload
            )
        wait = pause_us(max(tries, 1), us_of(self._way.retry_first), us_of(self._way.retry_longest), self._rng)
        wait = max(wait, int((asked_s or 0) * SECOND_US))
        return Mark(
            id=letter.id, state="failed", at=now, not_before=now + wait, tries=tries - letter.attempts, error=told,
            payload=ready.payload,
        )  # fmt: skip

    def _finish(self, done: set[asyncio.Task[Mark]]) -> None:
        """What became of these tries is committed, or kept in mind until it can be: nothing else is sent before that."""
        for task in done:
            del self._under_way[task]
            self._unmarked.append(task.result())
        self._mark(())

    def _mark(self, marks: Sequence[Mark]) -> None:
        self._unmarked += marks
        if self._unmarked:
            self._outbox.mark(self._unmarked)
            self._unmarked = []

    def next_at(self) -> int | None:
        """Return the first instant at which there is something to do, ``None`` when nothing waits. Pauses count."""
        due = self._outbox.next_at(self.key)
        return None if due is None else max(due, self.breaker.next_try_at)
