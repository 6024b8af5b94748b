"""kill -9 while messages are on their way: each arrives, and what arrives twice has the same key."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from coterie.storage.state import outbox, trigger_runs
from coterie.storage.state.outbox import Outbox
from tests.docs.blocks import ROOT
from tests.engine.outbox.world import letter
from tests.triggers.world import NOON

LETTERS = 400
CHILD = """
import sqlite3, sys, time
from pathlib import Path
from coterie.connectors.destinations.definitions import open_all, parse
from coterie.engine.outbox.checks import Checks
from coterie.engine.outbox.courier import Courier
from coterie.triggers.step import Triggers
from tests.triggers.world import People, trigger

root = Path(sys.argv[1])
form = parse({"key": "inbox", "kind": "file", "path": "told.jsonl"})
opened = open_all({"inbox": form}, root, {})
connect = lambda: sqlite3.connect(root / "state.db", isolation_level=None, check_same_thread=False, timeout=10)
checks = Checks(Triggers([trigger()]), {}, People(), lambda ids: [])
Courier(connect, {"inbox": (opened["inbox"], form.way)}, checks).start()
print("ready", flush=True)
time.sleep(600)
"""


def arrived(file: Path) -> list[str]:
    """Return the keys of whole lines."""
    keys = []
    for line in file.read_text().splitlines() if file.exists() else []:
        if line.endswith("}}"):
            keys.append(json.loads(line)["key"])
    return keys


def test_every_message_arrives_though_the_process_is_killed_again_and_again(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "state.db", isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(trigger_runs.SCHEMA + outbox.SCHEMA)
    box = Outbox(connection)
    made = [letter(f"p{n % 50}", NOON, number=n) for n in range(LETTERS)]
    connection.execute("BEGIN")
    box.add(made)
    connection.execute("COMMIT")
    kills, deadline = 0, time.monotonic() + 60
    while box.counts().get(("inbox", "care", "sent"), 0) < LETTERS:
        assert time.monotonic() < deadline, box.counts()
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            enough = len(arrived(tmp_path / "told.jsonl")) + LETTERS // 4
            while len(arrived(tmp_path / "told.jsonl")) < min(enough, LETTERS) and time.monotonic() < deadline:
                time.sleep(0.001)
            if len(arrived(tmp_path / "told.jsonl")) >= LETTERS:
                while box.counts().get(("inbox", "care", "sent"), 0) < LETTERS and time.monotonic() < deadline:
                    time.sleep(0.01)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(10)
            assert child.stdout is not None
            child.stdout.close()
        kills += 1
    assert kills >= 3
    told = Counter(arrived(tmp_path / "told.jsonl"))
    assert set(told) == {one.key for one in made}
    assert sum(told.values()) - LETTERS <= 8 * kills, "only what was under way may arrive twice"
    connection.close()
