"""Triggers at work: they decide beside the runner, a courier delivers, and both are renewed when the definitions change."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from coterie.clock import Clock
from coterie.engine import definitions
from coterie.engine.outbox.checks import Checks
from coterie.engine.outbox.content import contents, flaws
from coterie.engine.outbox.courier import Courier
from coterie.engine.outbox.health import Condition, Health
from coterie.engine.outbox.loading import Loaded, load
from coterie.engine.outbox.reactions import Reactions
from coterie.engine.project import Project
from coterie.engine.running.people import CommittedPeople
from coterie.engine.running.runner import Runner
from coterie.errors import InvalidDefinition
from coterie.limits import Limits
from coterie.model import Identifier, Value
from coterie.storage.state.database import Connection
from coterie.storage.state.outbox import Outbox
from coterie.triggers import parse
from coterie.triggers.definition import Trigger
from coterie.triggers.step import Triggers
from coterie.web.metrics import Value as Figure

GRACE_S = 10.0
"""Seconds that deliveries under way may take when the courier stops."""


class Office:
    """The triggers of a project, its destinations, and the courier between them. ``runner`` is set before ``open``.

    Raises: InvalidDefinition with every problem of triggers, destinations and templates.
    """

    def __init__(self, project: Project, clock: Clock, limits: Limits) -> None:
        self._project, self._clock, self._limits = project, clock, limits
        self._changing = threading.Lock()
        self._loaded = self._load()
        self.triggers = Triggers(self._loaded.triggers, project.settings.time_zone)
        self.reactions = Reactions(self.triggers, self.wake)
        self.runner: Runner
        self._courier: Courier | None = None

    def _load(self) -> Loaded:
        return load(self._project.root, self._segments(), os.environ)

    def _segments(self) -> set[str]:
        return {one.key for one in definitions.in_use(self._project)}

    # ── the courier ──────────────────────────────────────────────────────────────────────────────────────────

    def open(self) -> None:
        """Deliveries are made. The runner must be ready."""
        people = Committed(self.runner)
        checks = Checks(self.triggers, self._loaded.contents, people, self._history)
        self._courier = Courier(
            self._connect, self._loaded.destinations, checks, clock=self._clock, limits=self._limits
        )
        self._courier.start()

    def close(self) -> None:
        """Nothing is being delivered; what is left is in the outbox."""
        courier, self._courier = self._courier, None
        if courier is not None:
            courier.stop(GRACE_S)

    def wake(self) -> None:
        """The courier looks at once whether something is due. From any thread."""
        courier = self._courier
        if courier is not None:
            courier.wake()

    def health(self) -> Mapping[str, Health]:
        """Return how each destination is doing."""
        courier = self._courier
        return {} if courier is None else courier.health()

    def _connect(self) -> Connection:
        return self.runner.database.connect()

    def _history(self, profiles: Sequence[str]) -> Iterable[pa.Table]:
        return self.runner.log.of_profiles(list(profiles))

    # ── definitions ──────────────────────────────────────────────────────────────────────────────────────────

    def check(self, trigger: Trigger) -> None:
        """The trigger could be in force. Raises: InvalidDefinition with everything that is wrong with it."""
        destinations = self._loaded.destinations
        problems = parse.strangers([trigger], self._segments(), destinations)
        if not problems:
            told = contents([trigger], self._project.root / "templates")
            problems = flaws([trigger], told, {key: one for key, (one, _) in destinations.items()})
        if problems:
            raise InvalidDefinition(problems)

    def check_folder(self) -> None:
        """Triggers and destinations on disk fit the segments on disk. Raises: InvalidDefinition with every problem."""
        load(self._project.root, {one.key for one in definitions.on_disk(self._project)}, os.environ)

    def reload(self) -> None:
        """What lies in the project's folder is in force; a new trigger is on from now. Raises: InvalidDefinition; nothing changed then."""
        with self._changing:
            loaded = self._load()
            triggers = Triggers(loaded.triggers, self._project.settings.time_zone)
            self.close()
            self._loaded, self.triggers = loaded, triggers
            self.runner.change_triggers(triggers)
            self.open()

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """Yield this thread's connection to the committed state, for short questions and writes of outbox and runs."""
        yield self.runner.database.reader()

    # ── figures ──────────────────────────────────────────────────────────────────────────────────────────────

    def figures(self) -> Mapping[str, Figure]:
        """Return messages by state, deliveries by result and health by destination, for ``/metrics``."""
        states: Counter[tuple[str, ...]] = Counter()
        with self.opened() as connection:
            for (_, _, state), count in Outbox(connection).counts().items():
                states[(state,)] += count
        health = self.health()
        results = ("sent", "failed", "dead", "cancelled")
        return {
            "coterie_outbox": {key: float(count) for key, count in states.items()},
            "coterie_deliveries_total": {
                (key, word): getattr(one, word) for key, one in health.items() for word in results
            },
            "coterie_destination_healthy": {
                (key,): float(one.condition == Condition.HEALTHY) for key, one in health.items()
            },
        }


class Committed:
    """People as committed, for any thread: ``triggers.people.People`` on that thread's own connection."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def _people(self) -> CommittedPeople:
        return CommittedPeople(self._runner.database.reader(), self._runner.identities)

    def canonical(self, profile: str) -> str:
        """Return the profile that ``profile`` belongs to."""
        return self._people().canonical(profile)

    def known_as(self, profile: str) -> Sequence[str]:
        """Return every id of a canonical profile."""
        return self._people().known_as(profile)

    def traits(self, profile: str) -> Mapping[str, Value]:
        """Return the traits of a canonical profile that have a value."""
        return self._people().traits(profile)

    def identifiers(self, profile: str) -> Sequence[Identifier]:
        """Return the identifiers of a canonical profile."""
        return self._people().identifiers(profile)

    def segments(self, profile: str) -> Collection[str]:
        """Return the keys of the segments that a canonical profile is in."""
        return self._people().segments(profile)
