"""What happens away from the site: visits to stores, and e-mails that are opened."""

from __future__ import annotations

import numpy as np

from coterie.lab.catalogue import STORES, Kind
from coterie.lab.facts import Facts, facts_of
from coterie.lab.people import BARGAIN, LOYAL, WHALE, Flags, People
from coterie.limits import DAY_US, HOUR_US, MINUTE_US, SECOND_US

STORE_SHARE = 0.012
"""Probability per day that a known bargain hunter, loyal person or whale visits a store."""
CAMPAIGN_WEEKDAY = 1
"""E-mails go out on Tuesdays at nine."""
OPEN_SHARE = 0.3


def draw_store_visits(day_at: int, known: Flags, people: People, first_cart: int, rng: np.random.Generator) -> Facts:
    """Return visits to stores by people with an account; two thirds of them buy. Order numbers from ``first_cart``."""
    goes = known & np.isin(people.type, (BARGAIN, LOYAL, WHALE)) & (rng.random(len(known)) < STORE_SHARE)
    person = np.flatnonzero(goes)
    at = day_at + 9 * HOUR_US + rng.integers(0, 9 * HOUR_US // SECOND_US, len(person)) * SECOND_US
    store = people.country[person] % len(STORES)
    visits = facts_of(Kind.STORE_VISIT, person, at, detail=store, known=True)
    buys = rng.random(len(person)) < 0.66
    cents = (np.exp(rng.normal(3.6, 0.7, len(person))) * 100).astype(np.int64)
    orders = facts_of(
        Kind.STORE_ORDER,
        person[buys],
        at[buys] + 12 * MINUTE_US,
        detail=store[buys],
        cents=cents[buys],
        cart=first_cart + np.flatnonzero(buys),
        known=True,
    )
    return np.concatenate([visits, orders])


def draw_email(day_at: int, campaign: int, reachable: Flags, people: People, rng: np.random.Generator) -> Facts:
    """Return the opens of one campaign by people who can be reached."""
    person = np.flatnonzero(reachable & (rng.random(len(reachable)) < OPEN_SHARE))
    delay = (rng.exponential(4.0, len(person)) * HOUR_US).astype(np.int64)
    at = day_at + 9 * HOUR_US + np.minimum(delay, 14 * HOUR_US)
    return facts_of(Kind.EMAIL, person, np.minimum(at, day_at + DAY_US - 1), detail=campaign, known=True)
