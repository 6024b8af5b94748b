"""What the API asks, in one place: the runner, the project behind it, and the worker threads for questions that take long."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from coterie.clock import Clock
from coterie.engine import definitions
from coterie.engine.governance.keeping import Catalogues
from coterie.engine.learning.telling import Stopped, Told
from coterie.engine.project import Project
from coterie.engine.running.answers import ChangeRow, Page
from coterie.engine.running.runner import Runner
from coterie.errors import Conflict, NotFound, Overloaded, TimedOut
from coterie.limits import DEFAULT, Limits
from coterie.storage.access import AccessStore, AuditRow
from coterie.values import canonical
from coterie.web.access import Actor, Keys
from coterie.web.buckets import Limiter
from coterie.web.jobs import Jobs

if TYPE_CHECKING:
    from coterie.engine.learning.drift.watch import DriftWatch
    from coterie.engine.outbox.health import Health
    from coterie.engine.privacy.served import Erasures
    from coterie.engine.quality.watch import Watch
    from coterie.engine.running.refreshing import Refreshes
    from coterie.engine.running.switching import Switch
    from coterie.engine.sourcing.followers import Followers
    from coterie.segments.definition import Segment
    from coterie.storage.state.database import Connection
    from coterie.triggers.definition import Trigger
    from coterie.triggers.step import Triggers

T = TypeVar("T")
FEW = 256
"""Rows that are read in the event loop: about a millisecond."""
LEARNING_WAITING_MAX = 8
"""Fits and measurements of everybody that wait for the one under way."""


class Journal(Protocol):
    """What the API needs of the journal: where it ends, and to add to it."""

    @property
    def head(self) -> int: ...
    def append_now(self, route: str, source: str, body: bytes) -> int: ...
    def size_bytes(self) -> int: ...


class Office(Protocol):
    """What the API needs of triggers and their deliveries. ``reload`` and ``opened`` are used by worker threads."""

    @property
    def triggers(self) -> Triggers: ...
    def check(self, trigger: Trigger) -> None: ...
    def check_folder(self) -> None: ...
    def reload(self) -> None: ...
    def health(self) -> Mapping[str, Health]: ...
    def opened(self) -> AbstractContextManager[Connection]: ...
    def wake(self) -> None: ...


class Desk:
    """Everything that the API asks. ``outbox`` is ``None`` where no trigger can be."""

    def __init__(
        self,
        *,
        project: Project,
        runner: Runner,
        journal: Journal,
        keys: Keys,
        access: AccessStore,
        limiter: Limiter,
        clock: Clock,
        limits: Limits = DEFAULT,
        outbox: Office | None = None,
        switch: Switch | None = None,
        refreshes: Refreshes | None = None,
        erasures: Erasures | None = None,
        sources: Followers | None = None,
        watch: Watch | None = None,
        drift: DriftWatch | None = None,
    ) -> None:
        self.project, self.runner, self.journal = project, runner, journal
        self.keys, self.access, self.limiter = keys, access, limiter
        self.clock, self.limits = clock, limits
        self.outbox, self.switch, self.refreshes, self.sources = outbox, switch, refreshes, sources
        self.watch = watch
        self.drift = drift
        self.erasures = erasures
        self.editing = asyncio.Lock()
        """One change of definitions at a time."""
        self.catalogues = Catalogues(project)
        self.streams = 0
        """Open change streams."""
        self.closing = False
        """Whether streams are to end because the server stops."""
        self._readers = ThreadPoolExecutor(2, "reader")
        self._workers = ThreadPoolExecutor(limits.api_questions_max, "question")
        self._learner = ThreadPoolExecutor(1, "learner")
        self.jobs = Jobs(clock)
        self._asked, self._taught = 0, 0

    @property
    def office(self) -> Office:
        """Return who knows triggers and deliveries. Raises: Conflict where there are none."""
        if self.outbox is None:
            raise Conflict("this server has no triggers")
        return self.outbox

    @property
    def switching(self) -> Switch:
        """Return who changes definitions. Raises: Conflict where nobody does."""
        if self.switch is None:
            raise Conflict("definitions cannot be changed on this server")
        return self.switch

    @property
    def refreshing(self) -> Refreshes:
        """Return who keeps scheduled segments. Raises: Conflict where nobody does."""
        if self.refreshes is None:
            raise Conflict("segments with a schedule are not computed on this server")
        return self.refreshes

    @property
    def feeding(self) -> Followers:
        """Return who reads sources. Raises: Conflict where nobody does."""
        if self.sources is None:
            raise Conflict("sources are not read on this server")
        return self.sources

    @property
    def erasing(self) -> Erasures:
        """Return who erases people. Raises: Conflict where nobody does."""
        if self.erasures is None:
            raise Conflict("nobody can be erased on this server")
        return self.erasures

    @property
    def watching(self) -> Watch:
        """Return who checks the data. Raises: Conflict where nobody does."""
        if self.watch is None:
            raise Conflict("the data is not checked on this server")
        return self.watch

    @property
    def drifting(self) -> DriftWatch:
        """Return who looks at the drift of models. Raises: Conflict where nobody does."""
        if self.drift is None:
            raise Conflict("drift is not looked at on this server")
        return self.drift

    def in_use(self) -> list[Segment]:
        """Return the definitions that are in force, sorted by key."""
        return definitions.in_use(self.project)

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────

    async def ask(self, question: Callable[..., T], *args: Any, landed: bool = True, **named: Any) -> T:
        """Return the answer of a question that takes long, found by a worker over everything committed so far.

        Raises: Overloaded when too many are waiting.
        """
        if self._asked >= self.limits.api_questions_max + self.limits.api_questions_waiting_max:
            raise Overloaded("too many long questions are waiting", retry_after_s=2)
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._workers, self._answered, question, args, named, landed
            )
        finally:
            self._asked -= 1

    async def learn(self, question: Callable[..., T], *args: Any, landed: bool = True, **named: Any) -> T:
        """Return the answer of a question that measures everybody or fits a model: one at a time, and never while the watch of
        drift does; questions of ``ask`` go on beside it. Raises: Overloaded when too many are waiting.
        """
        self.make_room()
        self._taught += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._learner, self._learned, question, args, named, landed
            )
        finally:
            self._taught -= 1

    def make_room(self) -> None:
        """Raises: Overloaded when too much is waiting to be learned."""
        if self._taught > LEARNING_WAITING_MAX:
            raise Overloaded("too many fits are waiting", retry_after_s=10)

    def heard(self, told: Told) -> Told:
        """Return ``told`` for work that does not outlast the server: it raises Stopped when the server stops."""

        def tell(doing: str, share: float) -> None:
            if self.closing:
                raise Stopped("the server stops", hint="ask again when it is back")
            told(doing, share)

        return tell

    def _learned(self, question: Callable[..., T], args: tuple[Any, ...], named: dict[str, Any], landed: bool) -> T:
        with self.drift.alone() if self.drift is not None else nullcontext():
            return self._answered(question, args, named, landed)

    def _answered(self, question: Callable[..., T], args: tuple[Any, ...], named: dict[str, Any], landed: bool) -> T:
        if landed:
            self.runner.land()
        return question(*args, **named)

    async def read(self, question: Callable[..., T], *args: Any, rows: int) -> T:
        """Return the answer of a question about committed state: at once when it is of few rows, else by a thread beside the loop."""
        if rows <= FEW:
            return question(*args)
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: question(*args))

    async def changes(self, after: int, limit: int, segment: str = "", profile: str = "") -> Page[ChangeRow]:
        """Return changes beyond sequence ``after``, in order. Those of long ago are read beside the loop: they lie in the lake."""
        behind = self.runner.status().sequence - after
        return await self.read(self.runner.changes, after, limit, segment, profile, rows=behind)

    async def reach(self, position: int, timeout_s: float) -> None:
        """Everything up to that journal position is in the answers from now on. Raises: TimedOut, NotFound for a position to come."""
        if position > self.journal.head:
            raise NotFound(f"the journal has no position {position}", hint=f"it ends at {self.journal.head}")
        if not await self.runner.reached(position, timeout_s):
            reached = self.runner.status().journal_position
            raise TimedOut(
                f"position {position} was not reached within {timeout_s:g} s; {reached} was",
                hint="try again, or give a longer timeout",
            )

    async def put(self, facts: Sequence[dict[str, Any]]) -> int:
        """Return the journal position at which ``facts`` are durable and their effects committed. Raises: TimedOut."""
        position = await asyncio.to_thread(self.runner.put, facts)
        await self.reach(position, self.limits.api_wait_s_max)
        return position

    def known(self, profile: str) -> str:
        """Return the person that an id or ``kind:value`` belongs to. Raises: NotFound."""
        found = self.runner.find(profile)
        if found is None:
            raise NotFound(f"no profile {profile!r}", hint="ask by profile id, or by kind:value of an identifier")
        return found

    def anybody(self, profile: str) -> str:
        """Return the person that an id or ``kind:value`` belongs to, or the id itself: somebody who is yet to be seen."""
        return self.runner.find(profile) or profile

    def now(self) -> int:
        """Return the present instant. A clock moved by hand may lie behind the last arrival, which then counts."""
        return max(self.clock.now(), self.runner.status().advanced_to)

    async def at_rest(self, question: Callable[[Any], T]) -> T:
        """Return ``question(state)``, asked on the runner's thread between two steps. Cost: the rest of the step under way."""
        return await asyncio.wrap_future(self.runner.between(question))

    @staticmethod
    def fact_id(name: str) -> str:
        """Return a new id for a fact that somebody states by hand."""
        return f"by-hand:{name.removeprefix('$')}:{secrets.token_hex(8)}"

    # ── who did what ─────────────────────────────────────────────────────────────────────────────────────────

    async def record(self, by: Actor, action: str, subject: str, before: Any = None, after: Any = None) -> None:
        """The change is in the audit log, for ever."""
        from coterie.engine.told import told

        said = AuditRow(
            at=self.clock.now(), key_id=by.key_id, key_name=by.key_name, action=action, subject=subject,
            before=canonical(told(before)), after=canonical(told(after)), origin=by.origin, request_id=by.request_id,
        )  # fmt: skip
        await asyncio.to_thread(self.access.append, said)

    def close_soon(self) -> None:
        """Streams end at their next turn."""
        self.closing = True

    def close(self) -> None:
        """No question is answered any more; those under way end."""
        self.closing = True
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._learner.shutdown(wait=True, cancel_futures=True)
        self._readers.shutdown(wait=True, cancel_futures=True)
        self.keys.flush()
