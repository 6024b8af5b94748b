"""One body for every destination, against a real server: what it promises to the outbox."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from coterie.connectors.destinations.definitions import KINDS, open_one, parse
from coterie.connectors.destinations.destination import Destination, Message
from coterie.errors import Terminal, Transient
from tests.connectors.destinations.messages import message
from tests.connectors.destinations.servers import Post, Web, post, web


class Side(Protocol):
    """The other side of a destination: what it got, and how it is made to refuse."""

    definition: dict[str, Any]

    def keys(self) -> list[str]:
        """Return the idempotency keys it got, in order."""

    def busy(self) -> None:
        """The next try fails in a way that ends; the one after it succeeds."""

    def refuse(self) -> Message:
        """Return a message that will be refused for good."""


class WebSide:
    def __init__(self, server: Web) -> None:
        self._server = server
        self.definition = {"key": "one", "kind": "webhook", "url": server.url, "private_addresses": "allow"}

    def keys(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self._server.got]

    def busy(self) -> None:
        self._server.answers = [(503, {}), (200, {})]
        self._server.got.clear()

    def refuse(self) -> Message:
        self._server.answers = [(410, {})]
        return message()


class MailSide:
    def __init__(self, server: Post) -> None:
        self._server = server
        self.definition = {
            "key": "one", "kind": "email", "host": server.host, "port": server.port, "security": "none",
            "from": "Shop <shop@example.com>",
        }  # fmt: skip

    def keys(self) -> list[str]:
        return [str(one["X-Idempotency-Key"]) for one in self._server.mails]

    def busy(self) -> None:
        self._server.answers = ["451 come back", "250 OK"]

    def refuse(self) -> Message:
        self._server.refused["ada@example.com"] = "550 no such person"
        return message()


class FileSide:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.definition = {"key": "one", "kind": "file", "path": "out/told.jsonl"}

    def keys(self) -> list[str]:
        file = self._folder / "out" / "told.jsonl"
        return [json.loads(line)["key"] for line in file.read_text().splitlines()] if file.is_file() else []

    def busy(self) -> None:
        """The folder is in the way once; it is gone when it has been seen."""
        file = self._folder / "out" / "told.jsonl"
        file.mkdir(parents=True)

    def refuse(self) -> Message:
        return message(content={"line": "{{ nobody.knows }}"})


@pytest.fixture(params=sorted(KINDS))
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    if request.param == "webhook":
        with web() as server:
            yield WebSide(server)
    elif request.param == "email":
        with post() as server:
            yield MailSide(server)
    else:
        yield FileSide(tmp_path)


@pytest.fixture
def destination(side: Side, tmp_path: Path) -> Destination:
    return open_one(parse(side.definition), tmp_path, {})


def send(destination: Destination, *messages: Message) -> None:
    async def work() -> None:
        try:
            await asyncio.gather(*(destination.send(one) for one in messages))
        finally:
            await destination.close()

    asyncio.run(work())


def test_what_is_sent_arrives_once_with_its_key(side: Side, destination: Destination) -> None:
    send(destination, message("k1"))
    assert side.keys() == ["k1"]


def test_several_at_once_all_arrive(side: Side, destination: Destination) -> None:
    send(destination, *(message(f"k{n}") for n in range(20)))
    assert sorted(side.keys()) == sorted(f"k{n}" for n in range(20))


def test_a_second_try_carries_the_same_key(side: Side, tmp_path: Path) -> None:
    send(open_one(parse(side.definition), tmp_path, {}), message("k1"))
    send(open_one(parse(side.definition), tmp_path, {}), message("k1", attempt=2))
    assert side.keys() == ["k1", "k1"]


def test_what_ends_is_transient(side: Side, tmp_path: Path) -> None:
    side.busy()
    with pytest.raises(Transient):
        send(open_one(parse(side.definition), tmp_path, {}), message("k1"))
    in_the_way = tmp_path / "out" / "told.jsonl"
    if in_the_way.is_dir():
        os.rmdir(in_the_way)
    send(open_one(parse(side.definition), tmp_path, {}), message("k1"))
    assert side.keys()[-1] == "k1"


def test_what_does_not_end_is_terminal(side: Side, destination: Destination) -> None:
    refused = side.refuse()
    with pytest.raises(Terminal):
        send(destination, refused)


def test_content_is_tried_before_anything_is_sent(side: Side, destination: Destination) -> None:
    good = {"subject": "Hi {{ traits.first_name }}", "text": "x"}
    assert destination.flaws(good, message().payload, "here") == []
    (flaw,) = destination.flaws({**good, "text": "{{ traits.nickname }}"}, message().payload, "here")
    assert "traits.nickname" in str(flaw)
    assert "here.text" in str(flaw)
    assert "default" in flaw.hint
    assert side.keys() == []


def test_nobody_listening_is_transient(side: Side, tmp_path: Path) -> None:
    if side.definition["kind"] == "file":
        return
    elsewhere = {"url": "http://127.0.0.1:9/x"} if side.definition["kind"] == "webhook" else {"port": 9}
    with pytest.raises(Transient):
        send(open_one(parse({**side.definition, **elsewhere}), tmp_path, {}), message())
