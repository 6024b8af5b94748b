"""A server to be measured: ``coterie serve`` as a process of its own, on a project with the five reference segments."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BUILD = Path(__file__).resolve().parent.parent / "build"
SEGMENTS: dict[str, str] = {
    "cart": "then_not: {first: {event: add_to_cart}, absent: {event: checkout_started}, for: 24h}",
    "inactive": "inactive: {for: 14d}",
    "orders": "did: {event: order_completed, at_least: 3, within: 30d}",
    "repeat": "all: [{did: {event: product_view, same: product_id, at_least: 3, within: 24h}}, {did_not: {event: order_completed, within: 24h}}]",
    "spend": "aggregate: {kind: sum, property: value, event: order_completed, at_least: 500, within: 90d}",
}
"""The five reference segments (``five.NODES``) as people write them."""


def project(name: str, settings: str = "", segments: dict[str, str] | None = None) -> Path:
    """Return a new project folder with the segments (the five when left out); one of that name is replaced."""
    written = SEGMENTS if segments is None else segments
    folder = BUILD / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "segments").mkdir(parents=True)
    (folder / "coterie.yaml").write_text(f"name: {name}\npresent: clock\n{settings}")
    for key, when in written.items():
        (folder / "segments" / f"{key}.yaml").write_text(f"key: {key}\ntitle: {key}\nwhen: {{{when}}}\n")
    return folder


class Served:
    """A running server, asked with the standard library only. ``process`` is its process."""

    def __init__(self, folder: Path, *, cores: Sequence[int] = (), words: Sequence[str] = ()) -> None:
        command = [sys.executable, "-m", "coterie", "--json", "--project", str(folder), "serve", "--port", "0", *words]
        self.log = folder / "serve.log"
        pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=pin)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the server did not start:\n{self.log.read_text()[-3000:]}")
        told = json.loads(line)
        self.url: str = told["url"]
        self.file = folder / "keys.json"
        if told["keys"]:
            self.file.write_text(json.dumps(told["keys"]))
        self.keys: dict[str, str] = json.loads(self.file.read_text())

    def get(self, path: str, scope: str = "admin") -> Any:
        """Return the JSON answer to a question."""
        return self.ask("GET", path, None, scope)

    def ask(self, method: str, path: str, body: Any, scope: str = "admin") -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.keys[scope]}", "Content-Type": "application/json"}
        asked = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read())

    def ready(self, timeout_s: float = 600) -> float:
        """Wait until questions are answered; return the seconds that took."""
        began = time.perf_counter()
        while time.perf_counter() - began < timeout_s:
            try:
                if self.get("/readyz")["ready"]:
                    return time.perf_counter() - began
            except OSError:
                pass
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)
        raise SystemExit(f"not ready after {timeout_s} s:\n{self.log.read_text()[-3000:]}")

    def behind(self) -> int:
        """Return how many requests of the journal the runner has not committed yet."""
        return int(self.get("/readyz")["behind_events"])

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        text = urllib.request.urlopen(self.url + "/metrics", timeout=30).read().decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(rf"{name}[ {{]", line))

    def resident_bytes(self) -> int:
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> float:
        """Ask the server to stop; return the seconds that took."""
        began = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
        return time.perf_counter() - began


@contextmanager
def serving(folder: Path, **more: Any) -> Iterator[Served]:
    """Run a server while the block runs."""
    served = Served(folder, **more)
    try:
        served.ready()
        yield served
    finally:
        served.stop()


def load(url: str, key: str, *words: str, cores: Sequence[int] = ()) -> dict[str, Any]:
    """Run the load generator as a process of its own and return its figures."""
    command = [sys.executable, str(Path(__file__).with_name("load.py")), "--url", url, "--key", key, *words]
    pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, preexec_fn=pin)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
