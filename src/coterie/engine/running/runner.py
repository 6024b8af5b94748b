"""The one thread that turns the journal into the log, changes and committed state; and every question about that state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import pyarrow as pa
from msgspec import Struct

from coterie.clock import Clock
from coterie.engine.project import Project
from coterie.engine.running.answers import (
    ChangeRow,
    Member,
    Page,
    ProfileState,
    Status,
    Tallies,
)
from coterie.limits import DEFAULT, Limits

T = TypeVar("T")


class Amendment(Struct, frozen=True, kw_only=True):
    """What work between two steps asks to be committed with it: tables of changes (without sequence), in order."""

    result: Any = None
    changes: Sequence[pa.Table] = ()
    snapshot: bool = False
    """Take a snapshot right after the commit."""


class Runner:
    """Owns the state of a project while it serves. ``start`` returns at once; recovery happens on the runner's thread."""

    def __init__(
        self,
        project: Project,
        journal: Any,
        *,
        clock: Clock,
        limits: Limits = DEFAULT,
        identities_rules: Any = None,
        triggers: Any = None,
        options: Any = None,
    ) -> None:
        self.project = project
        self.journal = journal
        self.clock = clock
        self.limits = limits

    def start(self) -> None:
        """The runner's thread runs: it recovers, then follows the journal. Raises: Locked when another process serves the project."""
        raise RuntimeError("the runner is being built")

    def stop(self, timeout_s: float = 30.0) -> None:
        """Everything that was read from the journal is committed, a snapshot is written, the thread has ended. Waits at most ``timeout_s``."""

    # ── questions, from any thread ───────────────────────────────────────────────────────────────────────────

    def status(self) -> Status:
        """Return where the runner is. Cost: no I/O."""
        raise RuntimeError("the runner is being built")

    def tallies(self) -> Tallies:
        """Return the numbers for metrics. Cost: no I/O."""
        raise RuntimeError("the runner is being built")

    async def reached(self, journal_position: int, timeout_s: float) -> bool:
        """Return whether the effects of that journal entry are committed, after waiting for it at most ``timeout_s``."""
        raise RuntimeError("the runner is being built")

    async def changed(self, after: int, timeout_s: float) -> bool:
        """Return whether there are changes beyond sequence ``after``, after waiting for one at most ``timeout_s``."""
        raise RuntimeError("the runner is being built")

    def find(self, text: str) -> str | None:
        """Return the person whom a profile id or ``kind:value`` belongs to now, ``None`` if nobody is known by it."""
        raise RuntimeError("the runner is being built")

    def profile(self, profile: str) -> ProfileState | None:
        """Return the person that an id belongs to, ``None`` if unknown. Cost: below 100 µs."""
        raise RuntimeError("the runner is being built")

    def outlook(self, profile: str) -> dict[str, int | None]:
        """Return per segment when the person's membership changes if nothing arrives; waits for the step under way."""
        raise RuntimeError("the runner is being built")

    def members(self, key: str, after: str = "", limit: int = 100) -> Page[Member]:
        """Return members of a segment by profile id, those after ``after``. Raises: NotFound."""
        raise RuntimeError("the runner is being built")

    def counts(self) -> dict[str, int]:
        """Return how many members each segment has."""
        raise RuntimeError("the runner is being built")

    def changes(self, after: int = 0, limit: int = 1000, segment: str = "", profile: str = "") -> Page[ChangeRow]:
        """Return changes in order, those beyond sequence ``after``, of one segment or profile if named."""
        raise RuntimeError("the runner is being built")

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────────────

    def put(self, facts: Sequence[dict[str, Any]]) -> int:
        """Append facts ({id, name, profile, properties}) to the journal, and return their position; wait with ``reached``."""
        raise RuntimeError("the runner is being built")

    def between(self, work: Callable[[Any], Amendment | T]) -> Future[T]:
        """``work(state)`` runs on the runner's thread between two steps. If it returns an ``Amendment``, that is committed
        at once, alone, and its ``result`` is the future's. ``state`` (``running.state.State``) may be changed in there only."""
        raise RuntimeError("the runner is being built")

    def history(self, after: int = 0, until: int | None = None, rows_max: int = 500_000) -> Iterator[pa.Table]:
        """Yield the committed log in order as tables of log columns, rows ``after`` ≤ position < ``until``, landed or not."""
        raise RuntimeError("the runner is being built")

    def land(self) -> int:
        """Every row committed so far is in the Delta tables; return the number of rows of the log there."""
        raise RuntimeError("the runner is being built")

    def snapshot(self) -> int:
        """A snapshot of the present state is on disk; return the log position at which it stands."""
        raise RuntimeError("the runner is being built")

    def refuse_writes(self) -> None:
        """Nothing: a held project refuses writes of the command line by its lock file."""
