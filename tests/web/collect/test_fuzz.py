"""Anything at all sent to the way in: never a 5xx, never a hang, and what was answered 200 is in the journal.

Seconds it runs: ``COTERIE_FUZZ_S`` (default 6). The long run is 600, and watches the memory too.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coterie.connectors.sources.tracking import decode
from coterie.limits import DEFAULT
from coterie.storage.journal import Journal
from coterie.web.collect import Collect
from coterie.web.collect.paths import PATHS
from tests.web.collect.serving import WRITE_KEY, OneKey, collecting

SECONDS = float(os.environ.get("COTERIE_FUZZ_S", "6"))
HANG_S = 10.0
GROWTH_MAX_BYTES = 96 * 1024 * 1024
BASIC = b"Basic " + base64.b64encode(f"{WRITE_KEY}:".encode())

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["track", "identify", "2026-01-01T00:00:00Z", "\ud800", "$merge", WRITE_KEY, 10**400, 1_780_000_000_000]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)
FIELDS = (
    "type", "event", "userId", "anonymousId", "messageId", "timestamp", "originalTimestamp", "sentAt", "properties", "traits",
    "context", "name", "category", "groupId", "previousId", "writeKey", "integrations",
)  # fmt: skip
good = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "page", "identify", "group", "alias", "screen"]),
        "event": st.just("e"),
        "userId": st.just("u"),
    }
)
calls = st.builds(
    lambda base, over: {**base, **over}, good, st.dictionaries(st.sampled_from(FIELDS), values, max_size=3)
)
some = st.lists(calls, min_size=1, max_size=4).map(lambda events: {"batch": events})
documents = st.one_of(
    some,
    some,
    st.builds(
        lambda events, top: {"batch": events, **top},
        st.lists(st.one_of(calls, calls, values), max_size=4),
        st.dictionaries(st.sampled_from(["sentAt", "writeKey", "batch", "context"]), values, max_size=1),
    ),
    calls,
    values,
)


def cut(text: bytes, at: int, piece: bytes) -> bytes:
    """Return the text with ``piece`` in place of two of its bytes."""
    at = at % (len(text) + 1)
    return text[:at] + piece + text[at + 2 :]


texts = st.builds(lambda told: json.dumps(told).encode(), documents)
deep = st.integers(1, 3_000).map(
    lambda n: b'{"batch":[{"type":"track","event":"e","userId":"u","properties":' + b"[" * n + b"]" * n + b"}]}"
)
raw = st.one_of(
    texts, texts, st.builds(cut, texts, st.integers(0), st.binary(max_size=3)), st.binary(max_size=300), deep
)
PACKERS = {
    "plain": lambda body: body,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "short": lambda body: gzip.compress(body)[:-9],
    "twice": lambda body: gzip.compress(gzip.compress(body)),
    "bomb": lambda body: gzip.compress(b" " * 600_000 + body),
}
bodies = st.builds(lambda how, body: PACKERS[how](body), st.sampled_from(["plain"] * 20 + list(PACKERS)), raw)
headers = st.lists(
    st.one_of(
        st.tuples(
            st.just(b"content-type"),
            st.sampled_from([b"application/json", b"text/plain", b"application/x-www-form-urlencoded", b"\xff"]),
        ),
        st.tuples(st.just(b"content-encoding"), st.sampled_from([b"gzip", b"deflate", b"br", b"", b"GZIP ", b"\x00"])),
        st.tuples(st.just(b"content-length"), st.sampled_from([b"5", b"-1", b"9" * 30, b"x", b""])),
        st.tuples(st.just(b"origin"), st.binary(max_size=20)),
        st.tuples(st.binary(max_size=8), st.binary(max_size=8)),
    ),
    max_size=2,
)
authorizations = st.one_of(
    *[st.just(BASIC)] * 15, st.binary(max_size=30), st.binary(max_size=9).map(lambda b: b"Basic " + b)
)


class InProcess:
    """Collect with its journal on an event loop of its own."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder)
        self.journal.start()
        self.app = Collect(self.journal, OneKey())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.journal.close()

    def send(
        self, path: str, method: str, told: list[tuple[bytes, bytes]], query: bytes, pieces: list[bytes], gone: bool
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        """Return (status, headers, body); status 0 when the client had gone and nothing was answered."""
        scope = {"type": "http", "method": method, "path": path, "headers": told, "query_string": query}
        waiting: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": n + 1 < len(pieces)} for n, piece in enumerate(pieces)
        ]
        if gone:
            waiting[-1] = {"type": "http.disconnect"}
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def answer(message: Any) -> None:
            sent.append(message)

        asyncio.run_coroutine_threadsafe(self.app(scope, receive, answer), self._loop).result(HANG_S)
        if not sent:
            return 0, {}, b""
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[InProcess]:
    made = InProcess(tmp_path)
    yield made
    made.close()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_nothing_breaks_it(inside: InProcess) -> None:
    taken: list[int] = []

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        path=st.sampled_from(sorted(PATHS)), method=st.sampled_from(["POST"] * 9 + ["GET", "OPTIONS", "PUT"]), told=headers, authorization=authorizations,
        query=st.sampled_from([b"", b"writeKey=" + WRITE_KEY.encode(), b"%ff&writeKey=%", b"&" * 99 + b"writeKey"]),
        body=bodies, at=st.integers(0, 200), gone=st.sampled_from([False] * 9 + [True]),
    )  # fmt: skip
    def one(
        path: str,
        method: str,
        told: list[tuple[bytes, bytes]],
        authorization: bytes,
        query: bytes,
        body: bytes,
        at: int,
        gone: bool,
    ) -> None:
        told = [*told, (b"authorization", authorization)]
        status, answered, text = inside.send(path, method, told, query, [body[:at], body[at:]], gone)
        assert status in (0, 200, 204, 400, 401, 405, 431), (status, text)
        if status == 200:
            taken.append(_check_taken(inside.journal, PATHS[path], answered, json.loads(text)))
        elif status >= 400:
            assert json.loads(text)["error"]["message"]

    until, before, rounds = time.monotonic() + SECONDS, 0, 0
    while time.monotonic() < until or (sum(taken) <= 10 and rounds < 20):
        one()
        rounds += 1
        inside.journal.forget(inside.journal.head - 10_000)
        before = before or resident()
    assert sum(taken) > 10, "some of it was good"
    if SECONDS > 60:
        assert resident() - before < GROWTH_MAX_BYTES


