"""The thread of one source: it ends when it is told to, whatever it is about to do."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from coterie.clock import SystemClock
from coterie.engine.project import Project
from coterie.engine.sourcing import follower
from coterie.engine.sourcing.follower import Follower
from coterie.engine.sourcing.sources import source_named
from tests.engine.sourcing.test_pull import SOURCE, project


class Nothing:
    """A journal that nobody writes to."""

    head = 0

    def append_now(self, route: str, source: str, body: bytes) -> int:
        raise AssertionError("nothing is to be written")


class Late(threading.Event):
    """An event whose first ``clear`` takes until somebody set it: what a thread meets that is told to stop just then."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    def clear(self) -> None:
        self.reached.set()
        self.wait(10)
        super().clear()


def test_a_stop_just_before_a_reading_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "STOP_S", 5.0)
    here: Project = project(tmp_path, SOURCE.replace("path:", "every: 1h\npath:"))
    one = Follower(source_named(here, "shop"), here, Nothing(), SystemClock(), lambda position, timeout: True, {})
    asked = one._asked = Late()
    one.start()
    assert asked.reached.wait(10)
    began = time.monotonic()
    one.stop()
    assert time.monotonic() - began < 3
    assert not one._thread.is_alive()
