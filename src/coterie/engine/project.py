"""A project folder: its settings, its log, and the stores beside it. ``definitions`` reads its segments."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from coterie.clock import Clock, SystemClock
from coterie.errors import NotFound
from coterie.settings import FILE, Settings
from coterie.storage.applied import AppliedStore
from coterie.storage.changes import ChangeStore
from coterie.storage.events import EventStore
from coterie.storage.lake.place import Place, local_place, place_of
from coterie.storage.lake.typed import TYPES
from coterie.storage.lists import ListStore
from coterie.storage.mirrors import SCHEMAS, Mirror
from coterie.storage.project_file import load_settings
from coterie.storage.quarantine import QuarantineStore
from coterie.storage.thresholds import ThresholdStore

HIDDEN = ".coterie"
"""Folder of everything that commands keep: the log, quarantine, applies, changes, copies of lists."""


def folder_of(start: str | Path) -> Path:
    """Return ``start`` or the nearest folder above it that is a project. Raises: NotFound."""
    here = Path(start).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise NotFound(f"no project in {here} or above it", hint="make one: coterie init DIR, or name it: --project DIR")


class Project:
    """The project in ``root``. Opening it reads the settings only; everything else is read when asked for."""

    def __init__(self, root: str | Path, clock: Clock | None = None, settings: Settings | None = None) -> None:
        self.root = Path(root)
        self.settings: Settings = settings or load_settings(self.root, os.environ)
        self._clock = clock or SystemClock()

    @classmethod
    def find(cls, start: str | Path = ".", clock: Clock | None = None) -> Project:
        """Return the project in ``start`` or in the nearest folder above it. Raises: NotFound."""
        return cls(folder_of(start), clock)

    # ── what it keeps ────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def lake(self) -> Place:
        """Where the Delta tables are: the setting ``lake.url``, or the hidden folder. Raises: InvalidDefinition."""
        kept, settings = self.root / HIDDEN, self.settings.lake
        return place_of(settings.url, settings.options, os.environ, kept) if settings.url else local_place(kept)

    def event_store(self) -> EventStore:
        """Return the log by a handle of its own, for another thread."""
        settings = self.settings.lake
        columns = {key: TYPES[kind] for key, kind in settings.columns.items()}
        return EventStore(
            self.lake.child("events"), self.settings.limits, columns=columns, span_rows=settings.span_rows
        )

    @cached_property
    def events(self) -> EventStore:
        return self.event_store()

    @cached_property
    def quarantine(self) -> QuarantineStore:
        return QuarantineStore(self.lake.child("quarantine"))

    @cached_property
    def changes(self) -> ChangeStore:
        return ChangeStore(self.lake.child("changes"))

    @cached_property
    def mirrors(self) -> dict[str, Mirror]:
        """Tables that repeat the committed state for other tools: ``profiles``, ``identities``, ``triggers``."""
        return {name: Mirror(self.lake.child(name), name) for name in SCHEMAS}

    def tables(self) -> dict[str, EventStore | ChangeStore | QuarantineStore | Mirror]:
        """Return every Delta table of the project by its name."""
        return {"events": self.events, "changes": self.changes, "quarantine": self.quarantine, **self.mirrors}

    @cached_property
    def applied(self) -> AppliedStore:
        return AppliedStore(self.root / HIDDEN / "applies")

    @cached_property
    def lists(self) -> ListStore:
        return ListStore(self.root / "lists", self.root / HIDDEN / "lists")

    @cached_property
    def thresholds(self) -> ThresholdStore:
        return ThresholdStore(self.root / "thresholds")

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────

    def wall(self) -> int:
        """Return the wall clock's instant."""
        return self._clock.now()

    def present(self) -> int:
        """Return the instant that "now" means here: the end of the log, or the wall clock (also while the log is empty)."""
        end = self.events.extent().last_received_at
        return self._clock.now() if self.settings.present == "clock" or not end else end

    def next_instant(self) -> int:
        """Return the present, or the first instant after the last arrival: where a command may write to the log.

        What was written before stays before, so the latest word of two about one trait is the later one.
        """
        return max(self.present(), self.events.extent().last_received_at + 1)
