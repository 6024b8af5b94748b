"""Killed while landing and while compacting, twenty times each: no event missing, none twice, no file left behind for good."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coterie.storage.events import EventStore
from tests.storage.lake.logs import contents, landed, store

ROUNDS = 20
_LAND = """
import sys
from pathlib import Path
from tests.storage.lake.logs import landed, store
log = store(Path(sys.argv[1]))
while True:
    landed(log, log.length(), 300)
    print("begun", flush=True)
"""
_COMPACT = """
import sys
from pathlib import Path
from tests.storage.lake.logs import landed, store
log = store(Path(sys.argv[1]))
while True:
    log.compact(everything=True)
    print("begun", flush=True)
    landed(log, log.length(), 40, people=7)
"""


@contextmanager
def working(script: str, folder: Path) -> Iterator[None]:
    """A process works inside, and is gone after (kill -9)."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        yield
    finally:
        assert process.poll() is None, "it worked until it was killed"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)


def check(log: EventStore) -> None:
    """Every event up to the next position is there once, in its place; what a crash left is no part of the log and can go."""
    rows = contents(log)
    assert [row["position"] for row in rows] == list(range(log.length()))
    assert [row["event_id"] for row in rows] == [f"event-{n}" for n in range(log.length())]
    needed = {one.path for one in log._table.files()}
    log.vacuum(0)
    assert set(log.place.sizes(ending=".parquet")) - needed == set(log.place.sizes("_delta_log", ".parquet"))


@pytest.mark.slow
def test_twenty_kills_while_landing(tmp_path: Path) -> None:
    dice, folder = random.Random(20), tmp_path / "log"
    reached = 0
    for _ in range(ROUNDS):
        with working(_LAND, folder):
            time.sleep(dice.uniform(0.0, 0.2))
        log = store(folder)
        assert log.length() >= reached
        reached = log.length()
        assert log.count() == reached
    check(store(folder))
    assert reached > ROUNDS * 300


@pytest.mark.slow
def test_twenty_kills_while_compacting(tmp_path: Path) -> None:
    dice, folder = random.Random(21), tmp_path / "log"
    log = store(folder)
    left, seen = 0, set[str]()
    for number in range(ROUNDS):
        for _ in range(3):
            landed(log, log.length(), 150, people=7)
        with working(_COMPACT, folder):
            time.sleep(dice.uniform(0.0, 0.25))
        left += bool(log._table.unneeded(0).keys() - seen)
        seen |= log._table.unneeded(0).keys()
        assert log.count() == log.length() >= (number + 1) * 450
    check(store(folder))
    assert left, "some compactions were killed before their commit"
    log.compact(everything=True)
    check(store(folder))
