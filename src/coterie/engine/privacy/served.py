"""Erasure while a server runs: events keep coming in, questions are answered, and the person is gone from both."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from coterie.engine.intake import intake_of
from coterie.engine.privacy.erasure import Asked, Preview, Told, begun, carry_out, looked
from coterie.engine.privacy.fields import fields_of
from coterie.engine.privacy.keeping import Pending, pending_of, suppressions_of, sweep
from coterie.engine.privacy.renewal import renew, save_anew
from coterie.engine.privacy.retention import Kept, retain_served
from coterie.engine.privacy.shelves import Shelf, Wanted, shelves_of
from coterie.engine.privacy.shut import entries_about, named, note_lake, people_of, sent_about, tells
from coterie.engine.privacy.subjects import families_of, said_by, subject_of
from coterie.engine.privacy.suppressions import marks_for
from coterie.engine.project import Project
from coterie.engine.running import snapshots
from coterie.engine.running.files import snapshots_path
from coterie.engine.running.state import State
from coterie.errors import CoterieError, Transient
from coterie.identity.rules import Checks, rules_of
from coterie.privacy.receipt import Receipt
from coterie.privacy.subject import Subject, joined

PATIENCE_S = 60.0
RETRY_S, RETAIN_S = 30.0, 3_600.0
"""Seconds between tries of what was cut off, and between looks at what has become too old."""
_log = logging.getLogger("coterie.privacy")


class Work:
    """An erasure that a thread carries out. ``state``: running, done or failed."""

    def __init__(self, number: str) -> None:
        self.id, self.state, self.note = number, "running", ""
        self.receipt: Receipt | None = None
        self.ended = threading.Event()

    def tell(self, text: str) -> None:
        """The note says what is being done."""
        self.note = text

    def wait(self, timeout_s: float) -> bool:
        """Return whether it has ended, after waiting at most so long."""
        return self.ended.wait(timeout_s)


class Erasures:
    """Erases people from the project that a runner serves, one erasure at a time.

    ``copies`` returns the followers of caches; ``still`` are contexts in which nobody computes memberships from an older log.
    """

    def __init__(
        self,
        runner: Any,
        *,
        copies: Callable[[], Sequence[Any]] = lambda: (),
        still: Sequence[Callable[[], Any]] = (),
    ) -> None:
        self._runner, self._copies, self._still = runner, copies, still
        self._lock = threading.Lock()
        self._works: dict[str, Work] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def project(self) -> Project:
        """Return the project with stores of this thread's own."""
        project = self._runner.project
        return Project(project.root, self._runner.clock, project.settings)

    def erase(self, asked: Asked, told: Told = lambda text: None) -> Receipt:
        """Return the receipt: nothing of these people is kept any more. Raises: NotFound, Conflict, Transient.

        Cost: two passes over the log beside the runner, which stands still for the last of it and the rewriting of ``state.db``.
        """
        with self._lock:
            project = self.project()
            return self._carry_out(project, self._begun(project, asked), told)

    def begin(self, asked: Asked) -> Work:
        """Return an erasure that is under way on a thread of its own. Raises: NotFound, Conflict."""
        with self._lock:
            project = self.project()
            pending = self._begun(project, asked)
        work = self._works[pending.id] = Work(pending.id)
        threading.Thread(target=self._do, args=(work, pending), name="erasure", daemon=True).start()
        return work

    def work(self, number: str) -> Work | None:
        """Return an erasure that was asked for since the start, ``None`` for another."""
        return self._works.get(number)

    def _begun(self, project: Project, asked: Asked) -> Pending:
        self._runner.land()
        return begun(project, asked, self.subjects(project, asked), project.wall())

    def _do(self, work: Work, pending: Pending) -> None:
        try:
            with self._lock:
                work.receipt = self._carry_out(self.project(), pending, work.tell)
            work.state, work.note = "done", ""
        except (CoterieError, OSError, TimeoutError) as error:
            work.state, work.note = "failed", f"{error}; it goes on when it can"
            _log.warning("the erasure %s: %s", work.id, error)
        finally:
            work.ended.set()

    def follow(self) -> None:
        """Erasures that were cut off are finished, now and whenever what stood in the way may have gone; old rows are let go.

        Called by a thread of its own until ``stop``.
        """
        while not self._stopping.is_set():
            try:
                self.resume()
                self.retain()
            except (CoterieError, OSError, TimeoutError) as error:
                _log.warning("privacy: %s; it is tried again", error)
                self._stopping.wait(RETRY_S)
                continue
            self._stopping.wait(RETAIN_S)

    def start(self) -> None:
        """Erasures are finished and old rows let go from now on."""
        self._thread = threading.Thread(target=self.follow, name="privacy", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Nothing more is begun; what is under way goes on at the next start if it takes longer."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def retain(self) -> list[Kept]:
        """Return how many rows of each table were older than the project wants to keep, and are gone."""
        with self._lock, ExitStack() as still:
            for one in self._still:
                still.enter_context(one())
            return retain_served(self._runner)

    def preview(self, asked: Asked) -> Preview:
        """Return what an erasure would remove. Nothing is changed."""
        project = self.project()
        subject = joined(self.subjects(project, asked))
        places = looked(self._shelves(project), Wanted(subject, subject.needles))
        return Preview(profiles=subject.profiles, identifiers=subject.keys, places=places)

    def let_back(self, who: str) -> int:
        """Return how many identifiers may come back from now on."""
        with self._lock:
            project = self.project()
            count = suppressions_of(project).lift(marks_for(project, who))
            self._runner.change_intake(intake_of(project))
            return count

    def resume(self, told: Told = lambda text: None) -> list[Receipt]:
        """Return the receipts of erasures that a crash or a cache that was away had cut off, and that are finished now."""
        with self._lock:
            project = self.project()
            sweep(project)
            return [self._carry_out(project, pending, told) for pending in pending_of(project)]

    def subjects(self, project: Project, asked: Asked) -> list[Subject]:
        """Return the people that are asked about. Raises: NotFound."""
        runner = self._runner

        families = runner.between(lambda state: families_of(project, state.identities, asked.who)).result(PATIENCE_S)
        said = said_by(runner.log.of_profiles(families))
        fields = fields_of(project, Checks(rules_of(project.settings.identity)))

        def told(state: State) -> list[Subject]:
            return [
                subject_of(project, state.identities, who, said, fields, unknown=asked.unknown) for who in asked.who
            ]

        found: list[Subject] = runner.between(told).result(PATIENCE_S)
        return found

    def _carry_out(self, project: Project, pending: Pending, told: Told) -> Receipt:
        with ExitStack() as still:
            for one in self._still:
                still.enter_context(one())
            shelves = self._shelves(project)
            database = self._runner.database
            return carry_out(
                project, pending, shelves, told,
                lambda wanted: sent_about(database.reader(), wanted), barred=lambda: self._bar(project),
                cleared=lambda: self._note(project),
            )  # fmt: skip

    def _shelves(self, project: Project) -> list[Shelf]:
        """Return the shelves in their order: what follows from the log after the log, changes after what makes them."""
        log, others, *rest = shelves_of(project)
        return [log, others, self._state(), *rest, self._saved(), self._raw(), *self._caches()]

    def _bar(self, project: Project) -> None:
        """Who is on the suppression list is not let in any more, and what had come in is in the log."""
        self._runner.change_intake(intake_of(project))
        self._runner.land()

    def _note(self, project: Project) -> None:
        """The next start does not take the tables for changed by others."""
        with self._runner.database.transaction(aside=True) as connection:
            note_lake(project, connection)

    # ── what a server keeps ──────────────────────────────────────────────────────────────────────────────────

    def _state(self) -> Shelf:
        runner = self._runner

        def look(wanted: Wanted) -> dict[str, int]:
            return named(people_of(runner.database.reader(), wanted).counts())

        def clear(wanted: Wanted) -> None:
            renew(runner, wanted)
            runner.between(lambda state: runner.database.condense()).result()
            runner.land()

        return Shelf(name="the committed state", unit="rows", look=look, clear=clear)

    def _saved(self) -> Shelf:
        runner = self._runner

        def look(wanted: Wanted) -> dict[str, int]:
            return {
                "snapshots": sum(tells(path, wanted) for path in snapshots.paths_of(snapshots_path(runner.project)))
            }

        return Shelf(
            name="snapshots", unit="files", look=look, clear=lambda wanted: save_anew(runner),
            note="all snapshots went; there is a new one",
        )  # fmt: skip

    def _raw(self) -> Shelf:
        runner = self._runner

        def clear(wanted: Wanted) -> None:
            journal = runner.journal
            journal.turn()
            position = journal.head
            if not runner.wait(position, PATIENCE_S):
                raise Transient("the runner did not get through the journal", hint="the erasure goes on later")
            runner.land()
            save_anew(runner)
            journal.forget(position)

        return Shelf(
            name="the journal", unit="entries", look=lambda wanted: {"journal": entries_about(runner.journal, wanted)},
            clear=clear, note="every request that was taken in by then went",
        )  # fmt: skip

    def _caches(self) -> list[Shelf]:
        return [_cache(one) for one in self._copies()]


def _cache(follower: Any) -> Shelf:
    """Return a cache that follows a server: its follower's thread does the work."""
    name = f"cache {follower.name}"
    return Shelf(
        name=name, unit="people",
        look=lambda wanted: {name: follower.ask(lambda cache: cache.knows(wanted.subject.profiles))},
        clear=lambda wanted: _done(follower.forget(wanted.subject.profiles)),
    )  # fmt: skip


def _done(count: int) -> None:
    """What the cache tells of its work is counted before and after instead."""
