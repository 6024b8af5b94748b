"""Profiles with their segments read over HTTP, one core for the server, a million people loaded.

Usage: python benchmarks/read.py [--people 1000000] [--seconds 10]; the last line is one JSON object. People come in over HTTP as
identify calls with seven traits, and some buy, so that they are in segments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

import numpy as np
import uvloop

from load import Connection, Load
from served import Served, project, serving

SIZE = 500


def people(count: int) -> Iterator[bytes]:
    """Yield bodies of batches: an identify call per person, and three orders of every fourth."""
    calls: list[str] = []
    for n in range(count):
        calls.append(
            f'{{"type":"identify","messageId":"i{n}","userId":"c{n:07d}","traits":{{"name":"Person {n}","email":"p{n}@example.com",'
            f'"plan":"{("free", "plus", "pro")[n % 3]}","country":"{("NO", "DE", "FR", "GB")[n % 4]}","age":{18 + n % 70},'
            f'"newsletter":{("true", "false")[n % 2]},"created_at":"2026-0{1 + n % 9}-1{n % 9}"}}}}'
        )
        if n % 4 == 0:
            calls += [
                f'{{"type":"track","messageId":"o{n}-{k}","userId":"c{n:07d}","event":"order_completed","properties":{{"value":{200 + k}}}}}'
                for k in range(3)
            ]
    waiting = iter(calls)
    while some := list(islice(waiting, SIZE)):
        yield f'{{"batch":[{",".join(some)}]}}'.encode()


async def fill(served: Served, count: int, connections: int = 8) -> float:
    """Send everybody and wait until they can be read; return the seconds it took."""
    load = Load(served.url, served.keys["write"], [[b"", b""]])
    bodies = people(count)
    began = time.perf_counter()

    async def one() -> None:
        connection = await load.connect()
        for body in bodies:
            while await connection.send(b"%b%d\r\n\r\n%b" % (load.head, len(body), body)) != 200:
                await asyncio.sleep(0.1)

    await asyncio.gather(*(one() for _ in range(connections)))
    while served.behind():
        await asyncio.sleep(0.1)
    return time.perf_counter() - began


async def read(served: Served, count: int, connections: int, seconds: float) -> tuple[list[float], int]:
    """Read random people for so long; return latencies in seconds and how many answers were wrong."""
    parts = urlsplit(served.url)
    head = f"HTTP/1.1\r\nHost: {parts.hostname}\r\nAuthorization: Bearer {served.keys['read']}\r\n\r\n"
    until, latencies, wrong = time.perf_counter() + seconds, list[float](), 0
    draw = random.Random(7)

    async def one() -> None:
        nonlocal wrong
        _, connection = await asyncio.get_running_loop().create_connection(Connection, parts.hostname, parts.port)
        while time.perf_counter() < until:
            request = f"GET /v1/profiles/c{draw.randrange(count):07d} {head}".encode()
            began = time.perf_counter()
            wrong += await connection.send(request) != 200
            latencies.append(time.perf_counter() - began)
        connection.transport.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return latencies, wrong


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    asked = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    folder = project("bench-read")
    with serving(folder) as served:
        empty = served.resident_bytes()
        took = uvloop.run(fill(served, asked.people))
        loaded = served.resident_bytes()
        os.sched_setaffinity(served.process.pid, cores[:1])
        for thread in os.listdir(f"/proc/{served.process.pid}/task"):
            os.sched_setaffinity(int(thread), cores[:1])
        os.sched_setaffinity(0, cores[-1:])
        uvloop.run(read(served, asked.people, asked.connections, 1))
        cpu, began = served.cpu_seconds(), time.perf_counter()
        latencies, wrong = uvloop.run(read(served, asked.people, asked.connections, asked.seconds))
        spent = time.perf_counter() - began
        cpu = served.cpu_seconds() - cpu
        state = served.metric("coterie_state_bytes")
    ms = np.array(latencies) * 1e3
    figures = {
        "reads_per_s": round(len(latencies) / spent),
        "p50_ms": round(float(np.percentile(ms, 50)), 2),
        "p99_ms": round(float(np.percentile(ms, 99)), 2),
        "bytes_per_profile": round((loaded - empty) / asked.people),
        "live_state_bytes_per_profile": round(state / asked.people),
        "people": asked.people,
        "wrong": wrong,
        "server_cpu_share": round(cpu / spent, 2),
        "fill_s": round(took, 1),
        "disk_bytes_per_profile": round(sum(f.stat().st_size for f in folder.rglob("state.db*")) / asked.people),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
