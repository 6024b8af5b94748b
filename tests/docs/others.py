"""Servers of others that a page speaks to at their usual address: real ones stand in for them while the page is read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs.blocks import Block
from tests.kafka import Broker
from tests.mariadb import mariadb
from tests.postgres import postgres
from tests.servers import Server, free_port, mosquitto, running


@contextmanager
def _postgresql() -> Iterator[int]:
    with postgres() as server:
        server.database("shop").close()
        yield server.server.port


@contextmanager
def _mariadb() -> Iterator[int]:
    with mariadb() as server:
        server.database("shop").close()
        yield server.server.port


@contextmanager
def _kafka() -> Iterator[int]:
    with TemporaryDirectory() as folder, running(Broker(Path(folder))) as server:
        yield server.port


@contextmanager
def _mqtt() -> Iterator[int]:
    with TemporaryDirectory() as folder, running(mosquitto(Path(folder))) as server:
        yield server.port


@contextmanager
def _kinesis() -> Iterator[int]:
    port = free_port()
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "moto.server", "-p", str(port)]
        with running(Server(command, port, Path(folder) / "moto.log", 60)):
            yield port


OTHERS = {
    "localhost:5432": _postgresql,
    "localhost:3306": _mariadb,
    "localhost:9092": _kafka,
    "localhost:1883": _mqtt,
    "localhost:4566": _kinesis,
}
"""What pages call a server → what starts one and yields its port. Databases are called shop; shop with s3cret may use them."""


def stand_ins(told: list[Block], running: ExitStack) -> Callable[[str], str]:
    """Return a function that puts the addresses of real servers into a block; they run until ``running`` ends."""
    spoken = [block.text for block in told if block.mark not in ("not run", "output")]
    known = {
        written: f"127.0.0.1:{running.enter_context(start())}"
        for written, start in OTHERS.items()
        if any(written in text for text in spoken)
    }

    def replaced(text: str) -> str:
        for written, there in known.items():
            for form in ("{}:{}", "--host={} --port={}"):
                text = text.replace(form.format(*written.split(":")), form.format(*there.split(":")))
        return text

    return replaced
