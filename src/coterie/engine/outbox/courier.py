"""The thread that delivers: one lane for each destination, woken by commits and by what becomes due."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random

from coterie.clock import Clock, SystemClock
from coterie.connectors.destinations.destination import Destination, Way
from coterie.engine.outbox.checks import Checks
from coterie.engine.outbox.health import Health
from coterie.engine.outbox.lane import Lane
from coterie.errors import Transient
from coterie.limits import DEFAULT, HOUR_US, SECOND_US, Limits
from coterie.storage.state.database import Connection
from coterie.storage.state.outbox import Outbox

LOGGER = logging.getLogger("coterie.outbox")
POLL_S = 0.5
"""How long a lane sleeps at most: so late is noticed what nobody called about, such as a clock moved by hand."""
REST_S = 0.05
"""How long a lane sleeps at least when something is due that may not be sent, such as that of a paused trigger."""


class Courier:
    """Delivers what is in the outbox of one database. ``connect`` opens a connection in autocommit for its own thread."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        destinations: Mapping[str, tuple[Destination, Way]],
        checks: Checks,
        *,
        clock: Clock | None = None,
        rng: Random | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        self._connect, self._destinations, self._checks = connect, dict(destinations), checks
        self._clock, self._limits = clock or SystemClock(), limits
        self._rng = rng or Random()
        self._lanes: dict[str, Lane] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bells: list[asyncio.Event] = []
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._grace_s = 10.0
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="coterie-outbox-checks")

    # ── as a thread ──────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """The courier's thread runs, and delivers."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="coterie-outbox", daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Nothing is being delivered; what was under way had ``timeout_s`` to end, and else stays in the outbox."""
        self._grace_s = timeout_s
        self._stopping.set()
        for lane in self._lanes.values():
            lane.closing = True
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout_s + 5)

    def wake(self) -> None:
        """The lanes look at once whether something is due. From any thread; cheap."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    def health(self) -> dict[str, Health]:
        """Return how each destination is doing. From any thread."""
        return {key: lane.breaker.health() for key, lane in self._lanes.items()}

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        connection = self._connect()
        try:
            async with asyncio.TaskGroup() as group:
                for lane in self.open(connection).values():
                    bell = asyncio.Event()
                    self._bells.append(bell)
                    group.create_task(self._follow(lane, bell))
                group.create_task(self._tidy(Outbox(connection)))
                self._ready.set()
        finally:
            self._ready.set()
            self._executor.shutdown(wait=False)
            connection.close()

    async def _follow(self, lane: Lane, bell: asyncio.Event) -> None:
        """Deliver on one lane until the courier stops; faults of the database are told, and it goes on."""
        while not self._stopping.is_set():
            bell.clear()
            try:
                tries = await lane.pump()
                wait_s = self._pause_s(lane, tries)
            except Transient as error:
                LOGGER.warning("%s", error.message)
                wait_s = POLL_S
            except Exception:  # one lane's fault must not stop the others
                LOGGER.exception("a fault while delivering to %s", lane.key)
                wait_s = POLL_S
            await _heard(bell, wait_s)
        await lane.close(self._grace_s)

    def _pause_s(self, lane: Lane, tries: int) -> float:
        due = lane.next_at()
        until = POLL_S if due is None else (due - self._clock.now()) / SECOND_US
        return 0.0 if tries else min(max(until, REST_S), POLL_S)

    async def _tidy(self, outbox: Outbox) -> None:
        """Forget, about every hour, what was done long ago; stop with the courier."""
        last = 0
        while not self._stopping.is_set():
            now = self._clock.now()
            if now - last >= HOUR_US:
                last = now if await self._forgot(outbox, now - self._limits.outbox_kept_us) else last
            await asyncio.sleep(POLL_S)

    async def _forgot(self, outbox: Outbox, before: int) -> bool:
        """Return whether everything that was done before that instant is forgotten now; if not, it is tried again soon."""
        try:
            while outbox.forget(before):
                await asyncio.sleep(REST_S)
        except Transient as error:
            LOGGER.warning("old letters are not forgotten now: %s", error.message)
            return False
        return True

    # ── by hand, for tests and simulations ───────────────────────────────────────────────────────────────────

    def open(self, connection: Connection) -> dict[str, Lane]:
        """Return the lanes over ``connection``, one for each destination."""
        outbox = Outbox(connection)
        self._lanes = {
            key: Lane(
                key,
                destination,
                way,
                outbox,
                self._checks,
                self._clock,
                self._rng,
                executor=self._executor,
                limits=self._limits,
            )
            for key, (destination, way) in self._destinations.items()
        }
        return self._lanes

    async def pump(self) -> int:
        """Everything that is due at the clock's instant has been tried, on opened lanes; return how many tries."""
        return sum(await asyncio.gather(*(lane.pump() for lane in self._lanes.values())))

    def next_at(self) -> int | None:
        """Return the first instant at which any lane has something to do, ``None`` when nothing waits."""
        return min((at for lane in self._lanes.values() if (at := lane.next_at()) is not None), default=None)


async def _heard(bell: asyncio.Event, wait_s: float) -> None:
    """Return when the bell rings, or after ``wait_s``."""
    try:
        await asyncio.wait_for(bell.wait(), wait_s)
    except TimeoutError:
        return
