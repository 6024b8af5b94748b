"""The batch reader against hand-written DuckDB SQL: five segments as of the end of the reference workload in Parquet.

Both sides run interleaved on one connection and must name the same members. The hand-written statements know what ours
must not assume: that everything in the file has arrived, that no event is one of ours, that amounts are small.
"""

from __future__ import annotations

import json
import time
from statistics import median

import pyarrow.compute as pc
import pyarrow.parquet as pq

import workload
from coterie.limits import DAY_US
from coterie.segments.batch import statement
from coterie.segments.catalog import Catalog
from coterie.segments.core import Absent, Aggregate, All, Compare, Node, Rolling, Selector, Sequence, Step
from coterie.storage.duck import Duck

ROUNDS = 7


def orders(kind: str, days: int, field: str = "") -> Aggregate:
    return Aggregate(kind, Selector(names=("order_completed",)), field, Rolling(days * DAY_US))  # type: ignore[arg-type]


VIEWS = Aggregate("repeats", Selector(names=("product_view",)), "product_id", Rolling(DAY_US))
SEGMENTS: dict[str, Node] = {
    "viewed-thrice": All((Compare(VIEWS, ">=", 3), Compare(orders("count", 1), "=", 0))),
    "abandoned-cart": Sequence(
        (Step(Selector(names=("add_to_cart",))),),
        absent=Absent(Selector(names=("checkout_started",)), DAY_US),
    ),
    "big-spender": Compare(orders("sum", 90, "value"), ">=", 500),
    "inactive": Compare(Aggregate("count", Selector(), window=Rolling(14 * DAY_US)), "=", 0),
    "regular": Compare(orders("count", 30), ">=", 3),
}


def handwritten(now: int) -> dict[str, str]:
    """Return the best SQL a person would write for each segment."""
    day, week, month, quarter = (now - days * DAY_US for days in (1, 14, 30, 90))
    return {
        "viewed-thrice": f"""
            WITH viewed AS (
                SELECT profile FROM events WHERE name = 'product_view' AND occurred_at > {day}
                GROUP BY profile, "p.product_id" HAVING count(*) >= 3
            )
            SELECT DISTINCT profile FROM viewed WHERE profile NOT IN (
                SELECT profile FROM events WHERE name = 'order_completed' AND occurred_at > {day}
            )""",
        "abandoned-cart": f"""
            SELECT profile FROM events WHERE name IN ('add_to_cart', 'checkout_started') GROUP BY profile
            HAVING max(occurred_at) FILTER (name = 'add_to_cart' AND occurred_at <= {day})
                >= coalesce(max(occurred_at) FILTER (name = 'checkout_started'), 0)""",
        "big-spender": f"""
            SELECT profile FROM events WHERE name = 'order_completed' AND occurred_at > {quarter}
            GROUP BY profile HAVING round(sum("p.value"), 2) >= 500""",
        "inactive": f"SELECT profile FROM events GROUP BY profile HAVING max(occurred_at) <= {week}",
        "regular": f"""
            SELECT profile FROM events WHERE name = 'order_completed' AND occurred_at > {month}
            GROUP BY profile HAVING count(*) >= 3""",
    }


def run(duck: Duck, sql: str) -> tuple[float, float, set[str]]:
    """Return seconds, CPU seconds, and the members."""
    began, cpu = time.perf_counter(), time.process_time()
    table = duck.run(sql)
    elapsed = time.perf_counter() - began, time.process_time() - cpu
    return *elapsed, set(table.column("profile").to_pylist())


def main() -> None:
    path = str(workload.parquet())
    now = pc.max(pq.read_table(path, columns=["received_at"]).column(0)).as_py()
    catalog = Catalog.of(SEGMENTS)
    figures: dict[str, object] = {}
    totals = {"ours": 0.0, "theirs": 0.0, "ours_cpu": 0.0, "theirs_cpu": 0.0}
    with Duck(threads=2) as duck:
        relation = duck.add_log([path])
        for key, theirs in handwritten(now).items():
            ours = statement(catalog, key, [now], relation=relation)
            runs: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
            for number in range(ROUNDS + 1):
                found = {}
                pair = [("ours", ours), ("theirs", theirs)]
                for side, sql in pair if number % 2 else reversed(pair):
                    elapsed, cpu, found[side] = run(duck, sql)
                    if number:  # the first round only warms the file cache
                        runs[side].append((elapsed, cpu))
                assert found["ours"] == found["theirs"], (
                    f"{key}: {len(found['ours'])} and {len(found['theirs'])} members"
                )
            wall = {side: median(one for one, _ in each) for side, each in runs.items()}
            cpu_of = {side: median(one for _, one in each) for side, each in runs.items()}
            for side in ("ours", "theirs"):
                totals[side] += wall[side]
                totals[f"{side}_cpu"] += cpu_of[side]
            figures[key] = round(wall["ours"] / wall["theirs"], 3)
            figures[f"{key}_cpu"] = round(cpu_of["ours"] / cpu_of["theirs"], 3)
            print(
                f"{key:15} {len(found['ours']):7} members   ours {wall['ours']:.3f} s   by hand {wall['theirs']:.3f} s"
                f"   ratio {figures[key]}   of CPU {figures[f'{key}_cpu']}"
            )
    summary = {
        "ratio_to_handwritten": round(totals["ours"] / totals["theirs"], 3),
        "ratio_of_cpu": round(totals["ours_cpu"] / totals["theirs_cpu"], 3),
        "seconds": round(totals["ours"], 3),
        "handwritten_seconds": round(totals["theirs"], 3),
        "segments": figures,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
