"""A number that grows, and everybody who waits for it to be large enough."""

from __future__ import annotations

import asyncio
import threading


class Beacon:
    """Raised by one thread, awaited by event loops, waited for by threads."""

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self._condition = threading.Condition()
        self._waiting: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def raise_to(self, value: int) -> None:
        """The number is ``value``; whoever waits for so much goes on."""
        with self._condition:
            self.value = value
            self._condition.notify_all()
            ready = [one for one in self._waiting if one[0] <= value]
            if not ready:
                return
            self._waiting = [one for one in self._waiting if one[0] > value]
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for _, loop, future in ready:
            by_loop.setdefault(loop, []).append(future)
        for loop, futures in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, futures)

    def wait(self, value: int, timeout_s: float) -> bool:
        """Return whether the number is ``value`` or more, after waiting at most ``timeout_s`` on this thread."""
        with self._condition:
            return self._condition.wait_for(lambda: self.value >= value, timeout_s)

    async def reached(self, value: int, timeout_s: float) -> bool:
        """Return whether the number is ``value`` or more, after waiting at most ``timeout_s``."""
        if self.value >= value:
            return True
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        entry = (value, loop, future)
        with self._condition:
            if self.value >= value:
                return True
            self._waiting.append(entry)
        try:
            await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return self.value >= value
        finally:
            with self._condition:
                if entry in self._waiting:
                    self._waiting.remove(entry)
        return True


def _settle(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
