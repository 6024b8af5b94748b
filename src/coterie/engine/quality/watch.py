"""The checks beside a server: on a schedule of their own, never on the path of an event."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from msgspec import Struct, structs

from coterie.clock import Clock
from coterie.connectors.sources.definitions import Definition
from coterie.engine.project import Project
from coterie.engine.quality.run import Report, book_of, run
from coterie.engine.quality.running import owners_of, post
from coterie.engine.reconciling.reconcile import keep, reconcile_source
from coterie.engine.running.runner import Runner
from coterie.errors import CoterieError
from coterie.limits import HOUR_US, SECOND_US
from coterie.storage.duck import FAULTS

_log = logging.getLogger("coterie.quality")
FIRST_S = 20.0
"""Seconds after the start at which the first run begins."""
OPEN_DAYS = 7
"""Findings of so many days count as open in the figures."""


class WatchHealth(Struct, frozen=True, kw_only=True):
    """How the watch is doing."""

    running: bool
    last_at: int
    """When the last run began, in µs; 0 before the first."""
    seconds: float
    runs: int
    error: str
    """Why the last run failed, empty when it did not."""
    findings: dict[str, int]
    """Severity → open findings of the last week."""


class Watch:
    """One thread. ``wake`` is called when messages are in the outbox; ``sources`` tells what is to be reconciled."""

    def __init__(
        self,
        project: Project,
        runner: Runner,
        clock: Clock,
        *,
        wake: Callable[[], None],
        sources: Callable[[], Iterable[Definition]] = tuple,
    ) -> None:
        self._project, self._runner, self._clock = project, runner, clock
        self._wake, self._sources = wake, sources
        self._settings = project.settings.quality
        self._alone = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="coterie-quality", daemon=True)
        self._reconciled_at = 0
        self._health = WatchHealth(running=False, last_at=0, seconds=0.0, runs=0, error="", findings={})

    def start(self) -> None:
        """The checks run every ``quality.every_s`` seconds; never, when that is 0."""
        if self._settings.every_s:
            self._thread.start()

    def stop(self) -> None:
        """No check is running."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(60.0)

    def health(self) -> WatchHealth:
        """Return how the last run went. Cost: no I/O."""
        return self._health

    def _follow(self) -> None:
        wait = min(FIRST_S, self._settings.every_s)
        while not self._stop.wait(wait):
            began = time.monotonic()
            try:
                self.run()
                self._reconcile()
            except (CoterieError, OSError, ValueError, *FAULTS) as error:
                _log.warning("the checks failed and will be tried again: %s", error)
                self._tell(error=str(error))
            wait = max(1.0, self._settings.every_s - (time.monotonic() - began))

    def run(self) -> Report:
        """Return what a run finds now; new findings are told. Runs wait for each other. Raises: InvalidDefinition, Transient."""
        with self._alone:
            self._tell(running=True)
            try:
                self._runner.land()
                at = max(self._clock.now(), self._runner.status().advanced_to)
                report = run(
                    self._project, at, owners=owners_of(self._project), threads=1,
                    state=self._runner.database.reader(), slack_us=0,
                )  # fmt: skip
                self._post(at)
                self._count(report)
            finally:
                self._tell(running=False)
            return report

    def _post(self, at: int) -> None:
        """Those who are to be told of what was found are being told."""
        with self._runner.database.transaction(aside=True) as connection:
            made = post(self._project, connection, at, at)
        if made:
            self._wake()

    def _count(self, report: Report) -> None:
        today = report.at // (24 * HOUR_US)
        kept = book_of(self._project).findings(today - OPEN_DAYS)
        open_ = Counter(str(one.finding.severity) for one in kept if not one.accepted_at)
        self._tell(
            last_at=report.at, seconds=report.seconds, runs=self._health.runs + 1, error="", findings=dict(open_)
        )

    def _reconcile(self) -> None:
        """Every source that can be read again is compared with the log, if it is time."""
        now = self._clock.now()
        if not self._settings.reconcile_hours or now - self._reconciled_at < self._settings.reconcile_hours * HOUR_US:
            return
        self._reconciled_at = now
        for one in self._sources():
            if self._stop.is_set() or one.kind.pushed or one.kind.continuous or not one.enabled:
                continue
            try:
                keep(self._project, reconcile_source(self._project, one, now))
            except CoterieError as error:
                _log.warning("%s could not be reconciled: %s", one.name, error)
        self._post(now)

    def _tell(self, **changed: object) -> None:
        self._health = structs.replace(self._health, **changed)

    def age_s(self) -> float:
        """Return the seconds since the last run, 0 before the first."""
        return max(0.0, (self._clock.now() - self._health.last_at) / SECOND_US) if self._health.last_at else 0.0
