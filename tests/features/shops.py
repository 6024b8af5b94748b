"""A simulated shop as a project, the feature set that uses everything on it, and the same features by the other two readers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import json

from coterie.engine.project import Project
from coterie.features.plan import Plan, Reading
from coterie.features.table import Floats
from coterie.features.tabulation import texts_of
from coterie.lab import Shop
from coterie.limits import DAY_US
from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.live import Live
from coterie.segments.oracle import Oracle
from coterie.storage.log import conform
from coterie.values import canonical

SET = """\
key: everything
time_zone: Europe/Oslo
who: {did: {event: any}}
built_in:
- rfm: {event: order_completed, amount: total, order: order_id}
- rfm: {event: product_view, within: 7d}
  prefix: view_
- tenure: {}
- tenure: {event: order_completed, since_trait: created_at}
  prefix: trait_
- rhythm: {event: page_view}
- basket: {event: order_completed, amount: total, product: order_id}
- basket: {event: add_to_cart, amount: value, quantity: quantity, product: product_id, order: cart_id}
  prefix: cart_
- mix: {event: product_view, property: category, top: 3}
- mix: {event: product_view, property: category, values: [shoes, toys], weight: price, within: 14d}
  prefix: price_
- mix: {event: session_started, property: device}
- mix: {event: order_completed, property: channel}
- discount: {event: order_completed, property: coupon, amount: total}
- sessions: {pages: page_view}
- sessions: {event: [page_view, product_view], gap: 5m, within: 14d}
  prefix: short_
- sessions: {event: add_to_cart, id: cart_id}
  prefix: cart_
- velocity: {}
- hours: {weekdays: true}
features:
  orders_2w: {aggregate: {kind: count, event: order_completed, within: 14d}}
  basket_log: {formula: "log1p(fill(order_value, 0)) * 2 - min(orders_2w, 3)"}
  country: {trait: {name: country, as: category}}
  joined: {trait: {name: created_at, as: days_since}}
  birthday: {trait: {name: birthday, as: days_to_anniversary}}
  plan: {trait: {name: plan, as: category}}
  marketing: {meets: {any: [{consented: {purpose: marketing, default: out}}, {trait: {name: plan, equals: pro}}]}}
  buyer: {meets: {not: {did_not: {event: order_completed}}}, hidden: true}
  cold: {since: {event: page_view, in: hours, whole: true}, missing: -1}
  per_order: {formula: (monetary - 5) / (frequency * buyer)}
"""


@cache
def log() -> pa.Table:
    return conform(Shop(people=120, days=21, seed=11, hot=False, events=6_000).table())


def project(folder: Path, rows: pa.Table | None = None, **files: str) -> Project:
    """Return a project with the shop's log in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "coterie.yaml").write_text("name: shop\n")
    for name, text in files.items():
        (folder / name).mkdir(exist_ok=True)
        for part in text.split("---\n"):
            key = part.partition("\n")[0].removeprefix("key: ")
            (folder / name / f"{key}.yaml").write_text(part)
    made = Project(folder)
    made.events.append(log() if rows is None else rows)
    return made


def events_of(rows: pa.Table) -> list[Event]:
    return [
        Event(
            id=row["event_id"], profile=row["profile"], name=row["name"], occurred_at=row["occurred_at"],
            received_at=row["received_at"], properties=json.decode(row["properties"]),
        )
        for row in rows.to_pylist()
    ]  # fmt: skip


@cache
def middle() -> int:
    """Return an instant in the midst of the log at which something had happened long ago and had not arrived yet."""
    rows = log()
    occurred, received = rows["occurred_at"].to_numpy(), rows["received_at"].to_numpy()
    delay = np.where(
        (received > np.quantile(received, 0.5)) & (received < np.quantile(received, 0.9)), received - occurred, 0
    )
    return int(received[int(delay.argmax())]) - 1


def end() -> int:
    return int(log()["received_at"][-1].as_py()) + DAY_US


def by_oracle(reading: Reading, rows: pa.Table, at: int) -> tuple[list[str], Floats]:
    """Return (profiles, what was measured of them) as the oracle finds it."""
    oracle = Oracle(Catalog({}), events_of(rows))
    profiles = sorted(oracle.profiles(at))
    found: list[Any] = [oracle.measure(reading.terms, one, at) for one in profiles]
    return profiles, np.array([[np.nan if x is None else x for x in row] for row in found], np.float64)


def by_live(reading: Reading, rows: pa.Table, at: int) -> tuple[list[str], Floats]:
    """Return the same as the live reader holds it when it has been given what had arrived."""
    live = Live(Catalog({}, measures={"features": reading.terms}), history=lambda ids: [rows])
    live.apply(rows.filter(pa.array(rows["received_at"].to_numpy() <= at)))
    live.advance(at)
    known = live.known_rows()
    profiles = live.profiles.ids_of(known).to_pylist()
    order = np.argsort(np.array(profiles))
    return [profiles[i] for i in order], live.measure("features", known)[order]


def categories(plan: Plan, rows: pa.Table, at: int) -> dict[str, list[str | None]]:
    """Return the categories of everybody, ascending by profile, as the oracle reads them."""
    oracle = Oracle(Catalog({}), events_of(rows))
    from coterie.segments.oracle.terms import value_of

    found: dict[str, list[str | None]] = {}
    for feature in plan.features:
        if feature.term is not None:
            facts = [oracle.facts(one, at) for one in sorted(oracle.profiles(at))]
            told = [None if one is None else value_of(feature.term, one, at) for one in facts]
            found[feature.name] = texts_of([None if one is None else canonical(one) for one in told]).tolist()
    return found
