"""The one thread that turns the journal into the log, changes and committed state; and every question about that state."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec
import pyarrow as pa

from coterie.clock import Clock
from coterie.connectors.sources.tracking import Decoded, Options, decode
from coterie.engine import definitions
from coterie.engine.outbox.reactions import Reactions
from coterie.engine.project import Project
from coterie.engine.running import facts, opening, outside, snapshots
from coterie.engine.running.answers import ChangeRow, Member, Page, Phase, ProfileState, Status, Tallies
from coterie.engine.running.applying import settle
from coterie.engine.running.commit import commit
from coterie.engine.running.effects import Effects
from coterie.engine.running.following import Amendment, Following
from coterie.engine.running.log import WholeLog
from coterie.engine.running.questions import Questions
from coterie.engine.running.reacting import Reacting
from coterie.engine.running.rebuild import rebuild, reconcile
from coterie.engine.running.recovery import Recovery, is_consistent
from coterie.engine.running.state import State
from coterie.engine.running.upkeep import Upkeep
from coterie.errors import Conflict, CoterieError, Problem, Transient
from coterie.identity.rules import Rules
from coterie.intake.intake import Intake
from coterie.limits import DEFAULT, Limits
from coterie.segments.live.snapshots import fingerprint
from coterie.storage.journal import Entry, Journal
from coterie.storage.lock import Lock
from coterie.storage.state import progress
from coterie.storage.state.database import StateDatabase
from coterie.triggers.step import Triggers

__all__ = ["Amendment", "Runner"]
INTERNAL = "coterie"
"""The source of what Coterie itself writes into the journal."""


class Runner:
    """Owns the state of a project while it serves. ``start`` returns at once; recovery happens on the runner's thread.

    ``triggers`` decide inside every commit; their deliveries are in the outbox of the same transaction.
    """

    def __init__(
        self,
        project: Project,
        journal: Journal,
        *,
        clock: Clock,
        limits: Limits = DEFAULT,
        identities_rules: Rules | None = None,
        triggers: Reactions | None = None,
        options: Options | None = None,
        intake: Intake | None = None,
    ) -> None:
        self.project, self.journal, self.clock, self.limits = project, journal, clock, limits
        self._reacting = Reacting(triggers)
        self._rules, self._options = identities_rules, options or Options()
        self._intake = intake or Intake()
        self._lock: Lock | None = None
        self._database: StateDatabase | None = None
        self._following: Following | None = None
        self._upkeep: Upkeep | None = None
        self._thread: threading.Thread | None = None
        self._early: list[str] = []
        self._marks = outside.Marks()
        self._present = 0

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """The project is held and the runner's thread runs: it recovers, then follows the journal. Call it before ``journal.start``.

        Raises: Held when another process serves the project, InvalidDefinition, Transient.
        """
        self._lock = opening.hold(self.project)
        self._database = database = opening.open_or_begin_anew(self.project, self._early.append)
        settle(self.project, database)
        opening.evaluated(self.project, definitions.in_use(self.project))
        self._marks = opening.marks_of(self.project, database)
        self._present = self.clock.now() if self.journal.head == 0 and not self._marks.log else 0
        self.journal.resume(self._marks.journal, max(self._marks.advanced_to, self._present))
        self._questions = Questions(self.project, database)
        self.log = WholeLog(self.project, database)
        self._following = Following(
            self.journal,
            database,
            self.clock,
            self._recover,
            react=self._reacting.tell,
            committed=self._reacting.wake,
            history=self._history_of,
            snapshot=self._take_snapshot,
        )
        for text in self._early:
            self._following.warn(text)
        self._upkeep = Upkeep(self.project, database, self.journal, self._following)
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)
        self._thread.start()
        self._upkeep.start()

    def _run(self) -> None:
        assert self._following is not None
        self._following.run()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Everything in the journal is committed, a snapshot is written, the log is landed, the thread has ended.

        Waits at most ``timeout_s``; what was not done then is done by the next start. Raises: Transient when it took longer.
        """
        following, thread, upkeep, database = self._following, self._thread, self._upkeep, self._database
        if following is None or thread is None or upkeep is None or database is None:
            return
        deadline = time.monotonic() + timeout_s
        following.stopping = True
        thread.join(timeout_s)
        if thread.is_alive():
            raise Transient(f"the runner did not stop within {timeout_s:.0f} s", hint="nothing is lost; start it again")
        upkeep.stop(max(0.1, deadline - time.monotonic()), land=following.phase == Phase.STOPPED)
        database.close()
        if self._lock is not None:
            self._lock.release()
        self._thread = None

    # ── recovery ─────────────────────────────────────────────────────────────────────────────────────────────

    def _recover(self) -> State:
        following, database = self._running()
        settle(self.project, database)
        found = opening.evaluated(self.project, definitions.in_use(self.project), self._left_out)
        recovery = Recovery(
            Project(self.project.root, self.clock, self.project.settings),
            database,
            found,
            rules=self._rules,
            limits=self.limits,
            decode=self._decode,
            intake=self._intake,
            told=following.warn,
            report=following.report,
        )
        state = self._recovered(recovery, database, following)
        self._reacting.begin(state, database)
        return state

    def _left_out(self, model: str, why: CoterieError) -> None:
        self._running()[0].warn(f"the model {model} is not kept up to date: {why}")

    def _recovered(self, recovery: Recovery, database: StateDatabase, following: Following) -> State:
        reached = progress.read(database.writer)
        lake = progress.read_lake(database.writer)
        project = recovery.project
        if reached is None:
            return rebuild(recovery, self._marks, self._present)
        if outside.was_log_changed(project, lake):
            following.warn("the log was changed from outside while no server ran: everything is computed from it again")
            return rebuild(recovery, self._marks, 0)
        if outside.were_changes_changed(project, lake):
            following.warn("the change log was changed from outside while no server ran: memberships are taken from it")
            return rebuild(recovery, self._marks, 0)
        if reached.catalog != fingerprint(recovery.catalog):
            following.warn("the definitions changed while no server ran: memberships are computed again")
            return rebuild(recovery, self._marks, 0)
        state = recovery.resume()
        if not is_consistent(state, database):
            following.warn("the live reader and the committed memberships differ: they are made one, cause edit")
            self._mend(state, database)
        return state

    def _mend(self, state: State, database: StateDatabase) -> None:
        effects = Effects(journal=state.journal_position, advanced_to=state.now, first=state.log_position)
        effects.changes = reconcile(state, database)
        commit(database, state, effects)

    def _decode(self, entry: Entry, received_at: int) -> Decoded:
        return decode(entry.route, entry.body, received_at, self.limits, self._options, position=entry.position)

    def _running(self) -> tuple[Following, StateDatabase]:
        if self._following is None or self._database is None:
            raise Transient("the runner was not started")
        return self._following, self._database

    # ── for the runner's thread ──────────────────────────────────────────────────────────────────────────────

    def _history_of(self, profiles: list[str], effects: Effects) -> list[pa.Table]:
        tables = self.log.of_profiles(profiles)
        return tables if effects.rows is None else [*tables, effects.rows]

    def _take_snapshot(self, state: State) -> None:
        assert self._upkeep is not None
        self._upkeep.take(state)

    # ── questions, from any thread ───────────────────────────────────────────────────────────────────────────

    def status(self) -> Status:
        """Return where the runner is. Cost: no I/O."""
        following, upkeep = self._following, self._upkeep
        if following is None or upkeep is None:
            return _not_started(self.journal.head)
        return Status(
            phase=following.phase,
            ready=following.phase == Phase.RUNNING,
            note=following.note,
            progress=following.progress,
            journal_head=self.journal.head,
            journal_position=following.position.value,
            log_position=following.rows.value,
            landed_position=upkeep.landed,
            advanced_to=following.advanced_to,
            sequence=following.sequence.value,
            snapshot_position=upkeep.snapshot_position,
            snapshot_at=upkeep.snapshot_at,
            warnings=tuple(following.warnings),
        )

    def tallies(self) -> Tallies:
        """Return the numbers for metrics. Cost: no I/O."""
        following, _ = self._running()
        assert self._upkeep is not None
        tally, state = following.tally, following.state
        return Tallies(
            events=tally.events,
            rows=tally.rows,
            duplicates=tally.duplicates,
            suppressed=tally.suppressed,
            refused=sum(tally.reasons.values()),
            refused_reasons=dict(tally.reasons),
            remarks=dict(tally.remarks),
            failed_events=tally.failed,
            commits=tally.commits,
            commit_seconds=tally.commit.total,
            commit_histogram=tally.commit.cumulative(),
            step_seconds=tally.step_seconds,
            changes=dict(tally.changes),
            lag_entries=max(0, self.journal.head - following.position.value),
            freshness_seconds=tally.freshness_seconds,
            freshness_seconds_total=tally.freshness.total,
            freshness_histogram=tally.freshness.cumulative(),
            snapshots=tally.snapshots,
            snapshot_age_seconds=time.monotonic() - tally.snapshot_clock,
            arrivals_rows=max(0, following.rows.value - self._upkeep.landed),
            clock_backwards=following.watch.backwards,
            clock_forwards=following.watch.forwards,
            state_bytes=0 if state is None else state.live.state_bytes() + state.seen.state_bytes(),
            live={} if state is None else state.live.counters(),
        )

    async def reached(self, journal_position: int, timeout_s: float) -> bool:
        """Return whether the effects of that journal entry are committed, after waiting for it at most ``timeout_s``."""
        return await self._running()[0].position.reached(journal_position, timeout_s)

    def wait(self, journal_position: int, timeout_s: float) -> bool:
        """Return whether the effects of that journal entry are committed; for threads without an event loop."""
        return self._running()[0].position.wait(journal_position, timeout_s)

    async def changed(self, after: int, timeout_s: float) -> bool:
        """Return whether there are changes beyond sequence ``after``, after waiting for one at most ``timeout_s``."""
        return await self._running()[0].sequence.reached(after + 1, timeout_s)

    def find(self, text: str) -> str | None:
        """Return the person whom a profile id or ``kind:value`` belongs to now, ``None`` if nobody is known by it."""
        return self._ready().identities.find(text)

    def profile(self, profile: str) -> ProfileState | None:
        """Return the person that an id belongs to, ``None`` if unknown. Cost: below 100 µs."""
        self._ready()
        return self._questions.profile(profile)

    def outlook(self, profile: str) -> dict[str, int | None]:
        """Return per live segment when the person's membership changes if nothing arrives; waits for the step under way."""

        def look(state: State) -> dict[str, int | None]:
            owner = state.identities.canonical(profile)
            return {key: state.live.outlook(key, owner) for key in state.live.made.keys}

        self._ready()
        return self.between(look).result(30.0)  # type: ignore[no-any-return]

    def profiles(self, after: str = "", limit: int = 1000) -> Page[str]:
        """Return the ids of people, those after ``after``, sorted; ids that were merged into others are left out."""
        self._ready()
        return self._questions.profiles(after, limit)

    def members(self, key: str, after: str = "", limit: int = 100) -> Page[Member]:
        """Return members of a segment by profile id, those after ``after``. Raises: NotFound."""
        self._ready()
        return self._questions.members(key, after, limit)

    def counts(self) -> dict[str, int]:
        """Return how many members each segment has."""
        self._ready()
        return self._questions.counts()

    def changes(self, after: int = 0, limit: int = 1000, segment: str = "", profile: str = "") -> Page[ChangeRow]:
        """Return changes in order, those beyond sequence ``after``, of one segment or profile if named."""
        self._ready()
        return self._questions.changes(after, limit, segment, profile)

    @property
    def identities(self) -> Any:
        """The identities, to be read only: identifiers and merges with their causes."""
        return self._ready().identities

    @property
    def database(self) -> StateDatabase:
        """The committed state, for readers of its other tables."""
        return self._running()[1]

    def _ready(self) -> State:
        following, _ = self._running()
        if following.state is None:
            raise Transient(f"the server is {following.phase}: {following.note}", hint="ask /readyz; try again soon")
        return following.state

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────────────

    def put(self, records: Sequence[dict[str, Any]]) -> int:
        """Append facts ({id, name, profile, properties}) to the journal and return their position; wait for it with ``reached``.

        Facts about people who were erased are left out. Raises: Conflict when all are, Problem for what is no fact, Overloaded,
        Transient.
        """
        kept = [
            one for one in records if not self._intake.bars_fact(str(one.get("profile")), one.get("properties") or {})
        ]
        if records and not kept:
            raise Conflict(
                "this person was erased and does not come back", hint="lift it: DELETE /v1/privacy/suppressed/…"
            )
        body = msgspec.json.encode(kept)
        try:
            facts.records_of(body, self.limits)
        except msgspec.ValidationError as error:
            raise Problem(f"not a fact: {error}", where="facts") from error
        return self.journal.append_now(facts.ROUTE, INTERNAL, body)

    def between(self, work: Callable[[State], Any]) -> Future[Any]:
        """``work(state)`` runs on the runner's thread between two steps. If it returns an ``Amendment``, that is committed
        at once, alone, and its ``result`` is the future's. The state may be changed in there only."""
        return self._running()[0].ask(work)

    def change_triggers(self, triggers: Triggers) -> None:
        """Exactly these triggers are in force; a new one is on from now, and has met present members if it asks for that."""

        def change(state: State) -> Amendment:
            return Amendment(write=lambda connection: self._reacting.change(connection, state, triggers))

        self.between(change).result(30.0)
        self._reacting.wake()

    @property
    def intake(self) -> Intake:
        """The stages that are in force."""
        return self._intake

    def change_intake(self, intake: Intake) -> None:
        """Events that arrive from now on go through these stages."""

        def change(state: State) -> None:
            state.intake = self._intake = intake

        self.between(change).result(30.0)

    def history(self, after: int = 0, until: int | None = None, rows_max: int = 500_000) -> Iterator[pa.Table]:
        """Yield the committed log in order as tables of log columns, rows ``after`` ≤ position < ``until``, landed or not."""
        self._running()
        return self.log.rows(after, until, rows_max)

    def land(self) -> int:
        """Every row committed so far is in the Delta tables; return the number of rows of the log there."""
        self._ready()
        assert self._upkeep is not None
        return self._upkeep.land()

    def store_snapshot(self, head: snapshots.Head, sections: list[tuple[str, Any]]) -> bool:
        """Return whether a snapshot of definitions that are about to come into force is on the disk."""
        self._ready()
        assert self._upkeep is not None
        return self._upkeep.store(head, sections)

    def snapshot(self) -> int:
        """A snapshot of the present state is on disk; return the log position at which it stands."""
        self._ready()
        assert self._upkeep is not None
        return self._upkeep.snapshot(self.between)


def _not_started(head: int) -> Status:
    return Status(
        phase=Phase.STARTING, ready=False, note="not started", progress=0.0, journal_head=head, journal_position=0,
        log_position=0, landed_position=0, advanced_to=0, sequence=0, snapshot_position=0, snapshot_at=0,
    )  # fmt: skip
