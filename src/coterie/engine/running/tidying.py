"""The Delta tables are tidied beside everything else: small files become large ones, old ones go, people are written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from coterie.engine.project import Project
from coterie.engine.running.mirroring import mirror
from coterie.errors import CoterieError
from coterie.storage.state.database import StateDatabase

LOOK_S = 1.0
VACUUM_S = 3600.0
"""Seconds between two looks for files that nobody needs."""


class Tidying:
    """One thread of its own. Landings, readers and the runner go on meanwhile; what fails is told and tried again."""

    def __init__(self, project: Project, database: StateDatabase, told: Callable[[str], None]) -> None:
        self._own = Project(project.root, settings=project.settings)
        self._database, self._told = database, told
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidying", daemon=True)
        self._people_clock = self._vacuum_clock = time.monotonic()

    def start(self) -> None:
        """The thread runs."""
        self._thread.start()

    def wake(self) -> None:
        """Something was landed: there may be something to do."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """The thread has ended, or ends with the process: nothing depends on what it was doing."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._wake.wait(LOOK_S):
                self._wake.clear()
                self._attempt("compaction", lambda: compact(self._own))
            if self._is_due(self._people_clock, self._own.settings.lake.people_s):
                self._people_clock = time.monotonic()
                self._attempt("writing the tables of people", lambda: mirror(self._own, self._database))
            if self._is_due(self._vacuum_clock, VACUUM_S):
                self._vacuum_clock = time.monotonic()
                self._attempt("removing old files", lambda: vacuum(self._own, self._own.settings.lake.kept_hours))

    def _is_due(self, since: float, seconds: float) -> bool:
        return not self._stop.is_set() and time.monotonic() - since >= seconds

    def _attempt(self, what: str, work: Callable[[], Any]) -> None:
        try:
            work()
        except (CoterieError, OSError, ValueError) as error:
            self._told(f"{what} failed and will be tried again: {error}")


def compact(project: Project, *, everything: bool = False) -> dict[str, Any]:
    """Every table of the project has few files; return what became of each."""
    return {name: table.compact(everything=everything) for name, table in project.tables().items()}


def vacuum(project: Project, hours: float) -> dict[str, dict[str, int]]:
    """Files of the tables that no version needs, older than ``hours``, are gone; return them with their sizes."""
    return {name: table.vacuum(hours) for name, table in project.tables().items()}
