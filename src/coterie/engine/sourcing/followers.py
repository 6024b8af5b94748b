"""All sources of a server: started when the runner is ready, asked, read anew, read from their beginning."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from coterie.clock import Clock
from coterie.connectors.sources.definitions import Definition
from coterie.engine.project import Project
from coterie.engine.running.runner import Runner
from coterie.engine.sourcing.follower import WAIT_S, Follower, Journal
from coterie.engine.sourcing.health import Phase, SourceHealth
from coterie.engine.sourcing.sources import row_keys, sources_of
from coterie.errors import Conflict, NotFound, TimedOut, nearest
from coterie.storage.state import sources
from coterie.storage.state.sources import Reading

START_S = 600.0
"""How long a start waits for the runner to take in what earlier readings left in the journal."""


class Followers:
    """The sources of a project that is served. Called from any thread.

    ``pushed`` is told the sources when their files were read anew: those that are sent to us are its business.
    """

    def __init__(
        self,
        project: Project,
        runner: Runner,
        journal: Journal,
        clock: Clock,
        defined: Mapping[str, Definition],
        *,
        pushed: Callable[[Mapping[str, Definition]], None] = lambda defined: None,
    ) -> None:
        self._pushed = pushed
        self._project, self._runner, self._journal, self._clock = project, runner, journal, clock
        self.definitions = dict(defined)
        self._followers: dict[str, Follower] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Every source that is read here is being read, from where the committed state says."""
        with self._lock:
            self._begin(self.definitions)

    def stop(self) -> None:
        """No source is read."""
        self._stopping.set()
        with self._lock:
            self._end(self._followers)

    def health(self) -> list[SourceHealth]:
        """Return how each source is, by name. Cost: no I/O."""
        return [self._health_of(name) for name in sorted(self.definitions)]

    def warnings(self) -> list[str]:
        """Return a sentence for every source that is not read as it should be."""
        return [
            f"source {one.name} {'failed' if one.phase == 'failed' else 'is tried again'}: {_first(one.error)}"
            for one in self.health()
            if one.error
        ]

    def readings(self) -> dict[str, Reading]:
        """Return how far each source has been read, as committed."""
        with self._runner.database.snapshot() as connection:
            return sources.read(connection)

    def ask(self, name: str) -> SourceHealth:
        """The source is read now. Raises: NotFound; Conflict for one that is off, or sent to us."""
        definition = self.named(name)
        follower = self._followers.get(name)
        if follower is None:
            told = "is sent to us" if definition.kind.pushed else "is off: enabled: false"
            raise Conflict(f"source {name} {told}")
        follower.ask()
        return self._health_of(name)

    def reset(self, name: str) -> SourceHealth:
        """The source is read from its beginning: what it brought stays, under its ids. Raises: NotFound."""
        self.named(name)
        with self._lock:
            followed = {name: self._followers[name]} if name in self._followers else {}
            self._end(followed)
            self._settle()
            with self._runner.database.transaction(aside=True) as connection:
                sources.forget(connection, name)
            row_keys(self._project, name).forget()
            self._begin({name: self.definitions[name]})
        return self._health_of(name)

    def reload(self) -> list[SourceHealth]:
        """The files in ``sources/`` are in force. Raises: InvalidDefinition, and nothing changed then."""
        found = sources_of(self._project)
        self._pushed(found)
        with self._lock:
            self._end(dict(self._followers))
            self.definitions = found
            self._begin(found)
        return self.health()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, defined: Mapping[str, Definition]) -> None:
        read_here = {name: one for name, one in defined.items() if one.enabled and not one.kind.pushed}
        if not read_here or self._stopping.is_set():
            return
        self._settle()
        known = self.readings()
        for name, one in read_here.items():
            position = known[name].position if name in known else {}
            self._followers[name] = Follower(
                one, self._project, self._journal, self._clock, self._runner.wait, position
            )
            self._followers[name].start()

    def _end(self, followers: Mapping[str, Follower]) -> None:
        for follower in followers.values():
            follower.stop()
        for name in list(followers):
            self._followers.pop(name, None)

    def _settle(self) -> None:
        """What is in the journal by now is committed, and so are the positions in it. Raises: TimedOut."""
        head, waited = self._journal.head, 0.0
        while not self._stopping.is_set() and not self._runner.wait(head, WAIT_S):
            waited += WAIT_S
            if waited > START_S:
                raise TimedOut(f"the journal was not taken in within {START_S:g} s", hint="see /readyz")

    def named(self, name: str) -> Definition:
        """Return what the file of a source says. Raises: NotFound."""
        if name not in self.definitions:
            hint = nearest(name, self.definitions) or "see them: GET /v1/sources"
            raise NotFound(f"no source {name!r}", hint=hint)
        return self.definitions[name]

    def _health_of(self, name: str) -> SourceHealth:
        follower = self._followers.get(name)
        if follower is not None:
            return follower.health()
        definition = self.definitions[name]
        phase: Phase = "off" if not definition.enabled else "pushed" if definition.kind.pushed else "waiting"
        return SourceHealth(name=name, kind=definition.kind.word, phase=phase)


def _first(error: str) -> str:
    """Return the line of an error that says what is wrong: of several problems, the first of them."""
    lines = error.splitlines()
    return lines[1] if lines[0].endswith(":") and len(lines) > 1 else lines[0]
