"""Facts as Arrow: the columns of the log, properties as canonical JSON or as typed columns."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.lab.catalogue import (
    CATEGORIES,
    DEVICES,
    EVENT_NAMES,
    PATHS,
    PLANS,
    SOURCES,
    STATUSES,
    STORES,
    Catalogue,
    Kind,
)
from coterie.lab.facts import Facts
from coterie.lab.people import COUNTRIES, FIRST_NAMES, LAST_NAMES, Ints, People
from coterie.values import canonical, normal

NAMES = tuple(sorted(set(EVENT_NAMES)))
NAME_CODES = np.array([NAMES.index(name) for name in EVENT_NAMES], np.int32)


def profiles(slot: Ints) -> pa.Array:
    """Return profile ids: ``p-000042`` is person 42, ``a-000042-1`` what their first device is called before login."""
    return pa.array(
        [
            f"p-{person:06d}" if not which else f"a-{person:06d}-{which}"
            for person, which in zip((slot // 3).tolist(), (slot % 3).tolist(), strict=True)
        ],
        pa.string(),
    )


def event_keys(ids: list[str]) -> Ints:
    """Return ``values.event_key`` of every id, about a microsecond each."""
    digests = b"".join([blake2b(one.encode(), digest_size=8).digest() for one in ids])
    return np.frombuffer(digests, ">i8").astype(np.int64)


def money(cents: Ints) -> list[str]:
    """Return amounts as canonical JSON numbers."""
    return [str(c // 100) if c % 100 == 0 else str(c / 100) for c in cents.tolist()]


class Rows:
    """Writes facts as tables of the log's columns. ``hot``: properties as typed ``p.…`` columns instead of JSON."""

    def __init__(self, people: People, catalogue: Catalogue, prefix: str, hot: bool, start: int) -> None:
        self._people, self._catalogue, self._prefix, self._hot, self._start = people, catalogue, prefix, hot, start
        self._product_ids = [f"sku-{number:05d}" for number in range(catalogue.size)]
        self._product_json = [
            canonical({"category": CATEGORIES[c], "price": normal(p / 100), "product_id": i})
            for i, p, c in zip(self._product_ids, catalogue.cents.tolist(), catalogue.category.tolist(), strict=True)
        ]

    def table(self, facts: Facts, occurred: Ints, slot: Ints, first: int) -> pa.Table:
        """Return the log of ``facts``, which are in log order; positions count from ``first``."""
        ids = [f"{self._prefix}{serial}" for serial in facts["serial"].tolist()]
        unique, inverse = np.unique(slot, return_inverse=True)
        columns: dict[str, Any] = {
            "position": np.arange(first, first + len(facts)),
            "event_id": pa.array(ids, pa.string()),
            "event_key": event_keys(ids),
            "profile": profiles(unique).take(pa.array(inverse)),
            "name": pa.DictionaryArray.from_arrays(NAME_CODES[facts["kind"]], list(NAMES)),
            "occurred_at": occurred,
            "received_at": facts["received"],
            "properties": self._properties(facts),
        }
        if self._hot:
            columns |= self._typed(facts)
        return pa.table(columns)

    def _properties(self, facts: Facts) -> pa.Array:
        texts = np.full(len(facts), "{}", object)
        for kind, write in self._writers().items():
            which = np.flatnonzero(facts["kind"] == kind)
            if len(which):
                texts[which] = write(facts[which])
        return pa.array(texts, pa.string())

    def _writers(self) -> dict[Kind, Callable[[Facts], list[str]]]:
        writers = {
            Kind.IDENTIFY: self._identify,
            Kind.CONSENT: lambda f: _choice(f["detail"], ['{"consent.marketing":false}', '{"consent.marketing":true}']),
            Kind.PLAN: lambda f: _choice(f["detail"], [canonical({"plan": plan}) for plan in PLANS]),
            Kind.STATUS: lambda f: _choice(f["detail"], [canonical({"status": status}) for status in STATUSES]),
            Kind.MERGE: lambda f: [
                f'{{"loser":"a-{p:06d}-{d + 1}"}}'
                for p, d in zip(f["person"].tolist(), f["device"].tolist(), strict=True)
            ],
        }
        return writers if self._hot else writers | self._event_writers()

    def _event_writers(self) -> dict[Kind, Callable[[Facts], list[str]]]:
        return {
            Kind.SESSION: lambda f: _choice(
                f["device"].astype(np.int64) * len(SOURCES) + f["detail"],
                [canonical({"device": device, "source": source}) for device in DEVICES for source in SOURCES],
            ),
            Kind.PAGE: lambda f: _choice(f["detail"], [canonical({"path": path}) for path in PATHS]),
            Kind.PRODUCT: lambda f: _choice(f["product"], self._product_json),
            Kind.CART: self._cart,
            Kind.CHECKOUT: lambda f: [
                f'{{"cart_id":"c-{c}","value":{v}}}' for c, v in zip(f["cart"].tolist(), money(f["cents"]), strict=True)
            ],
            Kind.ORDER: self._order,
            Kind.STORE_VISIT: lambda f: _choice(f["detail"], [canonical({"store": store}) for store in STORES]),
            Kind.STORE_ORDER: lambda f: [
                f'{{"channel":"store","order_id":"o-{o}","store":"{STORES[s]}","total":{v}}}'
                for o, s, v in zip(f["cart"].tolist(), f["detail"].tolist(), money(f["cents"]), strict=True)
            ],
            Kind.EMAIL: lambda f: [f'{{"campaign":"week-{c}"}}' for c in f["detail"].tolist()],
        }

    def _cart(self, f: Facts) -> list[str]:
        return [
            f'{{"cart_id":"c-{c}","product_id":"{self._product_ids[p]}","quantity":{q},"value":{v}}}'
            for c, p, q, v in zip(
                f["cart"].tolist(), f["product"].tolist(), f["detail"].tolist(), money(f["cents"]), strict=True
            )
        ]

    def _order(self, f: Facts) -> list[str]:
        return [
            f'{{"cart_id":"c-{c}","channel":"site","coupon":{"true" if k else "false"},"order_id":"o-{c}","total":{v}}}'
            for c, k, v in zip(f["cart"].tolist(), f["detail"].tolist(), money(f["cents"]), strict=True)
        ]

    def _identify(self, f: Facts) -> list[str]:
        people = self._people
        return [self._card(p, int(people.name[p]), bool(people.returning[p])) for p in f["person"].tolist()]

    def _card(self, person: int, name: int, returning: bool) -> str:
        first, last = FIRST_NAMES[name % len(FIRST_NAMES)], LAST_NAMES[name // len(FIRST_NAMES)]
        born = np.datetime64("1950-01-01") + (person * 7919) % 20_000
        joined = np.datetime64(self._start, "us").astype("M8[D]")
        joined += -1 - (person * 104_729) % 900 if returning else int(self._people.joins[person])
        traits = {
            "birthday": str(born),
            "country": COUNTRIES[self._people.country[person]],
            "created_at": str(joined),
            "email": f"{first}.{last}.{person}@example.com".lower(),
            "name": f"{first} {last}",
        }
        return canonical(traits)

    def _typed(self, facts: Facts) -> dict[str, pa.Array]:
        """Return the properties that segments of a shop ask most as typed columns."""
        kind, detail, cents = facts["kind"], facts["detail"], facts["cents"]
        product, cart = facts["product"], facts["cart"]
        category = self._catalogue.category[np.maximum(product, 0)]
        order = (kind == Kind.ORDER) | (kind == Kind.STORE_ORDER)
        site = (kind >= Kind.CART) & (kind <= Kind.ORDER)
        store = (kind == Kind.STORE_VISIT) | (kind == Kind.STORE_ORDER)
        return {
            "p.cart_id": _numbered("c-", cart, site),
            "p.category": _coded(category, CATEGORIES, kind == Kind.PRODUCT),
            "p.channel": _coded((kind == Kind.STORE_ORDER).astype(np.int32), ("site", "store"), order),
            "p.coupon": pa.array(detail == 1, mask=kind != Kind.ORDER),
            "p.device": _coded(facts["device"], DEVICES, kind == Kind.SESSION),
            "p.order_id": _numbered("o-", cart, order),
            "p.path": _coded(detail, PATHS, kind == Kind.PAGE),
            "p.price": pa.array(cents / 100, mask=kind != Kind.PRODUCT),
            "p.product_id": _coded(product, self._product_ids, product >= 0),
            "p.quantity": pa.array(detail.astype(np.int64), mask=kind != Kind.CART),
            "p.source": _coded(detail, SOURCES, kind == Kind.SESSION),
            "p.store": _coded(detail, STORES, store),
            "p.total": pa.array(cents / 100, mask=~order),
            "p.value": pa.array(cents / 100, mask=(kind != Kind.CART) & (kind != Kind.CHECKOUT)),
            "p.campaign": _numbered("week-", detail.astype(np.int64), kind == Kind.EMAIL),
        }


def _choice(index: Any, texts: list[str]) -> list[str]:
    return [texts[i] for i in index.tolist()]


def _coded(codes: Any, words: Any, there: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=~there), pa.array(words, pa.string()))


def _numbered(prefix: str, numbers: Any, there: Any) -> pa.Array:
    texts = np.full(len(numbers), None, object)
    texts[there] = [f"{prefix}{n}" for n in numbers[there].tolist()]
    return pa.array(texts, pa.string())
