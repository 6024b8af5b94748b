"""A shop whose people buy at their own pace and stop at some time; those who visit a lot buy soon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.engine.project import Project
from coterie.limits import DAY_US, HOUR_US
from coterie.storage.log import conform
from coterie.values import canonical

START = 1_760_054_400_000_000
"""A midnight in UTC."""
DAYS = 240
FILES = {
    "coterie.yaml": "name: shop\n",
    "features/habits.yaml": "key: habits\nfeatures:\n"
    "  visits: {aggregate: {kind: count, event: visit, within: 14d}}\n"
    "  orders: {aggregate: {kind: count, event: order}}\n"
    "  quiet: {since: {of: latest, event: order}}\n"
    "  device: {value: {kind: latest, property: device, event: visit}}\n",
    "segments/lively.yaml": "key: lively\nwhen: {did: {event: visit, within: 30d, at_least: 5}}\n",
    "segments/valuable.yaml": "key: valuable\nwhen: {trait: {name: clv.worth, at_least: 150}}\n",
    "models/worth.yaml": "key: worth\nkind: value\nmodel: mbg_nbd\npurchase: order\norder: cart\namount: total\nhorizon: 180d\n",
    "models/soon.yaml": "key: soon\nkind: propensity\nfeatures: habits\ntarget: {did: order}\nwithin: 14d\nstep: 14d\ncutoffs: 6\ntrees: 80\n",
    "models/gone.yaml": "key: gone\nkind: propensity\nfeatures: habits\ntarget: {exited: lively}\nwithin: 14d\nstep: 14d\ncutoffs: 6\npositives_min: 20\ntrees: 40\n",
    "models/like.yaml": "key: like\nkind: lookalike\nfeatures: habits\ncolumns: [orders, quiet, device]\nseed_segment: lively\ntrees: 60\n",
}


def rows(people: int = 500, seed: int = 1, days: int = DAYS) -> list[dict[str, Any]]:
    """Return their visits and orders; each order has two lines on one day."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []

    def put(who: int, name: str, at: float, **properties: Any) -> None:
        instant = START + int(at * DAY_US)
        told = {
            "event_id": f"e{len(found)}-{seed}",
            "profile": f"u{who:04}",
            "name": name,
            "properties": canonical(properties),
        }
        found.append({**told, "occurred_at": instant, "received_at": instant})

    for who in range(people):
        pace, price, device = rng.gamma(1.5, 1 / 25), rng.gamma(8, 5), str(rng.choice(["phone", "desk"]))
        at = float(rng.uniform(0, days * 0.6))
        for number in range(200):
            if at >= days:
                break
            for before in rng.uniform(0, 4, rng.integers(2, 7)):
                if at - before > 0:
                    put(who, "visit", at - before, device=device)
            for line in (0.6, 0.4):
                total = round(float(price * rng.gamma(6, 1 / 6) * line), 2)
                put(who, "order", at, cart=f"{who}-{number}", total=total)
            if rng.random() < 0.12:
                break
            at += float(rng.exponential(1 / pace))
    return sorted(found, key=lambda row: row["received_at"])


def shop(folder: Path, told: list[dict[str, Any]], **files: str) -> Project:
    """Return a project with these rows and the files of the shop."""
    for name, text in {**FILES, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    project = Project(folder)
    project.events.append(conform(pa.Table.from_pylist(told)))
    return project


def late(told: list[dict[str, Any]], after: int) -> list[dict[str, Any]]:
    """Return the rows, and more that happened before ``after`` and arrive later: nobody could have known them then."""
    more = [
        {**row, "event_id": f"late-{row['event_id']}", "occurred_at": row["occurred_at"] - 3 * HOUR_US, "received_at": after + HOUR_US}
        for row in told[::7]
        if row["received_at"] < after
    ]  # fmt: skip
    return [*told, *more]
