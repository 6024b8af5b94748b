"""Killed under load, again and again: no acknowledged event lost, none counted twice, no trigger lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coterie.segments.instants import instant_of
from tests.faults.load import Writer, under_load
from tests.faults.truth import check_changes, check_log, messages
from tests.serving import Serving

ROUNDS = 50
FILES = {
    "segments/twice.yaml": "key: twice\nwhen: {did: {event: view, at_least: 2}}\n",
    "segments/pro.yaml": "key: pro\nwhen: {trait: {name: plan, equals: pro}}\n",
    "segments/lately.yaml": "key: lately\nwhen: {did: {event: order, within: 3s}}\n",
    "segments/left.yaml": "key: left\nwhen: {then_not: {first: {event: add_to_cart}, absent: {event: order}, for: 2s}}\n",
    "destinations/lines.yaml": "key: lines\nkind: file\npath: lines.jsonl\nsync: false\n",
    "triggers/twice.yaml": "key: twice\nwhen: {entered: twice}\ndestination: lines\n",
    "triggers/left.yaml": "key: left\nwhen: {entered: left}\ndestination: lines\n",
}
RUNNER = {"land_s": 0.7, "land_rows": 1_000, "snapshot_s": 1.1}


@pytest.mark.slow
def test_fifty_kills_under_load_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    folder, dice = tmp_path / "shop", random.Random(50)
    server = Serving(folder, settings={"runner": RUNNER}, files=FILES)
    server.start()
    writers = [Writer(number, server.keys["write"]) for number in range(3)]
    for number in range(ROUNDS):
        if number:
            server.start(ready=dice.random() < 0.7)
        under_load(server.url, writers, lambda: (time.sleep(dice.uniform(0.0, 0.25)), server.kill()))
    server.start()
    drain(server)
    time.sleep(3.2)  # the last timers of lately and left fire; nothing else is on its way then
    drain(server)
    server.stop()
    acknowledged = set().union(*(one.acknowledged for one in writers))
    assert len(acknowledged) > 10 * ROUNDS
    check_log(folder, acknowledged)
    changes = check_changes(folder)
    check_triggers(changes, messages(folder / "lines.jsonl"))


def drain(server: Serving, timeout_s: float = 60.0) -> None:
    """Everything in the journal is committed, and everything decided is delivered."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        behind = server.reading.get("/readyz").json()["behind_events"]
        states = ("waiting", "failed")
        waiting = [server.admin.get("/v1/deliveries", params={"state": one}).json()["rows"] for one in states]
        if not behind and not any(waiting):
            return
        time.sleep(0.1)
    raise AssertionError("the server did not catch up")


def check_triggers(changes: list[dict[str, Any]], sent: list[dict[str, Any]]) -> None:
    """Every entry that a trigger listens to was delivered, and however often, under one key of its own."""
    entries = [row for row in changes if row["direction"] == "entered" and row["segment"] in ("twice", "left")]
    expected = Counter((row["segment"], row["at"]) for row in entries if row["cause"] != "merge")
    by_merge = Counter((row["segment"], row["at"]) for row in entries if row["cause"] == "merge")
    by_key: dict[str, set[tuple[str, int]]] = {}
    for one in sent:
        told = one["message"]
        at = instant_of(told["change"]["at"])
        assert at is not None
        by_key.setdefault(one["key"], set()).add((told["segment"], at))
    assert all(len(found) == 1 for found in by_key.values())
    delivered = Counter(one for found in by_key.values() for one in found)
    assert not expected - delivered, "triggers were lost"
    assert not delivered - expected - by_merge, "triggers of changes that never were"
    assert len(expected) > ROUNDS
