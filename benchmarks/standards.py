"""The stage of rules: microseconds per event for values that are normal, that are changed, that are amounts of money, and that are new.

Seven rules, of which an event meets three to five. Events of one batch are taken together, as the runner does. The first batch is not counted.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from statistics import median

from coterie.connectors.sources.tracking.tracked import Tracked
from coterie.governance.parse import parse_text
from coterie.governance.standardise import Standardise

BATCH, ROUNDS = 2_000, 30
AT = 1_767_355_200_000_000
RULES = """\
key: shop
rules:
  - {property: country, country: alpha-2}
  - {property: plan, vocabulary: {terms: {pro: [professional], free: []}}}
  - {property: [price, shipping], currency: {to: EUR, rates: ecb.csv}}
  - {property: weight, unit: {to: kg, from: g, from_in: weight_unit}}
  - {trait: language, language: locale}
  - {trait: phone, identifier: phone, phone: "NO"}
  - {trait: email, identifier: email, email: {tag: drop}}
"""
RATES = "Date,NOK,SEK\n2026-01-02,11.5,11.1\n"
Make = Callable[[random.Random], Tracked]


def _view(rng: random.Random, countries: tuple[str, ...], plans: tuple[str, ...]) -> Tracked:
    properties = {"country": rng.choice(countries), "plan": rng.choice(plans), "page": "/x", "title": "t"}
    return Tracked("e", "view", (("user_id", f"u{rng.randrange(10_000)}"),), AT, properties)


def normal(rng: random.Random) -> Tracked:
    return _view(rng, ("NO", "SE"), ("pro", "free"))


def changed(rng: random.Random) -> Tracked:
    return _view(rng, ("Norway", "Sweden"), ("Professional", "FREE"))


def money(rng: random.Random) -> Tracked:
    properties = {"price": round(rng.random() * 100, 2), "currency": rng.choice(("NOK", "SEK")), "country": "NO"}
    return Tracked("e", "order", (("user_id", f"u{rng.randrange(10_000)}"),), AT, properties)


def address(rng: random.Random) -> Tracked:
    text = f"Person.{rng.randrange(10**9)}@Example.com"
    return Tracked("e", "$identify", (("email", text),), AT, {"email": text})


def phone(rng: random.Random) -> Tracked:
    text = f"4{rng.randrange(10**7):07d}"
    return Tracked("e", "$identify", (("phone", text),), AT, {"phone": text})


def microseconds(make: Make) -> float:
    """Return the median over the batches, per event."""
    rng = random.Random(7)
    stage = Standardise(parse_text(RULES, "shop.yaml", lambda name: RATES))
    told = []
    for _ in range(ROUNDS):
        batch = [make(rng) for _ in range(BATCH)]
        begun = time.perf_counter()
        stage.apply(batch, "web", AT)
        told.append((time.perf_counter() - begun) / BATCH * 1e6)
    return round(median(told[1:]), 2)


def main() -> None:
    found = {
        "normal_us": microseconds(normal),
        "changed_us": microseconds(changed),
        "money_us": microseconds(money),
        "new_address_us": microseconds(address),
        "new_phone_us": microseconds(phone),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
