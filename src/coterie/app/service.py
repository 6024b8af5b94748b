"""Everything that runs while a project is served: put together here, started in order, stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coterie.app import figures
from coterie.clock import ManualClock, SpedClock, SystemClock, clock_of
from coterie.engine.project import HIDDEN, Project
from coterie.errors import CoterieError, InvalidDefinition, Problem
from coterie.settings import Settings
from coterie.web.front import Front
from coterie.web.health import Health, Readiness, readiness
from coterie.web.metrics import Metrics

_log = logging.getLogger("coterie.app")
KEEP_S = 30.0
"""Seconds between looks at what may be let go or written down: old journal files, when keys were used."""


class Service:
    """A project being served. ``app`` is the ASGI app; ``start`` and ``stop`` are called in its event loop.

    Raises: InvalidDefinition with every mistake of the settings, the definitions, the triggers and the destinations at once.
    """

    def __init__(self, root: Path, settings: Settings) -> None:
        from coterie.storage.access import AccessStore
        from coterie.storage.journal import Journal
        from coterie.web.access import Keys

        hidden = root / HIDDEN
        self.settings, self.root = settings, root
        self.clock = clock_of(settings.server.clock)
        self.project = Project(root, self.clock, settings)
        self.journal = Journal(hidden / "journal", self.clock, settings.limits)
        self.access = AccessStore(hidden / "access.db")
        self.keys = Keys(self.access, SystemClock(), settings.limits)
        self.first_keys = self.keys.bootstrap()
        """Texts of the keys that were made because there were none: told once, kept nowhere."""
        self.closing = False
        self._parts: list[tuple[str, Callable[[float], Any]]] = []
        """What was started: a name, and how it is stopped within so many seconds."""
        self._task: asyncio.Task[None] | None = None
        self._compose()

    def _compose(self) -> None:
        from coterie.engine.running.runner import Runner
        from coterie.identity.rules import rules_of
        from coterie.web.api.application import api
        from coterie.web.api.desk import Desk
        from coterie.web.buckets import Limiter
        from coterie.web.collect import Collect

        settings, limits = self.settings, self.settings.limits
        with _gathered() as attempt:
            rules = attempt(lambda: rules_of(settings.identity))
        self.runner = Runner(self.project, self.journal, clock=self.clock, limits=limits, identities_rules=rules)
        limiter = Limiter(self.keys.rate, limits)
        self.desk = Desk(
            project=self.project, runner=self.runner, journal=self.journal, keys=self.keys, access=self.access,
            limiter=limiter, clock=self.clock, limits=limits,
        )  # fmt: skip
        readings = [figures.of_journal(self.journal, self.runner, self.clock), figures.of_runner(self.runner)]
        self.metrics = Metrics(readings)
        health = Health(self.look)
        collect = Collect(self.journal, self.keys, limits, limiter=limiter, origins=settings.server.cors_origins)
        exact = dict.fromkeys(collect.paths, collect)
        exact |= {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": self.metrics}
        self.app = Front(
            exact, api(self.desk), self.metrics, access_log=settings.server.access_log, trace=self._trace()
        )

    def _trace(self) -> Any:
        if not self.settings.server.traces_url:
            return None
        from coterie.web.traces import Traces

        traces = Traces(self.settings.server.traces_url, self.settings.server.traces_share)
        self._parts.append(("traces", lambda _: traces.close()))
        return traces

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Events are accepted; recovery goes on in the runner's thread. Raises: Locked when another process serves the project."""
        self.runner.start()
        self._parts.append(("runner", self.runner.stop))
        self.journal.start()
        self._task = asyncio.create_task(self._keep())
        _log.info("accepting events", extra={"told": {"project": str(self.root), "pid": os.getpid()}})

    async def stop(self, timeout_s: float) -> None:
        """Everything accepted is committed, snapshot and landed, as far as ``timeout_s`` allows; every part is stopped."""
        self.closing = True
        if self._task is not None:
            self._task.cancel()
        await asyncio.to_thread(self.desk.close)
        for name, stop in reversed(self._parts):
            try:
                await asyncio.to_thread(stop, timeout_s)
            except CoterieError as error:
                _log.error("%s did not stop cleanly: %s", name, error)
        await asyncio.to_thread(self.journal.close)
        self.keys.flush()
        self.access.close()
        _log.info("stopped")

    def close_soon(self) -> None:
        """Streams end, and ``/readyz`` says that the server is going away."""
        self.closing = True

    def look(self) -> Readiness:
        """Return whether questions can be answered, and if not why."""
        return readiness(self.runner.status(), accepts=True, closing=self.closing, mended=self.journal.told)

    async def _keep(self) -> None:
        """Now and then: old journal files are let go, and when keys were used is written down."""
        await self._set_clock()
        while True:
            await asyncio.sleep(KEEP_S)
            try:
                await asyncio.to_thread(self.keys.flush)
            except CoterieError as error:
                _log.warning("housekeeping: %s", error)

    async def _set_clock(self) -> None:
        """A clock that is not the machine's goes on where the project was left."""
        if not isinstance(self.clock, ManualClock | SpedClock):
            return
        while not self.runner.status().ready:
            await asyncio.sleep(0.01)
        self.clock.advance_to(max(self.runner.status().advanced_to, self.clock.now()))


@contextmanager
def _gathered() -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """Gather the problems of several attempts; they are raised together at the end. Raises: InvalidDefinition."""
    problems: list[Problem] = []

    def attempt(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except InvalidDefinition as error:
            problems.extend(error.problems)
        except Problem as error:
            problems.append(error)
        return None

    yield attempt
    if problems:
        raise InvalidDefinition(problems)
