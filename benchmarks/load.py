"""A load generator that costs little: ready-made bodies with places for fresh ids, raw sockets, nothing parsed but the status.

Usage: python benchmarks/load.py --url http://127.0.0.1:8080 --key KEY [--connections 32] [--seconds 10] [--rate EVENTS_PER_S];
the last line is one JSON object. Every event gets a new messageId. Without a rate every connection sends its next request when the
last was answered; with one, requests are sent by the clock and latencies count from the instant at which they were due.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import cast
from urllib.parse import urlsplit

import numpy as np
import uvloop

from workload import NAMES, events

PAD = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PRODUCT_VIEW, CART, ORDER = 1, 2, 4


def bodies(count: int, size: int, *, customers: int = 500_000) -> list[list[bytes]]:
    """Return ``count`` batches of ``size`` events of the reference workload (about 400 bytes each), cut where an id belongs.

    Joined with a timestamp and an id that was never used before, a batch is the body of one request, but for its end.
    """
    data = events(1_000_000, customers)
    n = count * size
    columns = [np.resize(np.asarray(data[name]), n).tolist() for name in ("cust", "name", "product_id", "value")]
    made: list[list[bytes]] = []
    rows = zip(*columns, strict=True)
    for _ in range(count):
        parts: list[bytes] = []
        text = '{"batch":['
        for place in range(size):
            customer, name, product, value = next(rows)
            text += ("," if place else "") + '{"type":"track","timestamp":"'
            parts.append(text.encode())
            text = f'-{place:03d}","userId":"c{customer:06d}","event":"{NAMES[name]}","properties":{{{_said(name, product, value)}}},{CONTEXT}'
        parts.append(f'{text}],"sentAt":"'.encode())
        made.append(parts)
    return made


CONTEXT = (
    f'"context":{{"library":{{"name":"load","version":"1.0.0"}},"userAgent":"{PAD}","locale":"en-GB",'
    '"page":{"path":"/shop/all","url":"https://shop.example/shop/all"}},"integrations":{}}'
)


def _said(name: int, product: int, value: float) -> str:
    if name == PRODUCT_VIEW:
        return f'"product_id":{product}'
    return f'"value":{value:.2f}' if name in (CART, ORDER) else ""


def _stamp(seconds: float) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1_000):03d}Z"


class Tally:
    """What happened: latencies in seconds, statuses, and requests that got no answer."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.acknowledged: list[tuple[float, str]] = []
        self.broken = 0


