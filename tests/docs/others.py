"""Servers of others that a page speaks to at their usual address: real ones stand in for them while the page is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tests.docs.blocks import Block
from tests.mariadb import mariadb
from tests.postgres import postgres


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


OTHERS = {"localhost:5432": _postgresql, "localhost:3306": _mariadb}
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