def _check_taken(journal: Journal, route: str, answered: dict[bytes, bytes], told: dict[str, Any]) -> int:
    """Return how many events were accepted, each of which the runner reads from the journal."""
    position = int(answered[b"coterie-position"])
    entries = journal.read(position - 1, 1) if position else []
    if route == "metrics" or not entries:
        return 0
    decoded = decode(entries[0].route, entries[0].body, entries[0].received_at, DEFAULT, position=position)
    read = sum(not event.id.endswith("#consent") for event in decoded.events) + decoded.duplicates
    if told["success"]:
        return read
    assert told["accepted"] + len(told["rejected"]) >= read
    assert {one["index"] for one in told["rejected"]} <= {one.index for one in decoded.refused}
    return read


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(
            cut,
            st.just(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"),
            st.integers(0),
            st.binary(max_size=4),
        ),
    )
)
def _noise(place: tuple[str, int], data: bytes) -> None:
    with socket.create_connection(place, timeout=HANG_S) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except ConnectionResetError:
            return
    assert not answer.startswith(b"HTTP/1.1 5"), answer


def test_noise_on_the_wire_stops_nobody(tmp_path: Path) -> None:
    with collecting(tmp_path) as served:
        url = urlsplit(served.url)
        _noise((str(url.hostname), int(url.port or 0)))
        _noise((str(url.hostname), int(url.port or 0)))
        request = b"POST /v1/track?writeKey=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 42\r\n\r\n%s"
        with socket.create_connection((url.hostname, url.port), timeout=HANG_S) as connection:  # type: ignore[arg-type]
            connection.sendall(request % (WRITE_KEY.encode(), b'{"event":"e","userId":"u","messageId":"m"}'))
            assert connection.recv(1_000).startswith(b"HTTP/1.1 200")
        assert served.journal.head >= 1
