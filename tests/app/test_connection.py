"""Half a request holds no connection and fills no memory."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from coterie.app.connection import Connection
from coterie.limits import DEFAULT


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def place() -> Iterator[tuple[str, int]]:
    limits = msgspec.structs.replace(DEFAULT, body_wait_us=300_000)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    kind: Any = functools.partial(Connection, limits=limits)
    server = uvicorn.Server(uvicorn.Config(app, http=kind, loop="uvloop", lifespan="off", log_level="error"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    yield listener.getsockname()
    server.should_exit = server.force_exit = True
    thread.join(20)


def test_whole_requests_are_answered_also_after_a_pause(place: tuple[str, int]) -> None:
    with httpx.Client(base_url=f"http://{place[0]}:{place[1]}") as client:
        for size in (0, 10, 300_000):
            assert client.post("/", content=b"x" * size).text == "ok"
        time.sleep(0.5)
        assert client.get("/").text == "ok"


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: x\r\n", b"POST / HT"])
def test_a_head_that_does_not_come_is_not_waited_for(place: tuple[str, int], sent: bytes) -> None:
    with socket.create_connection(place, timeout=10) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""


def test_a_second_head_that_does_not_come_is_not_waited_for(place: tuple[str, int]) -> None:
    with socket.create_connection(place, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET / HTTP/1.1\r\nX: y")
        answer = b""
        while piece := connection.recv(1_000):
            answer += piece
        assert not answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("piece", [b"x" * 10_000, b"x: y\r\n" * 2_000])
def test_an_endless_head_is_cut(place: tuple[str, int], piece: bytes) -> None:
    with socket.create_connection(place, timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nA: ")
        sent = 0
        try:
            while sent < 5_000_000:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        assert sent < 5_000_000
