"""What happens in visits: pages, products with favourites, carts, checkouts, orders, and abandoned carts that come back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coterie.lab.catalogue import PATHS, SOURCE_SHARES, Catalogue, Kind
from coterie.lab.facts import Facts, empty, facts_of
from coterie.lab.people import TYPES, Ints, People
from coterie.limits import HOUR_US, SECOND_US

FAVOURITE_SHARE = 0.5
"""Share of product views that go to the visit's own product, which half of the time is the person's favourite."""
COUPON_PERCENT = 15


class Visits(NamedTuple):
    """One entry per visit."""

    person: Ints
    device: NDArray[np.int8]
    at: Ints
    """When it begins."""


def events_per_visit() -> float:
    """Return the mean number of events of a visit, about."""
    weight = sum(t.share * t.visits for t in TYPES)
    buying = [t.cart * (1.4 + t.checkout * 1.85) for t in TYPES]
    return sum(t.share * t.visits * (2.3 + t.views + b) for t, b in zip(TYPES, buying, strict=True)) / weight


def trait(person_types: NDArray[np.int8], name: str) -> NDArray[np.float64]:
    return np.array([getattr(t, name) for t in TYPES])[person_types]


def draw_events(
    visits: Visits, people: People, catalogue: Catalogue, first_cart: int, rng: np.random.Generator
) -> tuple[Facts, Facts]:
    """Return (the facts of the visits, the facts of carts that are checked out on a later return).

    Carts are numbered from ``first_cart`` by the place of their visit.
    """
    count = len(visits.person)
    kinds = people.type[visits.person]
    pages = 1 + rng.poisson(0.3, count)
    views = rng.poisson(trait(kinds, "views"))
    has_cart = (rng.random(count) < trait(kinds, "cart")) & (views > 0)
    adds = np.where(has_cart, 1 + rng.poisson(0.4, count), 0)
    checks = has_cart & (rng.random(count) < trait(kinds, "checkout"))
    orders = checks & (rng.random(count) < 0.85)
    length = 1 + pages + views + adds + checks + orders
    visit = np.repeat(np.arange(count), length)
    place = np.arange(len(visit)) - np.repeat(np.cumsum(length) - length, length)
    ends = np.cumsum(np.stack([np.ones(count, np.int64), pages, views, adds, checks, orders]), axis=0)
    kind = np.zeros(len(visit), np.int8)
    for edge in ends[:-1]:
        kind += place >= edge[visit]
    facts = empty(len(visit))
    facts["kind"], facts["person"], facts["device"] = kind, visits.person[visit], visits.device[visit]
    facts["at"] = visits.at[visit] + _pauses(place, visit, length, rng)
    facts["cart"] = np.where(kind >= Kind.CART, first_cart + visit, -1)
    totals = _fill(facts, visit, people, catalogue, rng)
    last = facts["at"][np.cumsum(length) - 1] if count else visits.at
    back = has_cart & ~checks & (rng.random(count) < trait(kinds, "comes_back"))
    return facts, _returns(visits, back, last, totals, first_cart, rng)


def _pauses(place: Ints, visit: Ints, length: Ints, rng: np.random.Generator) -> Ints:
    """Return microseconds since the visit began: pauses of 30 s on average, nothing between two facts at times."""
    gaps = (rng.exponential(30.0, len(place)) * SECOND_US).astype(np.int64)
    gaps[(place == 0) | (rng.random(len(place)) < 0.01)] = 0
    total = np.cumsum(gaps)
    first = np.cumsum(length) - length
    elapsed: Ints = total - total[first][visit]
    return elapsed


def _fill(facts: Facts, visit: Ints, people: People, catalogue: Catalogue, rng: np.random.Generator) -> Ints:
    """Give each fact its product, price and detail; return the cart total of each visit in cents."""
    kind, person, many = facts["kind"], facts["person"], len(facts)
    visits = int(visit[-1]) + 1 if many else 0
    own = (catalogue.size * rng.random(visits) ** 3).astype(np.int32)
    first = np.searchsorted(visit, np.arange(visits))
    likes = people.favourite[person[first]] if visits else own
    own = np.where(rng.random(visits) < 0.5, likes, own)
    browsing = (catalogue.size * rng.random(many) ** 2).astype(np.int32)
    product = np.where(rng.random(many) < FAVOURITE_SHARE, own[visit], browsing)
    product = np.where(kind == Kind.CART, own[visit], product)
    has_product = (kind == Kind.PRODUCT) | (kind == Kind.CART)
    facts["product"] = np.where(has_product, product, -1)
    factor = trait(people.type[person], "price")
    quantity = np.where(kind == Kind.CART, 1 + rng.poisson(0.3 * factor), 1)
    facts["cents"] = np.where(has_product, catalogue.cents[product] * quantity, 0)
    adding = kind == Kind.CART
    totals: Ints = np.bincount(visit[adding], facts["cents"][adding], visits).astype(np.int64)
    coupon = (kind == Kind.ORDER) & (rng.random(many) < trait(people.type[person], "coupon"))
    paid = np.where(coupon, totals[visit] * (100 - COUPON_PERCENT) // 100, totals[visit])
    facts["cents"] = np.where(kind >= Kind.CHECKOUT, paid, facts["cents"])
    detail = np.where(kind == Kind.CART, quantity, coupon.astype(np.int64))
    paths = rng.integers(0, len(PATHS), many)
    sources = rng.choice(len(SOURCE_SHARES), many, p=SOURCE_SHARES)
    facts["detail"] = np.select([kind == Kind.SESSION, kind == Kind.PAGE], [sources, paths], detail)
    return totals


def _returns(
    visits: Visits, back: NDArray[np.bool_], last: Ints, totals: Ints, first_cart: int, rng: np.random.Generator
) -> Facts:
    """Return session, checkout and order of carts that are taken up again, 20 hours later in the median."""
    which = np.flatnonzero(back)
    wait = np.exp(rng.normal(np.log(20.0), 0.9, len(which))) * HOUR_US
    person, device = visits.person[which], visits.device[which]
    at = last[which] + wait.astype(np.int64)
    common: dict[str, Any] = {"device": device}
    cart = {"cart": first_cart + which, "cents": totals[which], "detail": 0}
    session = facts_of(Kind.SESSION, person, at, detail=2, **common)
    checkout = facts_of(Kind.CHECKOUT, person, at + 40 * SECOND_US, **common, **cart)
    order = facts_of(Kind.ORDER, person, at + 95 * SECOND_US, **common, **cart)
    return np.concatenate([session, checkout, order])
