"""Half of the reachable rate for half an hour: are memory and latency flat?

The state itself grows: it holds the facts inside the windows, and these are longer than the run. So memory is told beside it too.

Usage: python benchmarks/soak.py [--minutes 30] [--rate EVENTS_PER_S]; the last line is one JSON object. Without a rate, what the server
can acknowledge and evaluate is measured first, for 15 seconds, and half of it is sent.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np

from served import load, project, serving

SAMPLE_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=0)
    asked = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    samples: list[dict[str, float]] = []
    with serving(project("bench-soak", "runner: {snapshot_s: 60}\ncollect: {retention_days: 0}\n")) as served:
        key, rate = served.keys["write"], asked.rate
        if not rate:
            began = time.perf_counter()
            sent = load(served.url, key, "--seconds", "15")["events"]
            while served.behind():
                time.sleep(0.05)
            rate = sent / (time.perf_counter() - began) / 2
        parts = max(round(asked.minutes * 60 / SAMPLE_S), 2)
        for _ in range(parts):
            found = load(served.url, key, "--seconds", str(asked.minutes * 60 / parts), "--rate", str(round(rate)))
            sample = {
                "resident_mb": served.resident_bytes() >> 20,
                "state_mb": int(served.metric("coterie_state_bytes")) >> 20,
                "p50_ms": found["p50_ms"],
                "p99_ms": found["p99_ms"],
                "events_per_s": found["events_per_s"],
                "behind": served.behind(),
                "journal_mb": int(served.metric("coterie_journal_bytes")) >> 20,
            }
            samples.append(sample)
            print(json.dumps(sample), flush=True)
    for one in samples:
        one["beside_state_mb"] = one["resident_mb"] - one["state_mb"]
    half = len(samples) // 2
    middle = {name: [float(np.median([one[name] for one in part])) for part in (samples[:half], samples[half:])]
              for name in ("resident_mb", "beside_state_mb", "p50_ms", "p99_ms")}  # fmt: skip
    figures = {
        "minutes": asked.minutes,
        "events_per_s": round(rate),
        "events": sum(round(one["events_per_s"]) for one in samples) * round(asked.minutes * 60 / len(samples)),
        **{f"{name}_first_half": pair[0] for name, pair in middle.items()},
        **{f"{name}_second_half": pair[1] for name, pair in middle.items()},
        "resident_mb_last": samples[-1]["resident_mb"],
        "p99_ms_worst_minute": max(one["p99_ms"] for one in samples),
        "behind_worst": max(one["behind"] for one in samples),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
