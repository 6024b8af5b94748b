"""One source of a server: a thread that reads it, maps its rows, and lets go of them once the journal has them."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from msgspec import structs

from coterie.clock import Clock
from coterie.connectors.sources import definitions, delivery
from coterie.connectors.sources.definitions import Definition
from coterie.connectors.sources.delivery import Delivery
from coterie.connectors.sources.failures import RateLimited
from coterie.connectors.sources.source import Page, Source
from coterie.engine.outbox.backoff import pause_us
from coterie.engine.project import Project
from coterie.engine.sourcing.health import SourceHealth
from coterie.engine.sourcing.mapper import Mapped, Mapper
from coterie.engine.sourcing.sources import row_keys
from coterie.errors import CoterieError, Overloaded, Transient
from coterie.identity.rules import rules_of
from coterie.limits import SECOND_US

_log = logging.getLogger("coterie.sources")
WAIT_S = 0.5
"""How long a thread that waits for the runner sleeps at most before it looks whether it is to stop."""
FIRST_US, LONGEST_US = 1 * SECOND_US, 300 * SECOND_US
"""Pauses after failures that may pass begin below the one and end below the other."""
STOP_S = 30.0


class Journal(Protocol):
    """Where deliveries go."""

    @property
    def head(self) -> int: ...
    def append_now(self, route: str, source: str, body: bytes) -> int: ...


class Follower:
    """Reads one source over and over: all the time, on its schedule, or when asked. ``start`` and ``stop`` once each.

    ``caught_up(position, timeout_s)``: whether the effects of that journal entry are committed.
    """

    def __init__(
        self,
        definition: Definition,
        project: Project,
        journal: Journal,
        clock: Clock,
        caught_up: Callable[[int, float], bool],
        position: dict[str, Any],
    ) -> None:
        self.definition, self._project, self._journal, self._clock = definition, project, journal, clock
        self._caught_up, self._position = caught_up, position
        self._limits = project.settings.limits
        rules, kept = rules_of(project.settings.identity), row_keys(project, definition.name)
        self._mapper = Mapper(definition, rules, limits=self._limits, kept=kept)
        self._rng = Random()
        self._stopping, self._asked = threading.Event(), threading.Event()
        self._health = SourceHealth(name=definition.name, kind=definition.kind.word, phase="waiting")
        self._thread = threading.Thread(target=self._run, name=f"source-{definition.name}", daemon=True)

    def start(self) -> None:
        """It is read from now on."""
        self._thread.start()

    def ask(self) -> None:
        """It is read now, also when it failed or its time has not come."""
        self._asked.set()

    def stop(self) -> None:
        """The thread has ended; what was read and not kept is read again next time."""
        self._stopping.set()
        self._asked.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def health(self) -> SourceHealth:
        """Return how it is. Cost: no I/O."""
        found = self._health
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stopping.is_set():
            return structs.replace(
                found, phase="failed", error=found.error or "it stopped unexpectedly: see the log of the server"
            )
        return found

    # ── on its thread ────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        by_hand = not self.definition.every_us and not self.definition.kind.continuous
        if by_hand and not self._rest(None):
            return
        going = True
        while going:
            self._asked.clear()
            if self._stopping.is_set():  # looked at after clear: stop says that first, and then wakes whoever waits
                return
            going = self._rest(self._read())

    def _rest(self, pause: int | None) -> bool:
        """Return whether to go on after that pause, ``None``: after being asked."""
        self._tell(next_at=0 if pause is None else self._clock.now() + pause)
        if pause is None:
            self._asked.wait()
        else:
            self._asked.wait(pause / SECOND_US)
        return not self._stopping.is_set()

    def _read(self) -> int | None:
        """Return how long to wait after one reading, ``None``: until asked."""
        self._tell(phase="reading", done=0.0, next_at=0)
        try:
            source = definitions.open_source(self.definition, self._project.root, os.environ, self._limits)
            try:
                self._follow(source)
            finally:
                source.close()
        except CoterieError as error:
            return self._failed(error)
        self._tell(phase="waiting", error="", error_kind="", retries=0, read_at=self._clock.now(), done=1.0)
        if self.definition.kind.continuous:
            return SECOND_US
        return self.definition.every_us or None

    def _failed(self, error: CoterieError) -> int | None:
        """Tell of a failure; return the pause after it, ``None`` when a later try cannot help."""
        retries = self._health.retries + 1
        told = str(error)
        log = _log.warning if told != self._health.error else _log.debug
        log("source %s: %s", self.definition.name, told)
        phase = "resting" if error.retry else "failed"
        self._tell(phase=phase, error=told, error_kind=type(error).__name__, retries=retries)
        if not error.retry:
            return None
        pause = pause_us(retries, FIRST_US, LONGEST_US, self._rng)
        return max(pause, int(error.retry_after_s * SECOND_US)) if isinstance(error, RateLimited) else pause

    def _follow(self, source: Source) -> None:
        """What the source has is in the journal, page by page, and acknowledged."""
        for page in source.read(self._position):
            if self._stopping.is_set():
                return
            mapped = self._mapper.map(page.chunk, page.place, self._clock.now(), page.scope)
            if (mapped.rows or page.position != self._position) and not self._keep(page, mapped):
                return
            source.acknowledge(page.position)
            health = self._health
            self._tell(
                place=page.place, done=page.done, rows=health.rows + mapped.rows, skipped=health.skipped + mapped.skipped,
                events=health.events + len(mapped.events), refused=health.refused + len(mapped.refused),
                error="", error_kind="", retries=0, **({"read_at": self._clock.now()} if source.continuous else {}),
            )  # fmt: skip

    def _keep(self, page: Page, mapped: Mapped) -> bool:
        """Return whether the page is durable; not when the server stops before it could be kept."""
        position = dict(page.position)
        told = Delivery(source=self.definition.name, position=position, events=mapped.events, refused=mapped.refused)
        body = delivery.pack(told)
        while self._has_room():
            try:
                self._journal.append_now(delivery.ROUTE, self.definition.label, body)
            except Overloaded as error:
                self._stopping.wait(error.retry_after_s)
            except Transient as error:
                self._tell(error=str(error), error_kind=type(error).__name__)
                self._stopping.wait(WAIT_S)
            else:
                self._position = position
                return True
        return False

    def _has_room(self) -> bool:
        """Return ``True`` once the runner is near enough to the journal's end, ``False`` when the server stops before."""
        behind = self._journal.head - self._limits.source_entries_ahead_max
        while not self._stopping.is_set():
            if behind <= 0 or self._caught_up(behind, WAIT_S):
                return not self._stopping.is_set()
        return False

    def _tell(self, **changed: Any) -> None:
        self._health = structs.replace(self._health, **changed)
