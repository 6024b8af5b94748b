"""The live reader with many segments on the reference workload: how speed and memory grow with their number.

Usage: python benchmarks/live_many.py [--events N]; the last line is one JSON object. Up to 100 segments read every event;
1,000 read all events of one customer in ten, to be done in a minute: every window moves and every timer fires.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np

from coterie.segments.live import Live
from live import batches
from mixture import Author
from workload import Workload, events


def some_customers(data: Workload, share: int) -> Workload:
    """Return all events of one customer in ``share``."""
    taken = np.array(data["cust"]) % share == 0
    return {column: np.array(values)[taken] for column, values in data.items()}


def run(data: Workload, segments: int) -> dict[str, float]:
    """Return the figures of one number of segments: speed, microseconds per event and segment, bytes per customer."""
    live, n, spent, changes = Live(Author().catalog(segments)), len(data["cust"]), 0.0, 0
    for batch in batches(data, n, 10_000):
        began = time.perf_counter()
        found = live.apply(batch)
        found.table()
        spent += time.perf_counter() - began
        changes += len(found)
    return {
        "segments": segments,
        "events": n,
        "customers": len(live.profiles),
        "events_per_s": round(n / spent),
        "ns_per_event_and_segment": round(spent / n / segments * 1e9, 1),
        "state_bytes_per_customer": round(live.state_bytes() / len(live.profiles)),
        "row_bytes": live.memory.width * 8,
        "changes": changes,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=500_000)
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    data = events(asked.events, asked.customers)
    run(some_customers(data, 1_000), 50)  # compile, or load what was compiled
    figures: dict[str, object] = {}
    curve = []
    for segments, share in ((1, 1), (10, 1), (100, 1), (1_000, 10)):
        found = run(some_customers(data, share), segments)
        print(found, flush=True)
        curve.append(found)
        if segments >= 100:
            figures[f"events_per_s_{segments}"] = found["events_per_s"]
    figures["curve"] = curve
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
