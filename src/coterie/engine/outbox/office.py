"""The triggers of a served project as one: what decides, what delivers, and both made anew when a definition changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from coterie.clock import Clock
from coterie.engine import definitions
from coterie.engine.outbox.checks import Checks
from coterie.engine.outbox.content import contents, flaws
from coterie.engine.outbox.courier import Courier
from coterie.engine.outbox.health import Health
from coterie.engine.outbox.loading import Loaded, load
from coterie.engine.outbox.reactions import Reactions
from coterie.engine.project import Project
from coterie.engine.running.following import Amendment
from coterie.engine.running.people import CommittedPeople
from coterie.engine.running.reacting import Reacting
from coterie.engine.running.runner import Runner
from coterie.engine.running.state import State
from coterie.errors import InvalidDefinition
from coterie.limits import DEFAULT, Limits
from coterie.model import Identifier, Value
from coterie.triggers import parse
from coterie.triggers.definition import Trigger
from coterie.triggers.step import Triggers

WAIT_S = 30.0


class Office:
    """Triggers and deliveries of one project. Give ``reactions`` to the runner, then ``start`` with it. Raises: InvalidDefinition."""

    def __init__(
        self, project: Project, environment: Mapping[str, str], *, clock: Clock, limits: Limits = DEFAULT
    ) -> None:
        self._project, self._environment, self._clock, self._limits = project, environment, clock, limits
        self._loaded = self._load()
        self.reactions = Reactions(self._triggers_of(self._loaded), self.wake)
        self._runner: Runner | None = None
        self._courier: Courier | None = None

    @property
    def triggers(self) -> Triggers:
        """Return the triggers in force."""
        return self.reactions.triggers

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, runner: Runner) -> None:
        """What is due is delivered. The runner is ready."""
        self._runner = runner
        self._courier = self._opened_courier(self._loaded)
        self._courier.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Nothing is delivered any more; what was under way had ``timeout_s`` to end, and else stays in the outbox."""
        courier, self._courier = self._courier, None
        if courier is not None:
            courier.stop(timeout_s)

    def wake(self) -> None:
        """It is looked at once whether something is due. From any thread."""
        courier = self._courier
        if courier is not None:
            courier.wake()

    def health(self) -> dict[str, Health]:
        """Return how each destination is doing."""
        courier = self._courier
        return {} if courier is None else courier.health()

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Yield this thread's connection to the outbox and the runs."""
        yield self._started().database.reader()

    # ── definitions ──────────────────────────────────────────────────────────────────────────────────────────

    def check(self, trigger: Trigger) -> None:
        """A trigger could be put into force as it is. Raises: InvalidDefinition with every problem."""
        loaded = self._loaded
        keys = [one.key for one in definitions.in_use(self._project)]
        problems = parse.strangers([trigger], keys, loaded.destinations)
        told = contents([trigger], self._project.root / "templates")
        problems += flaws([trigger], told, {key: one for key, (one, _) in loaded.destinations.items()})
        if problems:
            raise InvalidDefinition(problems)

    def reload(self) -> None:
        """The files of triggers, templates and destinations as they are now are in force. Raises: InvalidDefinition; then nothing changed.

        A new trigger is on from now; members that it asks for are met once. What is under way is delivered first, or later again.
        """
        loaded = self._load()
        before, after = self.reactions.triggers, self._triggers_of(loaded)

        def swap(state: State) -> Amendment:
            self.reactions.triggers = after
            return Amendment(write=lambda connection: Reacting(self.reactions).start(connection, state))

        try:
            self._started().between(swap).result(WAIT_S)
        except BaseException:
            self.reactions.triggers = before
            raise
        self._loaded = loaded
        self.stop()
        self._courier = self._opened_courier(loaded)
        self._courier.start()
        self.wake()

    def _load(self) -> Loaded:
        keys = [one.key for one in definitions.in_use(self._project)]
        return load(self._project.root, keys, self._environment)

    def _triggers_of(self, loaded: Loaded) -> Triggers:
        return Triggers(loaded.triggers, self._project.settings.time_zone)

    def _opened_courier(self, loaded: Loaded) -> Courier:
        runner = self._started()
        checks = Checks(self.triggers, loaded.contents, PresentPeople(runner), runner.log.of_profiles)
        return Courier(runner.database.reader, loaded.destinations, checks, clock=self._clock, limits=self._limits)

    def _started(self) -> Runner:
        assert self._runner is not None, "start comes first"
        return self._runner


class PresentPeople:
    """Implements ``triggers.people.People`` over what is committed, for any thread."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def _now(self) -> CommittedPeople:
        return CommittedPeople(self._runner.database.reader(), self._runner.identities)

    def canonical(self, profile: str) -> str:
        """Return the profile that ``profile`` belongs to."""
        return self._now().canonical(profile)

    def known_as(self, profile: str) -> Sequence[str]:
        """Return every profile id that belongs to a canonical profile."""
        return self._now().known_as(profile)

    def traits(self, profile: str) -> Mapping[str, Value]:
        """Return the traits of a canonical profile that have a value."""
        return self._now().traits(profile)

    def identifiers(self, profile: str) -> Sequence[Identifier]:
        """Return the identifiers of a canonical profile."""
        return self._now().identifiers(profile)

    def segments(self, profile: str) -> Collection[str]:
        """Return the keys of the segments that a canonical profile is in."""
        return self._now().segments(profile)
