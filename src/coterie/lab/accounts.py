"""Who is known by which id: logins, the merges they cause, and the traits that follow."""

from __future__ import annotations

import numpy as np

from coterie.lab.catalogue import PLANS, Kind
from coterie.lab.facts import Facts, empty, facts_of
from coterie.lab.people import LOYAL, WHALE, Flags, People
from coterie.lab.visits import Visits
from coterie.limits import SECOND_US

FAR = np.int64(1) << 62
WITHDRAW_SHARE = 0.001
"""Probability per day that a person changes their mind about e-mail."""


class Accounts:
    """The state of every account, moved on day by day."""

    def __init__(self, people: People) -> None:
        count = len(people.type)
        self._people = people
        self.login_at = np.full((count, 2), FAR)
        """When each device began to speak under the person's own id."""
        self.plan = np.zeros(count, np.int8)
        self.consents = people.consents.copy()
        self.active = np.zeros(count, np.bool_)
        """Has the status ``active``: ordered at least once."""

    @property
    def known(self) -> Flags:
        """People with an id of their own, each device counted."""
        flags: Flags = (self.login_at != FAR).any(axis=1)
        return flags

    def log_in(self, visits: Visits, day: int, rng: np.random.Generator) -> Facts:
        """Log in the devices whose day has come, at their first visit, and return what that writes."""
        people = self._people
        pair = visits.person * 2 + visits.device
        order = np.lexsort((visits.at, pair))
        chosen, where = np.unique(pair[order], return_index=True)
        index = order[where]
        person, device = chosen // 2, chosen % 2
        waits = self.login_at[person, device] == FAR
        recognised = people.returning[person] & (device == 0)
        due = waits & (recognised | (people.login_day[person, device] <= day))
        person, device, index, recognised = person[due], device[due], index[due], recognised[due]
        pause = np.where(recognised, 0, rng.integers(5 * SECOND_US, 90 * SECOND_US, len(person)))
        at = visits.at[index] + pause
        self.login_at[person, device] = at
        identify = facts_of(Kind.IDENTIFY, person, at, device=device, known=True)
        consent = facts_of(Kind.CONSENT, person, at, device=device, detail=self.consents[person], known=True)
        status = facts_of(Kind.STATUS, person, at, device=device, detail=self.active[person], known=True)
        new = ~recognised
        merge = facts_of(Kind.MERGE, person[new], at[new], device=device[new], known=True)
        return np.concatenate([identify, consent, status, merge])

    def tell(self, facts: Facts) -> None:
        """Mark which facts were told under the person's own id."""
        device = np.minimum(facts["device"], 1)
        facts["known"] |= facts["at"] >= self.login_at[facts["person"], device]

    def change_traits(self, facts: Facts, day_at: int, rng: np.random.Generator) -> Facts:
        """Return what changes on a day: first orders make people active, some upgrade, some withdraw consent."""
        known = self.known
        orders = facts[(facts["kind"] == Kind.ORDER) & facts["known"]]
        who, first = np.unique(orders["person"], return_index=True)
        fresh = ~self.active[who]
        self.active[who] = True
        status = facts_of(Kind.STATUS, who[fresh], orders["at"][first[fresh]] + SECOND_US, detail=1, known=True)
        keen = np.isin(self._people.type, (LOYAL, WHALE))
        upgrades = known & (self.plan < len(PLANS) - 1) & (rng.random(len(known)) < np.where(keen, 0.012, 0.001))
        person = np.flatnonzero(upgrades)
        self.plan[person] += 1
        plan = facts_of(Kind.PLAN, person, day_at + rng.integers(0, 86_400, len(person)) * SECOND_US, known=True)
        plan["detail"] = self.plan[person]
        wavers = np.flatnonzero(known & (rng.random(len(known)) < WITHDRAW_SHARE))
        self.consents[wavers] = ~self.consents[wavers]
        consent = facts_of(Kind.CONSENT, wavers, day_at + rng.integers(0, 86_400, len(wavers)) * SECOND_US, known=True)
        consent["detail"] = self.consents[wavers]
        return np.concatenate([status, plan, consent]) if len(facts) else empty()
