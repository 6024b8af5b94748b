"""The people of the simulated shop: who they truly are, drawn once as columns of one row per person."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from coterie.limits import MINUTE_US

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEVER_DAY = 1 << 20
"""A day number beyond every simulation."""


class PersonType(Struct, frozen=True):
    """How people of one kind behave. Shares of all types add up to 1."""

    name: str
    share: float
    visits: float
    """Relative number of visits per day."""
    views: float
    """Mean product views per visit."""
    cart: float
    """Probability that a visit with a product view puts something in a cart."""
    checkout: float
    """Probability that a cart is checked out in the same visit."""
    comes_back: float
    """Probability that an abandoned cart is checked out later."""
    price: float
    """Factor on the quantity bought."""
    coupon: float
    account: float
    """Probability of ever having an account."""
    sale: float = 1.0
    """Factor on visits at weekends, when the shop has its sales."""


TYPES = (
    PersonType("browser", 0.38, 0.8, 3.0, 0.05, 0.35, 0.10, 1.0, 0.10, 0.35),
    PersonType("bargain_hunter", 0.20, 0.9, 3.5, 0.20, 0.40, 0.20, 1.0, 0.80, 0.75, sale=2.5),
    PersonType("loyal", 0.14, 2.2, 2.5, 0.22, 0.75, 0.45, 1.3, 0.20, 1.00),
    PersonType("lapsing", 0.12, 1.4, 2.5, 0.15, 0.55, 0.10, 1.0, 0.20, 0.90),
    PersonType("newcomer", 0.13, 1.1, 3.0, 0.16, 0.50, 0.30, 1.0, 0.30, 0.80),
    PersonType("whale", 0.03, 2.0, 4.0, 0.35, 0.80, 0.50, 4.0, 0.05, 1.00),
)
BROWSER, BARGAIN, LOYAL, LAPSING, NEWCOMER, WHALE = range(6)
COUNTRIES = ("DE", "FR", "GB", "IN", "NO", "US")
UTC_OFFSETS_H = (1, 1, 0, 5, 1, -6)
COUNTRY_SHARES = (0.25, 0.15, 0.20, 0.10, 0.05, 0.25)
# fmt: off
FIRST_NAMES = (
    "Ada", "Amir", "Anna", "Bo", "Carla", "Chen", "Dana", "Elif", "Emma", "Femi", "Gita", "Hana", "Ida", "Ivan",
    "Jonas", "Kofi", "Lea", "Lina", "Maja", "Mateo", "Mia", "Nadia", "Nils", "Noor", "Olga", "Omar", "Pia", "Priya",
    "Ravi", "Rosa", "Sami", "Sofia", "Tara", "Theo", "Uma", "Vera", "Yara", "Yusuf", "Zoe", "Per",
)
LAST_NAMES = (
    "Abbasi", "Andersen", "Bauer", "Berg", "Castro", "Costa", "Dahl", "Diallo", "Eriksen", "Fischer", "Garcia",
    "Haddad", "Hansen", "Ito", "Jansen", "Kaya", "Khan", "Kim", "Larsen", "Lopez", "Mehta", "Meyer", "Moreau",
    "Nguyen", "Novak", "Okafor", "Olsen", "Patel", "Petrov", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Smith",
    "Tanaka", "Weber", "Wilson", "Yilmaz", "Zhang",
)
# fmt: on


class People(NamedTuple):
    """One entry per person in every array; ``login_day`` has one column per device."""

    type: NDArray[np.int8]
    rate: Floats
    """Visits on an ordinary day."""
    country: NDArray[np.int8]
    joins: Ints
    """Day of the first possible visit."""
    quits: Ints
    """Day after which interest fades."""
    devices: NDArray[np.int8]
    has_account: Flags
    returning: Flags
    """Had an account before the simulation began: known from the first event on the first device."""
    login_day: Ints
    """(people, 2): first day on which a visit on that device logs in."""
    favourite: NDArray[np.int32]
    skew_us: Ints
    """How far the clock of the person's devices is ahead."""
    consents: Flags
    name: Ints
    """Index of first and last name together."""


def draw_people(count: int, days: int, products: int, visits_per_day: float, rng: np.random.Generator) -> People:
    """Return ``count`` people whose mean number of visits per day and person is about ``visits_per_day``."""
    kind = rng.choice(len(TYPES), count, p=[t.share for t in TYPES]).astype(np.int8)
    spread = rng.gamma(1.2, 1 / 1.2, count)
    relative = np.array([t.visits for t in TYPES])[kind] * spread
    joins = np.where(kind == NEWCOMER, rng.integers(0, max(days * 3 // 4, 1), count), 0)
    quits = np.where(kind == LAPSING, rng.integers(0, max(days * 2 // 3, 1), count), NEVER_DAY)
    active = np.minimum(quits + 2, days).clip(0) - joins
    has_account = rng.random(count) < np.array([t.account for t in TYPES])[kind]
    returning = has_account & (kind != NEWCOMER) & (rng.random(count) < 0.6)
    login_day = np.where(has_account[:, None], joins[:, None] + rng.geometric(0.12, (count, 2)) - 1, NEVER_DAY)
    clock = rng.random(count)
    skew = np.where(clock < 0.02, rng.integers(1, 4 * MINUTE_US, count), 0)
    skew = np.where(clock > 0.98, -rng.integers(1, 4 * MINUTE_US, count), skew)
    return People(
        type=kind,
        rate=relative * (visits_per_day * count * days / max(float((relative * active).sum()), 1.0)),
        country=rng.choice(len(COUNTRIES), count, p=COUNTRY_SHARES).astype(np.int8),
        joins=joins,
        quits=quits,
        devices=np.where(rng.random(count) < 0.35, 2, 1).astype(np.int8),
        has_account=has_account,
        returning=returning,
        login_day=login_day,
        favourite=(products * rng.random(count) ** 2).astype(np.int32),
        skew_us=skew,
        consents=rng.random(count) < 0.7,
        name=rng.integers(0, len(FIRST_NAMES) * len(LAST_NAMES), count),
    )
