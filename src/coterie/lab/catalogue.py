"""What the simulated shop sells, and the words its events use."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coterie.model import IDENTIFY, MERGE, SET


class Kind(IntEnum):
    """The kinds of rows the shop writes. Several kinds may share one event name."""

    SESSION = 0
    PAGE = 1
    PRODUCT = 2
    CART = 3
    CHECKOUT = 4
    ORDER = 5
    STORE_VISIT = 6
    STORE_ORDER = 7
    EMAIL = 8
    IDENTIFY = 9
    CONSENT = 10
    PLAN = 11
    STATUS = 12
    MERGE = 13


EVENT_NAMES = (
    "session_started",
    "page_view",
    "product_view",
    "add_to_cart",
    "checkout_started",
    "order_completed",
    "store_visit",
    "order_completed",
    "email_opened",
    IDENTIFY,
    SET,
    SET,
    SET,
    MERGE,
)
"""The event name of each kind."""
FIRST_SYSTEM_KIND = Kind.IDENTIFY

CATEGORIES = ("books", "garden", "home", "kitchen", "music", "outdoor", "shoes", "toys")
PATHS = ("/", "/about", "/delivery", "/journal", "/new", "/sale", "/search", "/stores")
DEVICES = ("phone", "laptop")
SOURCES = ("ads", "direct", "email", "search", "social")
SOURCE_SHARES = (0.15, 0.35, 0.10, 0.30, 0.10)
STORES = ("bergen", "berlin", "chicago", "london", "lyon", "pune")
PLANS = ("free", "plus", "pro")
STATUSES = ("onboarding", "active")


class Catalogue(NamedTuple):
    """One entry per product."""

    cents: NDArray[np.int64]
    category: NDArray[np.int8]

    @property
    def size(self) -> int:
        return len(self.cents)


def draw_catalogue(products: int, rng: np.random.Generator) -> Catalogue:
    """Return a catalogue with log-normal prices, most between 5 and 150."""
    cents = np.exp(rng.normal(3.3, 0.8, products)).clip(1, 900) * 100
    return Catalogue(cents.astype(np.int64), rng.integers(0, len(CATEGORIES), products).astype(np.int8))
