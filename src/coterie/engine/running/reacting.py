"""Triggers beside the runner: begun after recovery, told of every commit from inside its transaction, woken after it."""

from __future__ import annotations

import pyarrow as pa

from coterie.engine.outbox.reactions import Reactions
from coterie.engine.running.effects import Effects
from coterie.engine.running.people import CommittedPeople
from coterie.engine.running.state import State
from coterie.storage.log import SCHEMA
from coterie.storage.state import changes, memberships
from coterie.storage.state.changes import Row
from coterie.storage.state.database import Connection, StateDatabase
from coterie.triggers.step import Triggers

_PAGE = 10_000


class Reacting:
    """What the runner's thread does about triggers. Nothing, where there are none."""

    def __init__(self, reactions: Reactions | None) -> None:
        self._reactions = reactions
        self._made = 0

    def begin(self, state: State, database: StateDatabase) -> None:
        """Every trigger is on; those that ask for it have met the members their segments have already."""
        if self._reactions is None:
            return
        with database.transaction() as connection:
            self.start(connection, state)
        self.wake()

    def start(self, connection: Connection, state: State) -> None:
        """As ``begin``, inside a transaction of the runner."""
        reactions = self._reactions
        if reactions is None:
            return
        people = CommittedPeople(connection, state.identities)
        for key in reactions.begin(connection, state.now):
            segment = reactions.triggers.by_key[key].when.segment
            members = _everybody(connection, segment) if segment else []
            self._made += reactions.existing(connection, key, members, state.now, people)

    def change(self, connection: Connection, state: State, triggers: Triggers) -> None:
        """Exactly these triggers are in force from now on, inside a transaction of the runner."""
        if self._reactions is not None:
            self._reactions.triggers = triggers
            self.start(connection, state)

    def tell(self, connection: Connection, state: State, effects: Effects, numbered: list[Row]) -> None:
        """What the effects set off is in the outbox, in the same transaction."""
        if self._reactions is None or (effects.rows is None and not numbered):
            return
        rows = effects.rows if effects.rows is not None else _NO_ROWS
        people = CommittedPeople(connection, state.identities)
        found = self._reactions.apply(connection, rows, changes.table_of(numbered), effects.advanced_to, people)
        self._made += found

    def wake(self) -> None:
        """Whoever delivers knows that there is something new, if there is."""
        if self._made and self._reactions is not None:
            self._made = 0
            self._reactions.wake()


def _everybody(connection: Connection, segment: str) -> list[str]:
    found: list[str] = []
    after = ""
    while page := memberships.of_segment(connection, segment, after, _PAGE):
        found += [row[0] for row in page]
        after = page[-1][0]
    return found


_NO_ROWS: pa.Table = SCHEMA.empty_table()
