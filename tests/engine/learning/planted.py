"""A shop with three kinds of buyers that nobody can mistake: few small orders long ago, a few now, many big ones now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from coterie.clock import ManualClock
from coterie.engine.project import Project
from coterie.limits import DAY_US
from coterie.storage.log import conform
from tests.storage.logs import rows

NOW = 20_500 * DAY_US
KINDS = (("once", 30, 1, 15.0, 200.0), ("now-and-then", 30, 4, 30.0, 30.0), ("regular", 30, 14, 120.0, 3.0))
"""Kind, people, orders, amount of one, days since the last."""
RFM = """key: rfm
title: Recency, frequency, money
who: {did: {event: order}}
built_in:
  - rfm: {event: order, amount: total, scores: false}
"""
BUYERS = """key: buyers
kind: clusters
title: Who buys how
features: rfm
k: 3
"""
WORTH = """key: worth
kind: value
purchase: order
amount: total
model: bg_nbd
"""
FILES = {"features/rfm.yaml": RFM, "models/buyers.yaml": BUYERS, "models/worth.yaml": WORTH}


def orders(seed: int = 0) -> list[dict[str, Any]]:
    """Return the orders of everybody, in order of arrival."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    for kind, people, count, amount, since in KINDS:
        for number in range(people):
            last = since * float(rng.uniform(0.8, 1.2))
            for order in range(count + int(rng.integers(0, 2))):
                at = NOW - round((last + order * float(rng.uniform(8, 12))) * DAY_US)
                told = {"total": round(amount * float(rng.uniform(0.8, 1.25)), 2)}
                who = f"{kind}-{number:02}"
                found.append({"event_id": f"{who}-{order}", "profile": who, "name": "order", "occurred_at": at,
                              "received_at": at, "properties": json.dumps(told)})  # fmt: skip
    return sorted(found, key=lambda one: (one["received_at"], one["event_id"]))


def planted(folder: Path, files: dict[str, str] | None = None, settings: str = "present: log\n") -> Project:
    """Return the project of that shop, with a feature set and two models."""
    for name, text in {"coterie.yaml": f"name: shop\n{settings}", **FILES, **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    project = Project(folder, ManualClock(NOW))
    project.events.append(conform(rows(*orders())))
    return project


def kind_of(profile: str) -> str:
    """Return the kind of buyer that somebody is in truth."""
    return profile.rpartition("-")[0]
