"""The shop's traffic: every call is sent over HTTP when its instant comes on the shop's clock."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

import httpx
from msgspec import Struct

from coterie.cli.demo_server import DemoServer
from coterie.cli.demo_shop import Due
from coterie.errors import Terminal

TICK_S = 0.05
"""Seconds that calls wait for each other: one request holds all that are due."""
CALLS_MAX = 500


class Sent(Struct, kw_only=True):
    """What was sent so far."""

    events: int = 0
    requests: int = 0
    at: int = 0
    """The instant of the shop's clock."""
    acknowledged_ms: float = 0.0
    """How long the last requests took to be acknowledged, the median of a hundred."""


class Traffic:
    """Sends ``calls`` by the clock of the server; ``told`` hears how it goes, after every tick."""

    def __init__(self, server: DemoServer, speed: int, told: Callable[[Sent], None]) -> None:
        self._server, self._speed, self._told = server, speed, told
        self._recent: deque[float] = deque(maxlen=100)
        self.sent = Sent()

    async def run(self, calls: Iterator[Due], opens_at: int, seconds: float) -> None:
        """Everything that is due within ``seconds`` was acknowledged. Raises: Terminal when the server refuses."""
        began = time.monotonic()
        waiting: Due | None = next(calls, None)
        async with self._server.client("write") as client:
            while time.monotonic() - began < seconds:
                now = opens_at + int((time.monotonic() - began) * self._speed * 1e6)
                due: list[bytes] = []
                while waiting is not None and waiting.at <= now:
                    due.append(waiting.body)
                    waiting = next(calls, None)
                await self._post(client, due)
                self.sent.at = now
                self._told(self.sent)
                await asyncio.sleep(TICK_S)
            rest = [waiting.body] if waiting is not None else []
            rest += [one.body for one in calls]
            await self._post(client, rest)

    async def _post(self, client: httpx.AsyncClient, due: list[bytes]) -> None:
        left = iter(due)
        while some := list(islice(left, CALLS_MAX)):
            began = time.perf_counter()
            body = b'{"batch":[' + b",".join(some) + b"]}"
            answer = await client.post("/v1/batch", content=body, headers={"content-type": "application/json"})
            if answer.status_code != 200:
                raise Terminal(f"the server refused events: {answer.status_code} {answer.text}")
            self._recent.append((time.perf_counter() - began) * 1e3)
            self.sent.events += len(some)
            self.sent.requests += 1
            self.sent.acknowledged_ms = sorted(self._recent)[len(self._recent) // 2]
