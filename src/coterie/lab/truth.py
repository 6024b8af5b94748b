"""What is true of the simulated shop, counted by the simulator itself and not by any reader of segments."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from coterie.lab.catalogue import FIRST_SYSTEM_KIND, Kind
from coterie.lab.facts import Facts
from coterie.lab.people import TYPES, Ints, People
from coterie.lab.rows import profiles
from coterie.limits import DAY_US

NONE = -(np.int64(1) << 62)
SLOTS = 3
"""Profiles that a person may leave behind: their own, and an anonymous one per device."""


class Ledger:
    """Counts per possible profile, kept while the stream runs; ``end`` is the instant the truth is told for."""

    def __init__(self, people: People, end: int) -> None:
        self._people, self._end = people, end
        size = len(people.type) * SLOTS
        self.records = np.zeros(size, np.int64)
        self.orders = np.zeros(size, np.int64)
        self.cents = np.zeros(size, np.int64)
        self.last = {name: np.full(size, NONE) for name in ("any", "cart", "checkout")}
        self.merged_at: Ints = np.full(size, NONE)

    def record(self, facts: Facts, occurred: Ints) -> None:
        """Take in facts that arrived; copies count once."""
        fresh = ~facts["copy"]
        facts, occurred = facts[fresh], occurred[fresh]
        slot = slots(facts)
        np.add.at(self.records, slot, 1)
        kind = facts["kind"]
        bought = (kind == Kind.ORDER) | (kind == Kind.STORE_ORDER)
        np.add.at(self.orders, slot[bought], 1)
        np.add.at(self.cents, slot[bought], facts["cents"][bought])
        wanted = {
            "any": kind < FIRST_SYSTEM_KIND,
            "cart": (kind == Kind.CART) & (occurred <= self._end - DAY_US),
            "checkout": kind == Kind.CHECKOUT,
        }
        for name, which in wanted.items():
            np.maximum.at(self.last[name], slot[which], occurred[which])
        merges = facts[kind == Kind.MERGE]
        self.merged_at[merges["person"].astype(np.int64) * SLOTS + 1 + merges["device"]] = merges["received"]

    def _folded(self) -> dict[str, Ints]:
        """Return every column with merged devices added to the person's own profile; theirs are emptied."""
        merged = np.flatnonzero(self.merged_at != NONE)
        owner = merged - merged % SLOTS
        folded = {"records": self.records.copy(), "orders": self.orders.copy(), "cents": self.cents.copy()}
        for column in folded.values():
            np.add.at(column, owner, column[merged])
            column[merged] = 0
        for name, column in self.last.items():
            folded[name] = column.copy()
            np.maximum.at(folded[name], owner, column[merged])
        return folded

    def table(self) -> pa.Table:
        """Return one row per profile that is known at the end."""
        folded = self._folded()
        slot = np.flatnonzero(folded["records"])
        person = slot // SLOTS
        cart, checkout, last = folded["cart"][slot], folded["checkout"][slot], folded["any"][slot]
        return pa.table(
            {
                "profile": profiles(slot),
                "person": person,
                "type": pa.array(np.array([t.name for t in TYPES])[self._people.type[person]]),
                "identified": slot % SLOTS == 0,
                "orders": folded["orders"][slot],
                "spent": folded["cents"][slot] / 100,
                "last_seen_at": pa.array(last, mask=last == NONE),
                "at_risk": (cart != NONE) & (checkout <= cart),
            }
        )

    def merges(self) -> pa.Table:
        """Return one row per merge that arrived: (at, survivor, loser)."""
        slot = np.flatnonzero(self.merged_at != NONE)
        slot = slot[np.argsort(self.merged_at[slot], kind="stable")]
        return pa.table(
            {"at": self.merged_at[slot], "survivor": profiles(slot - slot % SLOTS), "loser": profiles(slot)}
        )


def slots(facts: Facts) -> Ints:
    """Return the number of the profile under which each fact was told."""
    person = facts["person"].astype(np.int64) * SLOTS
    return np.where(facts["known"], person, person + 1 + np.minimum(facts["device"], 1))
