"""The live reader on the reference workload: five segments, micro-batches of 10,000, one core.

Usage: python benchmarks/live.py [--events N] [--baseline N]; the last line is one JSON object. A plain-Python baseline with
the same arrival semantics runs in the same process, and must give the same change log; so must batches of 1,000 and 100,000.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from coterie.segments.live import Changes, Live
from five import CATALOG, Baseline
from workload import NAMES, Workload, events

NAME_WORDS = pa.array(NAMES)


def batches(data: Workload, n: int, size: int) -> Iterator[pa.RecordBatch]:
    """Yield the first ``n`` events in batches of ``size`` in the shape of the log."""
    for start in range(0, n, size):
        part = {column: np.array(values[start : min(start + size, n)]) for column, values in data.items()}
        position = np.arange(start, start + len(part["cust"]), dtype=np.int64)
        product, name = part["product_id"], part["name"]
        yield pa.record_batch(
            {
                "position": position,
                "event_key": (position.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64),
                "profile": part["cust"].astype(np.int64),
                "name": pa.DictionaryArray.from_arrays(pa.array(name), NAME_WORDS),
                "occurred_at": part["occurred_at"],
                "received_at": part["received_at"],
                "p.product_id": pa.array(product, mask=product < 0),
                "p.value": pa.array(part["value"], mask=(name != 2) & (name != 4)),
            }
        )


class Digest:
    """A hash of a change log that does not see how it was cut."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.changes = 0

    def add(self, rows: np.ndarray) -> None:
        self.changes += len(rows)
        self._hash.update(np.ascontiguousarray(rows, np.int64).tobytes())

    def add_changes(self, changes: Changes) -> None:
        profile = changes.profiles.numbers[changes.row]
        self.add(np.stack([changes.at, changes.segment, profile, changes.entered, changes.position], axis=1))

    def text(self) -> str:
        return self._hash.hexdigest()


def run_live(data: Workload, n: int, size: int) -> tuple[Live, list[float], Digest]:
    """Return the reader after ``n`` events, the seconds of every batch including its change table, and the log's digest."""
    live, digest, seconds = Live(CATALOG), Digest(), []
    for batch in batches(data, n, size):
        began = time.perf_counter()
        changes = live.apply(batch)
        changes.table()
        seconds.append(time.perf_counter() - began)
        digest.add_changes(changes)
    return live, seconds, digest


def run_baseline(data: Workload, n: int) -> tuple[float, Digest]:
    """Return events per second of plain Python over the first ``n`` events, and the digest of its change log."""
    columns = ("cust", "occurred_at", "received_at", "name", "product_id", "value")
    rows = zip(*(np.array(data[column][:n]).tolist() for column in columns), strict=True)
    baseline, digest = Baseline(), Digest()
    began = time.perf_counter()
    baseline.run(rows)
    speed = n / (time.perf_counter() - began)
    digest.add(np.array(baseline.changes, np.int64).reshape(-1, 5))
    return speed, digest


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=500_000)
    parser.add_argument("--baseline", type=int, default=None, help="events for plain Python and the comparison (all)")
    parser.add_argument("--quick", action="store_true", help="batches of 10,000 only, no baseline")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    data = events(asked.events, asked.customers)
    run_live(data, 20_000, 1_000)  # compile, or load what was compiled
    live, seconds, digest = run_live(data, asked.events, 10_000)
    figures: dict[str, object] = {
        "events": asked.events,
        "events_per_s": round(asked.events / sum(seconds)),
        "batch_p50_ms": round(float(np.percentile(seconds, 50)) * 1e3, 2),
        "batch_p99_ms": round(float(np.percentile(seconds, 99)) * 1e3, 2),
        "state_bytes_per_customer": round(live.state_bytes() / len(live.profiles)),
        "changes": digest.changes,
        "changes_digest": digest.text(),
        "members": live.counts(),
    }
    print(figures, flush=True)
    del live
    if not asked.quick:
        for size in (1_000, 100_000):
            _, spent, other = run_live(data, asked.events, size)
            figures[f"events_per_s_{size}"] = round(asked.events / sum(spent))
            figures[f"changes_digest_{size}"] = other.text()
        n = asked.baseline or asked.events
        compared = digest if n == asked.events else run_live(data, n, 10_000)[2]
        speed, plain = run_baseline(data, n)
        figures["python_events"] = n
        figures["python_events_per_s"] = round(speed)
        figures["ratio_to_python"] = round(float(str(figures["events_per_s"])) / speed, 2)
        figures["python_changes_digest"] = plain.text()
        figures["same_changes"] = plain.text() == compared.text() and all(
            figures[f"changes_digest_{size}"] == digest.text() for size in (1_000, 100_000)
        )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
