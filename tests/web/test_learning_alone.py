"""Fits are asked one at a time, beside the watch of drift, and other questions do not wait for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from coterie.clock import SystemClock
from coterie.errors import Overloaded
from coterie.limits import Limits
from coterie.web.api.desk import LEARNING_WAITING_MAX, Desk


@pytest.fixture
def watching() -> threading.Lock:
    return threading.Lock()


@pytest.fixture
def desk(watching: threading.Lock) -> Iterator[Desk]:
    nobody: Any = SimpleNamespace(land=lambda: None, flush=lambda: None)
    drift: Any = SimpleNamespace(alone=lambda: watching)
    one = Desk(
        project=nobody, runner=nobody, journal=nobody, keys=nobody, access=nobody, limiter=nobody, clock=SystemClock(),
        limits=Limits(), drift=drift,
    )  # fmt: skip
    yield one
    one.close()


def test_a_fit_waits_for_the_watch_of_drift_and_questions_do_not(desk: Desk, watching: threading.Lock) -> None:
    async def asked() -> tuple[bool, str, str]:
        with watching:
            fit = asyncio.create_task(desk.learn(lambda: "fitted"))
            answer = await asyncio.wait_for(desk.ask(lambda: "answered"), 20)
            waits = not fit.done()
        return waits, answer, await asyncio.wait_for(fit, 20)

    assert asyncio.run(asked()) == (True, "answered", "fitted")


def test_two_fits_are_never_under_way(desk: Desk) -> None:
    under_way, most = [0], [0]
    lock = threading.Lock()

    def fit() -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        threading.Event().wait(0.01)
        with lock:
            under_way[0] -= 1

    async def asked() -> None:
        await asyncio.gather(*(desk.learn(fit) for _ in range(5)))

    asyncio.run(asked())
    assert most == [1]


def test_further_fits_are_told_to_come_back(desk: Desk, watching: threading.Lock) -> None:
    async def asked() -> None:
        with watching:
            fits = [asyncio.create_task(desk.learn(lambda: None)) for _ in range(LEARNING_WAITING_MAX + 1)]
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match="too many fits"):
                await desk.learn(lambda: None)
        await asyncio.gather(*fits)

    asyncio.run(asked())
