"""Clocks that jump: stamps never go back, timers wait or fire, and both are told and counted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from coterie.clock import SystemClock
from coterie.engine.running.clockwatch import ClockWatch
from tests.engine.running.served import HOUR, make, track
from tests.engine.running.served import Served as Base
from tests.faults.truth import check_changes, check_log

DAY = 24 * HOUR


class Jumping(SystemClock):
    """The wall clock, moved by somebody."""

    def __init__(self) -> None:
        self.shift = 0

    def now(self) -> int:
        return super().now() + self.shift


def test_a_clock_that_jumps_a_day_ahead_and_back(tmp_path: Path) -> None:
    root, clock = make(tmp_path / "p"), Jumping()
    one: Any = Base(root, clock)  # type: ignore[arg-type]
    one.start()
    one.send(track("view", "ada", 1), track("add_to_cart", "bob"))
    assert one.members("lately") == ["ada"]
    clock.shift = DAY
    one.until(lambda: one.members("lately") == [])
    one.until(lambda: one.members("left-cart") == ["bob"])
    assert one.runner.tallies().clock_forwards == 1
    one.send(track("view", "ada", 2))
    clock.shift = 0
    one.until(lambda: one.runner.tallies().clock_backwards == 1)
    assert any("backwards by 86400 s" in text for text in one.runner.status().warnings)
    one.send(track("view", "cyd", 1))
    one.send(track("view", "cyd", 2))
    assert one.members("twice") == ["ada", "cyd"]
    one.stop()
    again: Any = Base(root, clock)  # type: ignore[arg-type]
    again.start()
    again.send(track("view", "dan", 1))
    assert "dan" in again.members("lately")
    again.stop()
    assert check_log(root, {"ada-view-1", "ada-view-2", "cyd-view-1", "cyd-view-2", "dan-view-1"}) == 6
    check_changes(root)


def test_a_clock_that_is_behind_at_the_start(tmp_path: Path) -> None:
    root, clock = make(tmp_path / "p"), Jumping()
    one: Any = Base(root, clock)  # type: ignore[arg-type]
    one.start()
    one.send(track("view", "ada", 1))
    one.stop()
    clock.shift = -DAY
    again: Any = Base(root, clock)  # type: ignore[arg-type]
    again.start()
    again.send(track("view", "ada", 2))
    assert again.members("twice") == ["ada"]
    again.stop()
    assert check_log(root, {"ada-view-1", "ada-view-2"}) == 2
    check_changes(root)


def test_slow_looks_are_no_jumps() -> None:
    told: list[str] = []
    clock, steady = Jumping(), time.monotonic_ns()
    watch = ClockWatch(clock, told.append, lambda: steady)
    watch.look(0)
    steady += 60_000_000_000
    clock.shift += 60_000_000
    watch.look(clock.now())
    assert (watch.forwards, watch.backwards, told) == (0, 0, [])
    clock.shift -= 3_600_000_000
    watch.look(clock.now() + 3_600_000_000)
    assert watch.backwards == 1
    assert abs(watch.behind_us - 3_600_000_000) < 1_000_000
