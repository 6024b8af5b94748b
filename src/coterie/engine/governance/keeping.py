"""The catalogue kept for a while, since it is read page by page and costs a pass over the log."""

from __future__ import annotations

import threading
import time

from coterie.engine.governance.catalogue import catalogue_of
from coterie.engine.project import Project
from coterie.governance.catalogue import Catalogue

KEPT_S = 60.0
"""Seconds that a catalogue is good for."""
COSTS = 20.0
"""Where it took long, it is good for so many times as long: at most a twentieth of one core goes into it."""


class Catalogues:
    """The newest catalogue of a project. Safe for several threads: one makes it, the others wait for it."""

    def __init__(self, project: Project) -> None:
        self._project, self._lock = project, threading.Lock()
        self._newest: Catalogue | None = None
        self._good_until = 0.0

    def read(self, is_new: bool = False) -> Catalogue:
        """Return the newest catalogue; one that was made just now if ``is_new``. Raises: InvalidDefinition."""
        with self._lock:
            began = time.monotonic()
            if self._newest is None or is_new or began >= self._good_until:
                self._newest = catalogue_of(self._project)
                ended = time.monotonic()
                self._good_until = ended + max(KEPT_S, COSTS * (ended - began))
            return self._newest
