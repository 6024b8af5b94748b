"""A project with the simulated shop in it, whose last day can be spoilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from coterie.engine.project import Project
from coterie.lab import Shop
from coterie.limits import DAY_US
from coterie.storage.log import conform
from coterie.values import canonical, parse

DAYS = 18
Change = Callable[[dict[str, Any]], dict[str, Any] | None]
ORDERS = """\
key: orders
title: Orders as the till writes them
owner: orders@shop.example
event: order_completed
expect:
  total: {required: true, type: number, between: [0, 100000]}
  order_id: {unique: true, matches: "o-[0-9]+"}
  channel: {one_of: [site, store]}
  cart_id: {seen_in: add_to_cart, within: 14d, may_fail: 0.9}
rows_at_least: 5
"""


@cache
def log() -> pa.Table:
    return conform(Shop(people=1_000, days=DAYS, seed=3, hot=False, events=3_000 * DAYS).table())


def last_day() -> int:
    return int(log()["received_at"][-1].as_py() // DAY_US)


def spoilt(change: Change) -> pa.Table:
    """Return the log with the rows of its last day changed, or left out where ``change`` gives nothing."""
    rows = log()
    is_last = rows["received_at"].to_numpy() // DAY_US == last_day()
    changed = [
        change({**one, "properties": parse(one["properties"])}) for one in rows.filter(pa.array(is_last)).to_pylist()
    ]
    told = [{**one, "properties": canonical(one["properties"])} for one in changed if one is not None]
    return pa.concat_tables([rows.filter(pa.array(~is_last)), pa.Table.from_pylist(told, rows.schema)])


def shop(
    folder: Path, table: pa.Table | None = None, settings: str = "", files: Mapping[str, str] | None = None
) -> Project:
    """Return a project with the log in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "coterie.yaml").write_text(f"name: shop\n{settings}")
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    project = Project(folder)
    project.events.append(log() if table is None else table)
    return project


def without_totals(row: dict[str, Any]) -> dict[str, Any]:
    """Return an order whose total is missing in half of the cases, everything else as it is."""
    if row["name"] == "order_completed" and int(row["event_key"]) % 2:
        return {**row, "properties": {key: value for key, value in row["properties"].items() if key != "total"}}
    return row
