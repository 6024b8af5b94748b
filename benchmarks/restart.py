"""How long a restart takes after a crash: people known, and events that arrived since the snapshot.

Usage: python benchmarks/restart.py [--profiles 1000000] [--events 5000000]; the last line is one JSON object.
The state is made in this process by the runner's own step and commit, decoding left out, and kept in build/restart as long as its size
is the same; then ``coterie serve`` is started on a copy of it and asked until it is ready.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from coterie.clock import SystemClock
from coterie.engine.apply import apply
from coterie.engine.project import HIDDEN, Project
from coterie.engine.running import step as stepping
from coterie.engine.running.commit import commit
from coterie.engine.running.effects import Effects
from coterie.engine.running.following import Amendment
from coterie.engine.running.landing import land
from coterie.engine.running.moved import rows_of
from coterie.engine.running.runner import Runner
from coterie.engine.running.state import State
from coterie.segments.live.hashing import keys_of
from coterie.storage.journal import Journal
from coterie.storage.log import HOT, SCHEMA
from coterie.storage.state.database import StateDatabase
from served import BUILD, Served, project
from workload import NAMES, events

BATCH = 20_000
WAITING = 150_000
"""Rows at the end that were committed and not landed."""
KINDS = {"product_id": pa.int64(), "value": pa.float64()}
SPAN_US = 3_600_000_000


def table_of(
    first: int, people: np.ndarray, names: np.ndarray, data: dict[str, np.ndarray], at: np.ndarray
) -> pa.Table:
    """Return events as rows of the log from position ``first`` on."""
    n = len(people)
    ids = pa.array([f"{first + i:08x}-6a5e-4f54-9b1e-restart" for i in range(n)], pa.string())
    said = zip(names.tolist(), data["product_id"].tolist(), data["value"].tolist(), strict=True)
    properties = [
        f'{{"product_id":{product}}}' if name == 1 else f'{{"value":{value}}}' if name in (2, 4) else "{}"
        for name, product, value in said
    ]
    return pa.Table.from_arrays(
        [
            pa.array(np.arange(first, first + n)), ids, pa.array(keys_of(ids)),
            pa.array([f"c{one:07d}" for one in people.tolist()], pa.string()),
            pa.array(NAMES).take(pa.array(names)), pa.array(at), pa.array(at), pa.array(properties, pa.string()),
        ],
        schema=SCHEMA,
    )  # fmt: skip


def grow(state: State, database: StateDatabase, rows: pa.Table, journal: int) -> None:
    """The rows are applied and committed, as a step does it after decoding."""
    known = len(state.live.profiles)
    parsed = [json.loads(one) for one in rows["properties"].to_pylist()]
    typed = rows
    for key in KINDS:
        typed = typed.append_column(HOT + key, pa.array([one.get(key) for one in parsed], KINDS[key]))
    for profile in rows["profile"].unique().to_pylist():
        state.identities.meet(profile)
    effects = Effects(journal=journal, advanced_to=0, first=state.log_position, rows=rows)
    effects.changes += rows_of(state.live.apply(typed), rows["event_id"].to_pylist(), state.log_position)
    effects.met = stepping._met(state, known, rows)
    effects.identifiers = state.identities.changed()
    effects.advanced_to = state.now
    state.log_position += rows.num_rows
    commit(database, state, effects)


def make(folder: Path, profiles: int, count: int) -> None:
    """The project has ``profiles`` people, a snapshot, and ``count`` events after it; its server was killed."""
    project(folder.name)
    found = Project(folder, SystemClock())
    apply(found, SystemClock().now())
    journal = Journal(folder / HIDDEN / "journal", SystemClock())
    runner = Runner(found, journal, clock=SystemClock())
    runner.start()
    while not runner.status().ready:
        time.sleep(0.01)
    following, database = runner._running()
    following.stopping = True
    thread, upkeep = runner._thread, runner._upkeep
    assert thread is not None
    assert upkeep is not None
    upkeep._stop.set()
    upkeep._thread.join()
    thread.join()
    state = following.state
    assert state is not None
    data = events(5_000_000, 500_000)
    total = profiles + count
    start = state.now + 1
    for first in range(0, total, BATCH):
        n = min(BATCH, total - first)
        place = np.arange(first, first + n)
        taken = {
            name: np.asarray(data[name])[place % len(data["cust"])] for name in ("cust", "name", "product_id", "value")
        }
        people = place if first + n <= profiles else (taken["cust"].astype(np.int64) * 2 + (place & 1)) % profiles
        names = np.zeros(n, np.int8) if first + n <= profiles else taken["name"]
        at = start + place * (SPAN_US // total)
        grow(state, database, table_of(first, people, names, taken, at), 0)
        if first < profiles <= first + n:
            following._amend(state, Amendment(snapshot=True))
            upkeep._write_pending()
        left = total - first - n
        if left >= WAITING and (left < WAITING + BATCH or first // BATCH % 25 == 24):
            print(f"{first + n:,} of {total:,} rows, {state.sequence:,} changes", flush=True)
            land(found, database)
            database.checkpoint(restart=True)
    database.close()
    journal.close()
    assert runner._lock is not None
    runner._lock.release()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--keep", action="store_true", help="keep what was made for the next time")
    asked = parser.parse_args()
    made = BUILD / f"restart-{asked.profiles}-{asked.events}"
    if not (made / "done").exists():
        make(made, asked.profiles, asked.events)
        (made / "done").touch()
    copy = BUILD / "restart"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(made, copy)
    began = time.perf_counter()
    served = Served(copy)
    listening = time.perf_counter() - began
    served.ready()
    ready = time.perf_counter() - began
    figures = {
        "profiles": asked.profiles,
        "events_since_snapshot": asked.events,
        "listening_s": round(listening, 2),
        "ready_s": round(ready, 2),
        "resident_bytes": served.resident_bytes(),
    }
    figures["stop_s"] = round(served.stop(), 2)
    shutil.rmtree(copy, ignore_errors=True)
    if not asked.keep:
        shutil.rmtree(made, ignore_errors=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