class Connection(asyncio.Protocol):
    """One connection: sends a request, waits for its answer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._waiting: asyncio.Future[int] | None = None
        self._head = b""
        self._left = 0
        self._status = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, data: bytes) -> asyncio.Future[int]:
        """Return the future status of the answer to ``data``."""
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        if self._left == 0:
            data = self._head + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._head = data
                return
            self._head = b""
            self._status = int(data[9:12])
            place = data.lower().find(b"content-length:", 0, end)
            length = int(data[place + 15 : data.find(b"\r", place)]) if place >= 0 else 0
            self._left = length - (len(data) - end - 4)
        else:
            self._left -= len(data)
        if self._left <= 0 and self._waiting is not None:
            self._left = 0
            done, self._waiting = self._waiting, None
            if not done.done():
                done.set_result(self._status)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionResetError("the server closed the connection"))


class Load:
    """Traffic to one server. ``made`` as ``bodies`` returns them."""

    def __init__(self, url: str, key: str, made: Sequence[list[bytes]], path: str = "/v1/batch") -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        basic = base64.b64encode(f"{key}:".encode()).decode()
        self.head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: Basic {basic}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._made = cycle(made)
        self._ids = self._tokens()
        self.size = len(made[0]) - 1
        self.tally = Tally()
        self.remember = False
        """Whether acknowledged ids are kept, with the instant (seconds, monotonic) of their acknowledgement."""

    @staticmethod
    def _tokens() -> Iterator[str]:
        run = secrets.token_hex(4)
        number = 0
        while True:
            yield f"{run}-{number:09x}"
            number += 1

    def request(self) -> tuple[str, bytes]:
        """Return (the token of its ids, the bytes) of a request that was never sent before. Cost: about 6 µs."""
        token, stamp = next(self._ids), _stamp(time.time())
        body = f'{stamp}","messageId":"{token}'.encode().join(next(self._made))
        end = f'{stamp}"}}'.encode()
        return token, b"%b%d\r\n\r\n%b%b" % (self.head, len(body) + len(end), body, end)

    async def connect(self) -> Connection:
        _, protocol = await asyncio.get_running_loop().create_connection(Connection, self.host, self.port)
        return protocol

    async def post(self, connection: Connection, due: float | None = None) -> int:
        """Return the status of one request, its latency counted from ``due`` (or from now)."""
        token, data = self.request()
        began = time.perf_counter() if due is None else due
        status = await connection.send(data)
        ended = time.perf_counter()
        self.tally.seconds.append(ended - began)
        self.tally.statuses[status] += 1
        if self.remember and status == 200:
            self.tally.acknowledged.append((ended, token))
        return status

    async def closed(self, connections: int, seconds: float) -> float:
        """Send from so many connections, each waiting for its answers, for so long; return the seconds it took."""
        until = time.perf_counter() + seconds

        async def one() -> None:
            connection = await self.connect()
            while time.perf_counter() < until:
                try:
                    if await self.post(connection) in (429, 503):
                        await asyncio.sleep(0.05)
                except OSError:
                    self.tally.broken += 1
                    connection = await self.connect()
            connection.transport.close()

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(connections)))
        return time.perf_counter() - began

    async def paced(self, connections: int, seconds: float, per_s: float) -> float:
        """Send ``per_s`` events a second by the clock for so long, whatever the answers do; return the seconds it took."""
        idle: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(connections):
            idle.put_nowait(await self.connect())
        gap = self.size / per_s
        began = time.perf_counter()
        tasks: set[asyncio.Task[None]] = set()

        async def one(due: float) -> None:
            connection = await idle.get()
            try:
                await self.post(connection, due)
                idle.put_nowait(connection)
            except OSError:
                self.tally.broken += 1
                idle.put_nowait(await self.connect())

        for number in range(int(seconds / gap)):
            due = began + number * gap
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.ensure_future(one(due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        while not idle.empty():
            idle.get_nowait().transport.close()
        return time.perf_counter() - began

    def figures(self, took: float) -> dict[str, object]:
        """Return the figures of what was sent in ``took`` seconds."""
        accepted = self.tally.statuses[200]
        ms = np.array(self.tally.seconds or [0.0]) * 1e3
        p50, p99, most = (round(float(np.percentile(ms, share)), 2) for share in (50, 99, 100))
        return {
            "events_per_s": round(accepted * self.size / took),
            "requests_per_s": round(accepted / took),
            "events": accepted * self.size,
            "p50_ms": p50,
            "p99_ms": p99,
            "max_ms": most,
            "statuses": {str(status): count for status, count in sorted(self.tally.statuses.items())},
            "broken": self.tally.broken,
            "seconds": round(took, 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key", required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--size", type=int, default=50, help="events per request")
    parser.add_argument("--rate", type=float, default=0, help="events per second (0: as many as are answered)")
    parser.add_argument(
        "--bodies", type=int, default=4_000, help="different requests before they come again with new ids"
    )
    asked = parser.parse_args()
    load = Load(asked.url, asked.key, bodies(asked.bodies, asked.size))
    print("ready", flush=True)
    began = time.process_time()
    if asked.rate:
        took = uvloop.run(load.paced(asked.connections, asked.seconds, asked.rate))
    else:
        took = uvloop.run(load.closed(asked.connections, asked.seconds))
    print(json.dumps({**load.figures(took), "generator_cpu_share": round((time.process_time() - began) / took, 3)}))


if __name__ == "__main__":
    main()
