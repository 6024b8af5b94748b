"""Everything that runs while a project is served: put together here, started in order, stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from coterie.app import figures
from coterie.app.definitions import Defined, read_definitions
from coterie.app.edge import edge_of
from coterie.app.office import Office
from coterie.clock import ManualClock, SpedClock, SystemClock, clock_of
from coterie.connectors.sources.tracking import Options
from coterie.engine import definitions
from coterie.engine.apply import apply
from coterie.engine.learning.drift.watch import DriftWatch
from coterie.engine.privacy.served import Erasures
from coterie.engine.project import HIDDEN, Project
from coterie.engine.quality.watch import Watch
from coterie.engine.running.refreshing import Refreshes
from coterie.engine.running.runner import Runner
from coterie.engine.running.switching import Switch
from coterie.engine.sourcing.followers import Followers
from coterie.errors import CoterieError
from coterie.settings import Settings
from coterie.storage.access import AccessStore
from coterie.storage.journal import Journal
from coterie.web.access import Keys
from coterie.web.api.desk import Desk
from coterie.web.buckets import Limiter
from coterie.web.collect.webhooks import Webhooks, hooks_of
from coterie.web.health import Readiness, readiness
from coterie.web.metrics import Metrics

_log = logging.getLogger("coterie.app")
WATCH_S = 1.0
"""Seconds between looks at what others changed: keys made by the command line."""
KEEP_S = 30.0
"""Seconds between housekeeping: old journal files are let go, and when keys were used is written down."""


class Service:
    """A project being served. ``app`` is the ASGI app; ``start`` and ``stop`` are called in its event loop.

    Raises: InvalidDefinition with every mistake of the settings, segments, triggers and destinations at once.
    """

    def __init__(self, root: Path, settings: Settings) -> None:
        hidden, limits = root / HIDDEN, settings.limits
        self.settings, self.root = settings, root
        self.project = Project(root, settings=settings)
        defined = read_definitions(self.project)
        self.clock = clock_of(settings.server.clock, lambda: self.project.events.extent().last_received_at)
        self.project = Project(root, self.clock, settings)
        if not self.project.applied.current() and definitions.on_disk(self.project):
            apply(self.project, self.project.present())
        self.journal = Journal(hidden / "journal", self.clock, limits)
        self.access = AccessStore(hidden / "access.db")
        self.keys = Keys(self.access, SystemClock(), limits)
        self.first_keys = self.keys.bootstrap()
        """Texts of the keys that were made because there were none: told once, kept nowhere."""
        options = _options(settings)
        self.office = Office(self.project, self.clock, limits)
        self.runner = self.office.runner = Runner(
            self.project, self.journal, clock=self.clock, limits=limits, identities_rules=defined.rules,
            triggers=self.office.reactions, options=options, intake=defined.intake,
        )  # fmt: skip
        self.switch = Switch(self.runner)
        self.refreshes = Refreshes(self.runner, self.switch)
        self.webhooks = Webhooks(self.journal, hooks_of(defined.sources, defined.rules, root, limits), limits)
        self.sources = Followers(
            self.project, self.runner, self.journal, self.clock, defined.sources,
            pushed=lambda found: self.webhooks.change(hooks_of(found, defined.rules, root, limits)),
        )  # fmt: skip
        self.watch = Watch(
            self.project, self.runner, self.clock, wake=self.office.wake,
            sources=lambda: self.sources.definitions.values(),
        )  # fmt: skip
        self.drift = DriftWatch(self.project, self.runner, self.switch, self.clock, self.office.wake)
        self.erasures = Erasures(
            self.runner, copies=lambda: self._defined.copies,
            still=(self.drift.alone, self.switch.alone, self.refreshes.alone),  # a promotion wants them in this order too
        )  # fmt: skip
        self.limiter = Limiter(self.keys.rate, limits)
        self.desk = Desk(
            project=self.project, runner=self.runner, journal=self.journal, keys=self.keys, access=self.access,
            limiter=self.limiter, clock=self.clock, limits=limits, outbox=self.office, switch=self.switch,
            refreshes=self.refreshes, sources=self.sources, watch=self.watch, erasures=self.erasures, drift=self.drift,
        )  # fmt: skip
        self.metrics = self._measured(defined)
        self.closing = False
        self._stops: list[tuple[str, Callable[[], None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._defined: Defined = defined
        self.app = edge_of(self, options)

    def _measured(self, defined: Defined) -> Metrics:
        """Return the figures of every part."""
        return Metrics(
            [
                figures.of_journal(self.journal, self.runner, self.clock),
                figures.of_runner(self.runner),
                figures.of_edges(defined.copies, self.webhooks),
                figures.of_sources(self.sources, self.clock),
                figures.when_ready(self.runner, self.office.figures),
                figures.of_watch(self.watch),
                figures.of_drift(self.drift),
                lambda: {"coterie_http_open_requests": self.app.open},
            ]
        )

    def stops(self, name: str, stop: Callable[[], None]) -> None:
        """``stop`` is called when the service stops, before what was named earlier."""
        self._stops.append((name, stop))

    async def start(self) -> None:
        """Events are accepted; recovery goes on in the runner's thread. Raises: Locked when another process serves the project."""
        self.runner.start()
        self.journal.start()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._keep())]
        told = {"project": str(self.root), "pid": os.getpid(), "clock": self.settings.server.clock}
        _log.info("accepting events", extra={"told": told})

    async def _follow(self) -> None:
        """What needs a runner that has recovered is started when it has."""
        while not self.runner.status().ready:
            await asyncio.sleep(0.01)
        if isinstance(self.clock, ManualClock | SpedClock):
            self.clock.advance_to(max(self.runner.status().advanced_to, self.clock.now()))
        own = [("outbox", self.office.open, self.office.close), ("refresh", self.refreshes.start, self.refreshes.stop)]
        own.append(("sources", self.sources.start, self.sources.stop))
        own.append(("quality", self.watch.start, self.watch.stop))
        own.append(("drift", self.drift.start, self.drift.stop))
        last = [("privacy", self.erasures.start, self.erasures.stop)]
        for name, start, stop in (*own, *self._defined.followers(self), *last):
            self.stops(name, stop)
            await asyncio.to_thread(start)
        _log.info("ready", extra={"told": {"sequence": self.runner.status().sequence}})

    async def _keep(self) -> None:
        """Keys that others made are known within a second; now and then the house is swept."""
        swept = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await asyncio.to_thread(self.keys.refresh)
                if time.monotonic() - swept > KEEP_S:
                    swept = time.monotonic()
                    await asyncio.to_thread(self.keys.flush)
            except CoterieError as error:
                _log.warning("housekeeping: %s", error)

    def close_soon(self) -> None:
        """Streams end, and ``/readyz`` says that the server is going away."""
        self.closing = True
        self.desk.close_soon()

    async def stop(self, timeout_s: float) -> None:
        """Everything accepted is committed, landed and in a snapshot, as far as ``timeout_s`` allows; every part is stopped."""
        self.close_soon()
        for task in self._tasks:
            task.cancel()
        for name, stop in (*reversed(self._stops), ("runner", lambda: self.runner.stop(timeout_s))):
            try:
                await asyncio.to_thread(stop)
            except CoterieError as error:
                _log.error("%s did not stop cleanly: %s", name, error)
        await asyncio.to_thread(self.journal.close)
        await asyncio.to_thread(self.desk.close)
        self.access.close()
        _log.info("stopped")

    def look(self) -> Readiness:
        """Return whether questions can be answered, and if not why. Cost: no I/O."""
        return readiness(
            self.runner.status(),
            accepts=True,
            closing=self.closing,
            mended=(*self.journal.told, *self.sources.warnings()),
        )


def _options(settings: Settings) -> Options:
    """Return how tracking calls are read in this project."""
    collect, privacy = settings.collect, settings.privacy
    return Options(
        keep_ip=collect.keep_ip,
        keep_user_agent=collect.keep_user_agent,
        tcf=tuple(privacy.tcf.items()),
        gpc=privacy.gpc,
    )
