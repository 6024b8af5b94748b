"""How facts arrive: small delays, late ones, nightly uploads of stores, wrong clocks and repeated deliveries."""

from __future__ import annotations

import numpy as np

from coterie.lab.catalogue import Kind
from coterie.lab.facts import Facts
from coterie.lab.people import Ints, People
from coterie.limits import DAY_US, HOUR_US, MINUTE_US, SECOND_US

LATE_SHARE = 0.01
"""Facts that arrive up to ten minutes late."""
OFFLINE_SHARE = 0.002
"""Facts of devices that were offline: up to a day and a half late."""


def deliver(facts: Facts, duplicates: float, rng: np.random.Generator) -> Facts:
    """Return the facts with their instants of arrival, and with copies of a share of them."""
    many = len(facts)
    delay = rng.integers(50_000, 4 * SECOND_US, many)
    fate = rng.random(many)
    delay += np.where(fate < LATE_SHARE, rng.integers(0, 10 * MINUTE_US, many), 0)
    delay += np.where(fate > 1 - OFFLINE_SHARE, rng.integers(10 * MINUTE_US, 36 * HOUR_US, many), 0)
    facts["received"] = facts["at"] + delay
    stores = (facts["kind"] == Kind.STORE_VISIT) | (facts["kind"] == Kind.STORE_ORDER)
    midnight = facts["at"] - facts["at"] % DAY_US + DAY_US
    upload = rng.integers(0, 600, many) * SECOND_US
    facts["received"] = np.where(stores, midnight + 2 * HOUR_US + upload, facts["received"])
    if duplicates <= 0:
        return facts
    copies = facts[rng.random(many) < duplicates]
    copies["received"] += rng.integers(SECOND_US, 2 * MINUTE_US, len(copies))
    copies["copy"] = True
    return np.concatenate([facts, copies])


def arrive(facts: Facts, until: int) -> tuple[Facts, Facts]:
    """Return (the facts received before ``until`` in log order, the rest)."""
    ready = facts["received"] < until
    now = facts[ready]
    return now[np.lexsort((now["serial"], now["received"]))], facts[~ready]


def occurred(facts: Facts, people: People) -> Ints:
    """Return the instants that the log tells: by the device's own clock, and never after arrival."""
    skew = np.where(facts["kind"] < Kind.STORE_VISIT, people.skew_us[facts["person"]], 0)
    told: Ints = np.minimum(facts["at"] + skew, facts["received"])
    return told
