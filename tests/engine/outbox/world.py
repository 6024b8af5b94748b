"""An outbox in virtual time: a destination that does as a test says, letters, and a courier that is pumped by hand."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any

import pyarrow as pa

from coterie.clock import ManualClock
from coterie.connectors.destinations.destination import Message, Way
from coterie.engine.outbox.checks import Checks
from coterie.engine.outbox.courier import Courier
from coterie.errors import Problem
from coterie.storage.state.outbox import Outbox
from coterie.triggers.definition import Trigger
from coterie.triggers.delivery import Delivery, key_of, payload_of
from coterie.triggers.step import Triggers
from tests.triggers.world import NOON, People, database, rows, trigger


class Inbox:
    """Takes messages, unless ``answer`` raises. ``taken`` are those it took, ``seen`` every try."""

    def __init__(self, answer: Callable[[Message], None] = lambda message: None, delay_s: float = 0.0) -> None:
        self.answer, self.delay_s = answer, delay_s
        self.seen: list[Message] = []
        self.taken: list[Message] = []
        self.under_way, self.most_under_way = 0, 0

    async def send(self, message: Message) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.delay_s)
            self.seen.append(message)
            self.answer(message)
            self.taken.append(message)
        finally:
            self.under_way -= 1

    async def close(self) -> None: ...

    def flaws(self, content: Mapping[str, str], sample: Mapping[str, Any], where: str) -> list[Problem]:
        return []

    def got(self) -> list[tuple[str, str]]:
        """Return (person, key) of what was taken, in order."""
        return [(one.profile, one.key) for one in self.taken]


class World:
    """One database, one clock, one courier over destinations that a test gives."""

    def __init__(
        self,
        inbox: Inbox | None = None,
        triggers: Sequence[Trigger] = (),
        people: People | None = None,
        history: Iterable[pa.Table] = (),
        way: Way | None = None,
        connection: sqlite3.Connection | None = None,
    ) -> None:
        self.inbox = inbox or Inbox()
        self.clock = ManualClock(NOON)
        self.connection = connection or database()
        self.outbox = Outbox(self.connection)
        self.people = people or People()
        self.triggers = Triggers(triggers or [trigger()])
        self.asked: list[Sequence[str]] = []
        tables = list(history) or [rows()]

        def told(ids: Sequence[str]) -> Iterable[pa.Table]:
            self.asked.append(ids)
            return tables

        checks = Checks(self.triggers, {}, self.people, told)
        self.courier = Courier(
            lambda: self.connection, {"inbox": (self.inbox, way or Way())}, checks, clock=self.clock, rng=Random(7)
        )
        self.courier.open(self.connection)

    def add(self, *told: tuple[str, int], trigger: str = "care", priority: int = 5, run: str = "") -> list[str]:
        """Put letters for (person, due_at) into the outbox; return their keys."""
        made = [letter(who, at, trigger, priority, number, run) for number, (who, at) in enumerate(told)]
        self.outbox.add(made)
        return [one.key for one in made]

    def pump(self, until: int | None = None) -> int:
        """Deliver what is due now, or all that becomes due until ``until`` while the clock goes there; return how many tries."""

        async def work() -> int:
            tries = await self.courier.pump()
            while until is not None:
                following = self.courier.next_at()
                if following is None or following > until:
                    self.clock.advance_to(until)
                    break
                self.clock.advance_to(max(following, self.clock.now() + 1))
                tries += await self.courier.pump()
            return tries

        return asyncio.run(work())

    def states(self) -> dict[str, str]:
        """Return key → state of every letter."""
        return {one.key: one.state for one in self.outbox.letters(limit=100_000)}


def letter(who: str, at: int, of: str = "care", priority: int = 5, number: int = 0, run: str = "") -> Delivery:
    """Return a delivery to ``who``, due at ``at``."""
    key = key_of(of, who, run, (at, number))
    payload = payload_of(of, key, None, who, {}, (), None, None, at)
    return Delivery(
        key=key, trigger=of, destination="inbox", profile=who, run=run, payload=payload, decided_at=NOON, due_at=at,
        priority=priority,
    )  # fmt: skip
