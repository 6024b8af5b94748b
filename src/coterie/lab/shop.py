"""The simulated shop as a stream of log records, and its truth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from coterie.lab.accounts import Accounts
from coterie.lab.arrivals import arrive, deliver, occurred
from coterie.lab.catalogue import draw_catalogue
from coterie.lab.facts import Facts, empty
from coterie.lab.offline import CAMPAIGN_WEEKDAY, draw_email, draw_store_visits
from coterie.lab.people import Ints, draw_people
from coterie.lab.rows import Rows
from coterie.lab.seasons import moments, visits_on
from coterie.lab.truth import Ledger, slots
from coterie.lab.visits import Visits, draw_events, events_per_visit
from coterie.limits import DAY_US

MONDAY_20260601 = 1_780_272_000_000_000
"""2026-06-01T00:00:00Z, a Monday."""


class Shop:
    """A shop with ``people`` visitors over ``days`` days, the same for the same seed, whatever the batch size.

    ``events``: about how many records the whole log has (40 per person by default). ``duplicates``: share of
    records delivered twice (a store drops them). ``hot``: properties as typed columns ``p.…`` instead of JSON.
    Memory holds the people and one day of events; a record takes about three microseconds.
    """

    def __init__(
        self,
        *,
        people: int = 1_000,
        days: int = 30,
        seed: int = 0,
        events: int | None = None,
        start: int = MONDAY_20260601,
        products: int = 2_000,
        duplicates: float = 0.0,
        hot: bool = True,
    ) -> None:
        if people < 1 or days < 1:
            raise ValueError("a shop needs at least one person and one day")
        if start % DAY_US:
            raise ValueError("a shop opens at midnight, UTC")
        self.start, self.end, self.days, self.seed = start, start + days * DAY_US, days, seed
        rng = np.random.default_rng([seed, 0])
        wanted = events if events is not None else people * 40
        self._catalogue = draw_catalogue(products, rng)
        visits = wanted / (people * days) / (events_per_visit() + 0.55)
        self._people = draw_people(people, days, products, visits, rng)
        self._duplicates = duplicates
        self._rows = Rows(self._people, self._catalogue, f"s{seed}-", hot, start)
        self._ledger: Ledger | None = None

    def batches(self, rows: int = 100_000) -> Iterator[pa.RecordBatch]:
        """Yield the log in order, ``rows`` records at a time (fewer in the last batch)."""
        waiting: list[pa.Table] = []
        held, position = 0, 0
        for facts, instants in self._stream():
            table = self._rows.table(facts, instants, slots(facts), position)
            position += len(facts)
            waiting.append(table)
            held += len(facts)
            if held >= rows:
                joined = pa.concat_tables(waiting).combine_chunks()
                whole = held - held % rows
                for first in range(0, whole, rows):
                    yield from _one(joined.slice(first, rows))
                waiting, held = [joined.slice(whole)], held - whole
        if held:
            yield from _one(pa.concat_tables(waiting))

    def table(self) -> pa.Table:
        """Return the whole log at once."""
        batches = list(self.batches(1 << 20))
        if not batches:
            nothing = np.empty(0, np.int64)
            return self._rows.table(empty(), nothing, nothing, 0)
        return pa.Table.from_batches(batches)

    def truth(self) -> pa.Table:
        """Return what is true at ``end``, one row per profile known then: person, type, orders, spending, last seen …

        ``at_risk``: put something in a cart at least a day ago and started no checkout since.
        """
        return self._counted().table()

    def merges(self) -> pa.Table:
        """Return the merges that arrive before ``end``: (at, survivor, loser)."""
        return self._counted().merges()

    def _counted(self) -> Ledger:
        if self._ledger is None:
            ledger = Ledger(self._people, self.end)
            for facts, instants in self._stream():
                ledger.record(facts, instants)
            self._ledger = ledger
        return self._ledger

    def _stream(self) -> Iterator[tuple[Facts, Ints]]:
        """Yield the facts of each day that arrive on it, with the instants their devices tell."""
        accounts = Accounts(self._people)
        later, carried = empty(), empty()
        serial, carts = 0, 0
        for day in range(self.days):
            rng = np.random.default_rng([self.seed, 1, day])
            until = self.start + (day + 1) * DAY_US
            facts, planned, carts = self._day(day, accounts, later, carts, rng)
            later = planned[planned["at"] >= until]
            facts["serial"] = np.arange(serial, serial + len(facts))
            serial += len(facts)
            ready, carried = arrive(np.concatenate([carried, deliver(facts, self._duplicates, rng)]), until)
            yield ready, occurred(ready, self._people)

    def _day(
        self, day: int, accounts: Accounts, later: Facts, carts: int, rng: np.random.Generator
    ) -> tuple[Facts, Facts, int]:
        """Return (what happens on a day, what is planned for other days, the next free cart number)."""
        people, day_at = self._people, self.start + day * DAY_US
        weekday = (day_at // DAY_US + 3) % 7
        person = visits_on(day, weekday, people, rng)
        device = np.where(people.devices[person] == 2, rng.random(len(person)) < 0.4, False).astype(np.int8)
        visits = Visits(person, device, moments(day_at, people.country[person], rng))
        events, returns = draw_events(visits, people, self._catalogue, carts, rng)
        carts += len(person)
        logins = accounts.log_in(visits, day, rng)
        known = accounts.known
        stores = draw_store_visits(day_at, known, people, carts, rng)
        carts += len(stores)
        mails = (
            draw_email(day_at, day // 7, known & accounts.consents, people, rng)
            if weekday == CAMPAIGN_WEEKDAY
            else empty()
        )
        planned = np.concatenate([later, returns])
        today = planned["at"] < day_at + DAY_US
        facts = np.concatenate([events, planned[today], logins, stores, mails])
        accounts.tell(facts)
        changes = accounts.change_traits(facts, day_at, rng)
        return np.concatenate([facts, changes]), planned[~today], carts


def _one(table: pa.Table) -> Iterator[pa.RecordBatch]:
    yield from table.combine_chunks().to_batches()
