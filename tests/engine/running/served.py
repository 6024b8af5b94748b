"""A project with a journal and a runner, in this process, under a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coterie.clock import ManualClock
from coterie.engine.project import HIDDEN, Project
from coterie.engine.running.runner import Runner
from coterie.storage.journal import Journal

START = 1_790_000_000_000_000
SECOND = 1_000_000
HOUR = 3_600 * SECOND
SEGMENTS = {
    "twice": "{did: {event: view, at_least: 2}}",
    "left-cart": "{then_not: {first: {event: add_to_cart}, absent: {event: order}, for: 1h}}",
    "pro": "{trait: {name: plan, equals: pro}}",
    "lately": "{did: {event: view, within: 10m}}",
}


def make(folder: Path, segments: dict[str, str] | None = None, settings: str = "") -> Path:
    """Return the folder of a new project with these definitions (key → YAML of ``when``)."""
    (folder / "segments").mkdir(parents=True)
    (folder / "coterie.yaml").write_text(f"name: served\npresent: clock\n{settings}")
    for key, when in (SEGMENTS if segments is None else segments).items():
        (folder / "segments" / f"{key}.yaml").write_text(f"key: {key}\nwhen: {when}\n")
    return folder


class Served:
    """One life of a runner over a project."""

    def __init__(self, root: Path, clock: ManualClock, **more: Any) -> None:
        self.clock = clock
        self.project = Project(root, clock)
        self.journal = Journal(root / HIDDEN / "journal", clock)
        self.runner = Runner(self.project, self.journal, clock=clock, **more)

    def start(self) -> Served:
        """The runner is running."""
        self.runner.start()
        self.journal.start()
        self.until(lambda: self.runner.status().phase in ("running", "failed"))
        assert self.runner.status().ready, self.runner.status()
        return self

    def stop(self) -> None:
        """Everything is stopped in order."""
        self.runner.stop()
        self.journal.close()

    def crash(self) -> None:
        """Nothing more is written: no last snapshot, nothing landed, as after a kill between two commits."""
        runner = self.runner
        following, upkeep, database = runner._following, runner._upkeep, runner._database
        assert following is not None
        assert upkeep is not None
        assert database is not None
        assert runner._thread is not None
        following._snapshot = lambda state: None
        upkeep._stop.set()
        upkeep._thread.join()
        following.stopping = True
        runner._thread.join()
        self.journal.close()
        for connection in (*database._readers, database.writer):
            connection.close()
        assert runner._lock is not None
        runner._lock.release()

    def until(self, is_so: Any, timeout_s: float = 60.0) -> None:
        """Wait until ``is_so()``, at most ``timeout_s``."""
        import time

        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.002)

    def send(self, *calls: dict[str, Any]) -> int:
        """Return the position of a batch of calls after its effects are committed."""
        position = self.journal.append_now("batch", "test", json.dumps({"batch": list(calls)}).encode())
        assert self.runner.wait(position, 30.0), self.runner.status()
        return position

    def put(self, *records: dict[str, Any]) -> int:
        """Return the position of facts after their effects are committed."""
        position = self.runner.put(records)
        assert self.runner.wait(position, 30.0), self.runner.status()
        return position

    def at(self, instant: int) -> None:
        """The clock stands at ``instant`` and every timer until then has fired."""
        self.clock.advance_to(instant)
        self.until(lambda: self.runner.status().advanced_to >= instant)

    def members(self, key: str) -> list[str]:
        """Return the members of a segment."""
        return [one.profile for one in self.runner.members(key, limit=10_000).rows]

    def changes(self) -> list[tuple[Any, ...]]:
        """Return every change without its sequence and version."""
        rows = self.runner.changes(limit=100_000).rows
        return [(r.segment, r.profile, r.direction, r.at, r.cause, r.event_id, r.position) for r in rows]


def track(event: str, user: str, number: object = 0, **properties: Any) -> dict[str, Any]:
    """Return a track call of a user."""
    return {
        "type": "track", "event": event, "userId": user, "messageId": f"{user}-{event}-{number}", "properties": properties,
    }  # fmt: skip


@contextmanager
def served(root: Path, clock: ManualClock | None = None, **more: Any) -> Iterator[Served]:
    """Yield a runner that runs, and stop it."""
    one = Served(root, clock or ManualClock(START), **more).start()
    try:
        yield one
    finally:
        one.stop()
