"""How long after its acknowledgement an event's effect is seen, in the API and on the stream, while 10,000 events/s come in.

Usage: python benchmarks/freshness.py [--seconds 20] [--rate 10000]; the last line is one JSON object. Probes are events of new
people that enter a segment of their own and leave it by a timer five seconds later.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import uvloop

from load import Load, bodies
from served import SEGMENTS, Served, project, serving

PROBED = {**SEGMENTS, "probed": "did: {event: probe, within: 5s}"}
GAP_S = 0.02
"""Seconds between probes."""


class Watch:
    """Follows the stream and asks the API until a probe is seen in both."""

    def __init__(self, served: Served) -> None:
        parts = urlsplit(served.url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self._head = f"Host: {self.host}\r\nAuthorization: Bearer {served.keys['read']}\r\n"
        self.acknowledged: dict[str, float] = {}
        self.streamed: dict[str, float] = {}
        self.asked: dict[str, float] = {}
        self.exits_ms: list[float] = []
        self._api: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def follow(self) -> None:
        """Note when every change arrives on the stream, and how late timed exits are."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(f"GET /v1/changes/stream?segment=probed HTTP/1.1\r\n{self._head}\r\n".encode())
        async for line in reader:
            if not line.startswith(b"data: "):
                continue
            change: dict[str, Any] = json.loads(line[6:])
            if change["direction"] == "entered":
                self.streamed[change["profile"]] = time.perf_counter()
            elif change["cause"] == "timer":
                self.exits_ms.append((time.time() - _seconds(change["at"])) * 1e3)

    async def look(self, profile: str, since: float) -> None:
        """Note when the API says that the probe is in its segment."""
        if self._api is None:
            self._api = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._api
        while time.perf_counter() - since < 5:
            writer.write(f"GET /v1/profiles/{profile} HTTP/1.1\r\n{self._head}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            place = head.lower().index(b"content-length:")
            body = await reader.readexactly(int(head[place + 15 : head.index(b"\r", place)]))
            if head[9:12] == b"200" and b'"probed"' in body:
                self.asked[profile] = time.perf_counter()
                return
            await asyncio.sleep(0.002)


def _seconds(text: str) -> float:
    return float(np.datetime64(text.rstrip("Z"), "us").astype(np.int64)) / 1e6


async def probe(served: Served, watch: Watch, seconds: float) -> None:
    """Send a probe now and then, one after another, and watch it."""
    load = Load(served.url, served.keys["write"], [[b"", b""]], "/v1/track")
    connection = await load.connect()
    until, number, run = time.perf_counter() + seconds, 0, secrets.token_hex(4)
    looking: asyncio.Task[None] | None = None
    while time.perf_counter() < until:
        number += 1
        profile = f"probe-{run}-{number}"
        body = json.dumps({"userId": profile, "event": "probe", "messageId": f"m-{profile}"}).encode()
        status = await connection.send(b"%b%d\r\n\r\n%b" % (load.head, len(body), body))
        if status == 200:
            watch.acknowledged[profile] = time.perf_counter()
            if looking is None or looking.done():
                looking = asyncio.ensure_future(watch.look(profile, time.perf_counter()))
        await asyncio.sleep(GAP_S)
    if looking is not None:
        await looking


async def measure(served: Served, seconds: float, rate: float) -> tuple[Watch, dict[str, object]]:
    watch = Watch(served)
    following = asyncio.ensure_future(watch.follow())
    load = Load(served.url, served.keys["write"], bodies(2_000, 50))
    await asyncio.sleep(0.5)
    probing = asyncio.ensure_future(probe(served, watch, seconds))
    took = await load.paced(8, seconds, rate)
    await probing
    await asyncio.sleep(7)
    following.cancel()
    return watch, load.figures(took)


def percentiles(seen: dict[str, float], acknowledged: dict[str, float]) -> tuple[float, float]:
    """Return p50 and p99 in ms from acknowledgement to being seen; negative ones count as 0."""
    ms = [max(seen[one] - at, 0) * 1e3 for one, at in acknowledged.items() if one in seen]
    p50, p99 = np.percentile(ms, (50, 99))
    return round(float(p50), 2), round(float(p99), 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=10_000)
    asked = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    with serving(project("bench-freshness", segments=PROBED)) as served:
        uvloop.run(measure(served, 2, asked.rate))  # compile, or load what was compiled
        watch, load = uvloop.run(measure(served, asked.seconds, asked.rate))
    stream, api = percentiles(watch.streamed, watch.acknowledged), percentiles(watch.asked, watch.acknowledged)
    figures = {
        "events_per_s": load["events_per_s"],
        "p50_ms": max(stream[0], api[0]),
        "p99_ms": max(stream[1], api[1]),
        "stream_p50_ms": stream[0],
        "stream_p99_ms": stream[1],
        "api_p50_ms": api[0],
        "api_p99_ms": api[1],
        "timed_exit_p50_ms": round(float(np.percentile(watch.exits_ms, 50)), 1),
        "timed_exit_max_ms": round(max(watch.exits_ms), 1),
        "acknowledge_p99_ms": load["p99_ms"],
        "probes": len(watch.acknowledged),
        "missing_on_stream": len(watch.acknowledged.keys() - watch.streamed.keys()),
        "timed_exits": len(watch.exits_ms),
        "statuses": load["statuses"],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
