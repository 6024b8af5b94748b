"""Events acknowledged after fsync, with live evaluation of the five reference segments on; two cores, load generator included.

Usage: python benchmarks/ingest.py [--seconds 10] [--size 50] [--connections 32]; the last line is one JSON object. The bare server
(the same uvicorn, answering 200 to a body it only reads) takes the same load in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from served import load, project, serving


def bare(words: list[str]) -> dict[str, Any]:
    """Return the figures of the bare server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("bare.py")), str(port)])
    try:
        _wait(port)
        return load(f"http://127.0.0.1:{port}", "none", *words)
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--size", type=int, default=50)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0, help="events a second instead of as many as possible")
    asked = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    words = ["--size", str(asked.size), "--connections", str(asked.connections)]
    plain = bare([*words, "--seconds", "3"])
    with serving(project("bench-ingest")) as served:
        load(served.url, served.keys["write"], *words, "--seconds", "1")  # compile, or load what was compiled
        _drain(served)
        cpu, changes = served.cpu_seconds(), served.metric("coterie_changes_total")
        found = load(
            served.url, served.keys["write"], *words, "--seconds", str(asked.seconds), "--rate", str(asked.rate)
        )
        behind, ended = served.behind(), time.perf_counter()
        used = served.cpu_seconds() - cpu
        _drain(served)
        drained = time.perf_counter() - ended
        changes = served.metric("coterie_changes_total") - changes
        resident = served.resident_bytes()
    figures = {
        **found,
        "ratio_to_bare": round(found["events_per_s"] / plain["events_per_s"], 3),
        "bare_events_per_s": plain["events_per_s"],
        "bare_p99_ms": plain["p99_ms"],
        "behind_requests_at_end": behind,
        "drain_s": round(drained, 2),
        "evaluated_events_per_s": round(found["events"] / (found["seconds"] + drained)),
        "server_cpu_share": round(used / found["seconds"], 2),
        "changes": int(changes),
        "resident_mb": resident >> 20,
    }
    print(json.dumps(figures))


def _drain(served: Any, timeout_s: float = 600) -> None:
    until = time.monotonic() + timeout_s
    while served.behind() and time.monotonic() < until:
        time.sleep(0.02)


if __name__ == "__main__":
    main()
