"""What a commit sets off: called inside the runner's transaction, so that a change and its deliveries are kept together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import pyarrow as pa

from coterie.storage.state.database import Connection
from coterie.storage.state.outbox import Outbox
from coterie.storage.state.trigger_runs import TriggerRuns
from coterie.triggers.people import People
from coterie.triggers.step import Triggers

LOGGER = logging.getLogger("coterie.outbox")
FAULTS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError)
"""What a mistake in a trigger or in its data may raise. A database that cannot be written is none: the whole commit fails."""


def _nothing() -> None:
    """Nobody waits for deliveries."""


class Reactions:
    """The triggers of a project beside its runner. Every method but ``wake`` runs on the runner's thread, in its transaction."""

    def __init__(self, triggers: Triggers, wake: Callable[[], None] = _nothing) -> None:
        self.triggers = triggers
        self.wake = wake

    def begin(self, connection: Connection, now: int) -> list[str]:
        """Every trigger is on, a new one from ``now`` on, and one whose file is gone is off.

        Return the keys of those that have still to meet the members their segment has already (see ``existing``).
        """
        runs = TriggerRuns(connection)
        for key in self.triggers.by_key:
            runs.begin(key, now)
        standings = runs.standings()
        for key in standings.keys() - self.triggers.by_key.keys():
            runs.end(key)
        by_key = self.triggers.by_key.items()
        return [key for key, one in by_key if one.existing and standings[key].existing_at is None]

    def apply(self, connection: Connection, rows: pa.Table, changes: pa.Table, now: int, people: People) -> int:
        """What this batch sets off is in the outbox; return how many deliveries. Call ``wake`` after the commit if there are any.

        ``people`` answers as of the end of the batch, and is asked only about those for whom something is set off.
        """
        if not len(self.triggers):
            return 0
        try:
            return self._apply(self.triggers, connection, rows, changes, now, people)
        except FAULTS:
            LOGGER.exception("a trigger failed; each is tried alone")
        count = 0
        for key, one in self.triggers.by_key.items():
            try:
                count += self._apply(self.triggers.only(one), connection, rows, changes, now, people)
            except FAULTS:
                LOGGER.exception("the trigger %s failed, and decided nothing for this batch", key)
                TriggerRuns(connection).refuse(key, "fault")
        return count

    def _apply(
        self, triggers: Triggers, connection: Connection, rows: pa.Table, changes: pa.Table, now: int, people: People
    ) -> int:
        """What these triggers decide is kept, or nothing of it."""
        connection.execute("SAVEPOINT reactions")
        try:
            deliveries = triggers.step(rows, changes, now, people, TriggerRuns(connection))
            count = Outbox(connection).add(deliveries) if deliveries else 0
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK TO reactions")
            raise
        finally:
            if connection.in_transaction:
                connection.execute("RELEASE reactions")
        return count

    def existing(self, connection: Connection, key: str, members: Iterable[str], at: int, people: People) -> int:
        """Those who are in the segment already have been met once; return how many deliveries that made.

        A second call makes none for the same people, however often the trigger is started.
        """
        runs = TriggerRuns(connection)
        made = self.triggers.existing(self.triggers.by_key[key], members, at, people, runs)
        count = Outbox(connection).add(made)
        runs.met_existing(key, at)
        return count
