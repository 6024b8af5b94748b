"""The lake: landing, what a hundred million events weigh, questions over them against hand-written SQL, one person, erasure.

    python benchmarks/lake.py --events 100000000 --erase-from 10000000

Events are those of the reference workload, a month after another, with random ids of 32 characters and properties as JSON; two
properties also have a typed column. Both sides of a question read the same files, in turn, on one connection.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import workload
from batch import SEGMENTS, handwritten, run
from coterie.limits import DAY_US
from coterie.segments.batch import statement
from coterie.segments.catalog import Catalog
from coterie.storage.duck import Duck
from coterie.storage.events import EventStore
from coterie.storage.lake.typed import TYPES
from coterie.storage.log import SCHEMA

MONTH = 10_000_000
CUSTOMERS = 500_000
LAND_ROWS = 200_000
COLUMNS = {"product_id": TYPES["number"], "value": TYPES["number"]}


def months(events: int) -> Iterator[pa.Table]:
    """Yield the log in tables of ``LAND_ROWS``; every month has the same visits by other people."""
    rng = np.random.default_rng(11)
    size = min(MONTH, events)
    data = workload.events(size, CUSTOMERS if size == MONTH else max(1000, size // 20))
    customers = int(data["cust"].max()) + 1
    for done in range(0, events, LAND_ROWS):
        month, start = divmod(done, size)
        count = min(LAND_ROWS, events - done, size - start)
        part = {name: column[start : start + count] for name, column in data.items()}
        yield _rows(part, done, month, customers, rng)


def _rows(part: workload.Workload, first: int, month: int, customers: int, rng: np.random.Generator) -> pa.Table:
    n = len(part["cust"])
    shift = month * 30 * DAY_US
    people = (part["cust"].astype(np.int64) + 7919 * month) % customers
    profile = pc.binary_join_element_wise("user_", pc.cast(pa.array(people), pa.string()), "")
    name = pa.DictionaryArray.from_arrays(pa.array(part["name"]), pa.array(workload.NAMES)).cast(pa.string())
    product, value = part["product_id"], part["value"]
    pieces = [
        _piece('"product_id":', pa.array(product, mask=product < 0)),
        _piece('"value":', pa.array(value, mask=value == 0)),
    ]
    body = pc.binary_join_element_wise(*pieces, "", null_handling="replace")  # no event has both
    keys = rng.integers(-(1 << 62), 1 << 62, n)
    columns = {
        "position": pa.array(np.arange(first, first + n)),
        "event_id": _ids(rng, n),
        "event_key": pa.array(keys),
        "profile": profile,
        "name": name,
        "occurred_at": pa.array(part["occurred_at"] + shift),
        "received_at": pa.array(part["received_at"] + shift),
        "properties": pc.binary_join_element_wise("{", body, "}", ""),
        "source": pa.array([""]).take(pa.array(np.zeros(n, np.int64))),
    }
    return pa.table([columns[field] for field in SCHEMA.names], schema=SCHEMA)


def _ids(rng: np.random.Generator, n: int) -> pa.Array:
    text = np.frombuffer(rng.bytes(16 * n).hex().encode(), dtype="S32")
    return pa.array(text, pa.binary(32)).cast(pa.binary()).cast(pa.string())


def _piece(head: str, values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(head, pc.cast(values, pa.string()), "", null_handling="emit_null")


def land(store: EventStore, events: int) -> dict[str, float]:
    """Return seconds of landing and of compaction, everything being in the lake afterwards."""
    landing = compaction = 0.0
    cpu = time.process_time()
    spent = 0.0
    for rows in months(events):
        until = rows["position"][-1].as_py() + 1
        began, used = time.perf_counter(), time.process_time()
        store.extend(rows, until, {"log": until, "journal": until})
        landing += time.perf_counter() - began
        spent += time.process_time() - used
        began = time.perf_counter()
        moved = store.compact()
        compaction += time.perf_counter() - began
        if moved.rows > 1_000_000:
            store.vacuum(0)  # a server does so after lake.kept_hours; here the disk is what counts
    return {"landing": landing, "compaction": compaction, "landing_cpu": spent, "all_cpu": time.process_time() - cpu}


def ask(store: EventStore, rounds: int) -> dict[str, object]:
    """Return the ratios to hand-written SQL as of the end, and seconds of both sides."""
    now = store.extent().last_received_at
    catalog = Catalog.of(SEGMENTS)
    figures: dict[str, object] = {}
    totals = {"ours": 0.0, "theirs": 0.0}
    with Duck(threads=2) as duck:
        relation = duck.add_log(store.files())
        assert set(relation.typed) == set(COLUMNS), "both properties have a typed column that is whole"
        for key, theirs in handwritten(now).items():
            ours = statement(catalog, key, [now], relation=relation)
            runs: dict[str, list[float]] = {"ours": [], "theirs": []}
            for number in range(rounds + 1):
                found = {}
                pair = [("ours", ours), ("theirs", theirs)]
                for side, sql in pair if number % 2 else reversed(pair):
                    elapsed, _, found[side] = run(duck, sql)
                    if number:  # the first round only warms the file cache
                        runs[side].append(elapsed)
                assert found["ours"] == found["theirs"], f"{key}: {[len(one) for one in found.values()]} members"
            wall = {side: median(each) for side, each in runs.items()}
            totals = {side: totals[side] + wall[side] for side in wall}
            figures[key] = round(wall["ours"] / wall["theirs"], 3)
            print(f"{key:15} ours {wall['ours']:.2f} s   by hand {wall['theirs']:.2f} s   ratio {figures[key]}")
    return {
        "ratio": round(totals["ours"] / totals["theirs"], 3),
        "seconds": round(totals["ours"], 2),
        "segments": figures,
    }


def people_ms(store: EventStore, count: int = 20) -> tuple[float, float, float]:
    """Return (median, worst) ms of reading everything of one person, and how many events that is at the median."""
    rng = np.random.default_rng(3)
    times, rows = [], []
    sample = store.between(store.length() - 100_000, store.length())["profile"]
    for place in rng.integers(0, len(sample), count).tolist():
        began = time.perf_counter()
        found = store.scan(profiles=[sample[place].as_py()])
        times.append((time.perf_counter() - began) * 1e3)
        rows.append(found.num_rows)
    return median(times), max(times), median(rows)


def erase(store: EventStore, people: int) -> tuple[float, int]:
    """Return the seconds of erasing ``people`` and how many rows that were."""
    everybody = pc.unique(store.between(0, min(store.length(), 1_000_000))["profile"]).to_pylist()
    chosen = np.random.default_rng(5).choice(sorted(everybody), people, replace=False).tolist()
    began = time.perf_counter()
    done = store.erase(chosen)
    elapsed = time.perf_counter() - began
    assert store.scan(profiles=chosen).num_rows == 0
    return elapsed, done.rows


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=100_000_000)
    asked.add_argument("--erase-from", type=int, default=10_000_000)
    asked.add_argument("--people", type=int, default=1_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--folder", type=Path, default=workload.BUILD.parent / "lake")
    asked.add_argument("--keep", action="store_true", help="leave the tables there, for another look")
    told = asked.parse_args()
    shutil.rmtree(told.folder, ignore_errors=True)
    store = EventStore(told.folder / "events", columns=COLUMNS)
    spent = land(store, told.events)
    look = store.look()
    print(f"{look.rows:,} events in {look.files} files, {look.bytes / look.rows:.1f} bytes each; {spent}")
    store.vacuum(0)
    middle, worst, rows = people_ms(store)
    print(f"one person: {middle:.0f} ms, at worst {worst:.0f} ms, {rows:.0f} events")
    asked_of = ask(store, told.rounds)
    other = store
    if told.erase_from != told.events:
        other = EventStore(told.folder / "erased", columns=COLUMNS)
        land(other, told.erase_from)
    erase_s, erased = erase(other, told.people)
    if not told.keep:
        shutil.rmtree(told.folder)
    summary = {
        "landing_events_per_s": round(told.events / spent["landing"]),
        "landing_and_compaction_events_per_s": round(told.events / (spent["landing"] + spent["compaction"])),
        "ratio_to_handwritten": asked_of["ratio"],
        "question_s": asked_of["seconds"],
        "segments": asked_of["segments"],
        "bytes_per_event": round(look.bytes / look.rows, 1),
        "files": look.files,
        "person_ms": round(middle, 1),
        "person_worst_ms": round(worst, 1),
        "erase_s": round(erase_s, 2),
        "erased_rows": erased,
        "events": told.events,
        "erased_from": told.erase_from,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
