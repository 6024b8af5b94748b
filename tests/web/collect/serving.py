"""A real server on a free port of 127.0.0.1, with a journal of its own and keys by name."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from msgspec import Struct

from coterie.clock import Clock
from coterie.connectors.sources.tracking import Tracked, decode
from coterie.limits import DEFAULT, Limits
from coterie.storage.journal import Entry, Journal
from coterie.web.collect import Collect

WRITE_KEY = "wk-test"
DEADLINE_S = 20.0


class Key(Struct):
    id: str


class OneKey:
    """``WRITE_KEY`` may write; nothing else may."""

    def check(self, text: str, /, scope: str) -> Key | None:
        return Key("k1") if text == WRITE_KEY and scope == "write" else None


class Failing:
    """A journal that fails in one way until it is mended."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.error: Exception | None = None
        self.clock: Clock = journal.clock

    @property
    def head(self) -> int:
        return self._journal.head

    async def append(self, route: str, source: str, data: bytes, /) -> int:
        if self.error is not None:
            raise self.error
        return await self._journal.append(route, source, data)


@contextlib.contextmanager
def listening(app: Any) -> Iterator[str]:
    """Serve ``app`` until the block ends and yield where, such as ``http://127.0.0.1:4711``."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", http="httptools", loop="uvloop")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + DEADLINE_S
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(DEADLINE_S)


class Served(Struct):
    """A running server, and what it has taken."""

    url: str
    journal: Journal
    collect: Collect
    limits: Limits

    def entries(self) -> list[Entry]:
        read: list[Entry] = []
        while entries := self.journal.read(read[-1].position if read else 0):
            read += entries
        return read

    def events(self) -> list[Tracked]:
        """What the runner will see, in order, each id once."""
        found: dict[str, Tracked] = {}
        for entry in self.entries():
            decoded = decode(entry.route, entry.body, entry.received_at, self.limits, position=entry.position)
            for event in decoded.events:
                found.setdefault(event.id, event)
        return list(found.values())

    def wait_for(self, events: int) -> list[Tracked]:
        """Return the events once there are so many, whichever ids they have."""
        deadline = time.monotonic() + DEADLINE_S
        while len(found := self.events()) < events and time.monotonic() < deadline:
            self.journal.wait(self.journal.head, 0.05)
        assert len(found) >= events, [event.name for event in found]
        return found


@contextlib.contextmanager
def collecting(folder: Path, limits: Limits = DEFAULT, **options: Any) -> Iterator[Served]:
    """Yield a server that collects into a journal in ``folder``."""
    journal = Journal(folder, limits=limits)
    journal.start()
    store = options.pop("store", lambda journal: journal)(journal)
    collect = Collect(store, options.pop("keys", OneKey()), limits, **options)
    try:
        with listening(collect) as url:
            yield Served(url, journal, collect, limits)
    finally:
        journal.close()
