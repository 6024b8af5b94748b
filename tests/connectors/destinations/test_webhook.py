"""Signed requests, judged by the reference library; answers; and addresses that are not for the likes of us."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Reference
from standardwebhooks import WebhookVerificationError

from coterie.connectors.destinations import addresses
from coterie.connectors.destinations.addresses import is_public
from coterie.connectors.destinations.definitions import open_one, parse
from coterie.connectors.destinations.destination import Later, Message
from coterie.connectors.destinations.webhook import judge, retry_after_s
from coterie.errors import InvalidDefinition, Terminal, Transient
from coterie.limits import SECOND_US
from tests.connectors.destinations.messages import AT, message
from tests.connectors.destinations.servers import Web, web

OLD, NEW = (f"whsec_{base64.b64encode(bytes(range(n, n + 32))).decode()}" for n in (1, 40))


def told(server: Web, *messages: Message, environment: dict[str, str] | None = None, **fields: Any) -> None:
    data = {"key": "shop", "kind": "webhook", "url": server.url, "private_addresses": "allow", **fields}

    async def work() -> None:
        destination = open_one(parse(data), Path(), environment or {})
        try:
            for one in messages:
                await destination.send(one)
        finally:
            await destination.close()

    asyncio.run(work())


def _now() -> int:
    return int(datetime.now(UTC).timestamp()) * SECOND_US


def now(key: str = "k1", **more: Any) -> Message:
    """Return a message that is tried now, as the reference library asks for."""
    one = message(key, **more)
    return Message(**{**{name: getattr(one, name) for name in one.__struct_fields__}, "at": _now()})


def test_the_reference_library_accepts_the_signature_and_refuses_a_changed_body() -> None:
    with web() as server:
        told(server, now(), secrets="${OLD}", environment={"OLD": OLD})
        ((_, headers, body),) = server.got
    data = Reference(OLD).verify(body, headers)
    assert data["type"] == "segment.entered"
    assert data["data"]["profile"]["id"] == "ada"
    assert data["data"]["key"] == headers["webhook-id"] == "k1"
    with pytest.raises(WebhookVerificationError):
        Reference(OLD).verify(body.replace(b"ada", b"eve"), headers)


def test_two_secrets_sign_so_that_one_can_replace_the_other() -> None:
    with web() as server:
        told(server, now(), secrets=["${OLD}", "${NEW}"], environment={"OLD": OLD, "NEW": NEW})
        ((_, headers, body),) = server.got
    for secret in (OLD, NEW):
        assert Reference(secret).verify(body, headers)
    assert len(headers["webhook-signature"].split()) == 2


def test_the_body_is_the_same_at_every_try() -> None:
    with web() as server:
        told(server, now(attempt=1), now(attempt=2), secrets="${OLD}", environment={"OLD": OLD})
        bodies = [body for _, _, body in server.got]
    assert bodies[0] == bodies[1]


def test_headers_come_from_the_environment_and_content_is_rendered() -> None:
    with web() as server:
        told(
            server, now(content={"title": "Hi {{ traits.first_name }}"}), headers={"authorization": "Bearer ${TOKEN}"},
            environment={"TOKEN": "t0"},
        )  # fmt: skip
        ((_, headers, body),) = server.got
    assert headers["authorization"] == "Bearer t0"
    assert json.loads(body)["data"]["content"] == {"title": "Hi Ada"}


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success(status: int) -> None:
    judge(status, {}, "", AT)


@pytest.mark.parametrize("status", [401, 403, 408, 409, 425, 429, 500, 502, 503, 504])
def test_answers_that_may_end(status: int) -> None:
    with pytest.raises(Transient):
        judge(status, {}, "x", AT)


@pytest.mark.parametrize("status", [300, 304, 400, 404, 405, 410, 413, 422])
def test_answers_that_do_not(status: int) -> None:
    with pytest.raises(Terminal):
        judge(status, {}, "x", AT)


@pytest.mark.parametrize(("text", "seconds"), [
    ("120", 120), ("0", 0), ("999999", 86_400), ("Wed, 18 Mar 2026 12:01:30 GMT", 90), ("Wed, 18 Mar 2026 11:00:00 GMT", 0),
    ("soon", None), ("", None),
])  # fmt: skip
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after_s(text, AT) == seconds


def test_a_busy_server_says_when() -> None:
    with web() as server:
        server.answers = [(429, {"retry-after": "7"})]
        with pytest.raises(Later) as told_later:
            told(server, now())
    assert told_later.value.retry_after_s == 7


def test_redirects_stay_with_the_host() -> None:
    with web() as server, web() as other:
        server.answers = [(307, {"location": "/moved"}), (200, {})]
        told(server, now())
        assert [path for path, _, _ in server.got] == ["/hook", "/moved"]
        server.answers = [(308, {"location": other.url})]
        with pytest.raises(Terminal, match="redirect"):
            told(server, now())
        server.answers = [(302, {"location": "/moved"})]
        with pytest.raises(Terminal, match="302"):
            told(server, now())
        assert other.got == []


def test_redirects_in_a_circle_end() -> None:
    with web() as server:
        server.answers = [(307, {"location": "/hook"})]
        with pytest.raises(Terminal):
            told(server, now())
        assert len(server.got) == 4


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
    "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::",
])  # fmt: skip
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def test_the_own_network_is_out_of_reach_unless_allowed() -> None:
    with web() as server:
        with pytest.raises(Terminal, match="private network"):
            told(server, now(), private_addresses="deny")
        with pytest.raises(Terminal, match="private network"):
            told(server, now(), private_addresses="deny", url=f"http://localhost:{server.port}/")
        assert server.got == []


def test_it_connects_to_the_very_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its address between the look and the connection changes nothing."""
    asked: list[str] = []

    async def look(host: str, port: int, *, private: bool) -> str:
        asked.append(host)
        return "127.0.0.1"

    monkeypatch.setattr("coterie.connectors.destinations.webhook.resolve", look)
    with web() as server:
        told(server, now(), url=f"http://shop.invalid:{server.port}/x")
        ((_, headers, _),) = server.got
    assert asked == ["shop.invalid"]
    assert headers["host"] == f"shop.invalid:{server.port}"


def test_a_name_that_leads_nowhere_is_transient() -> None:
    with pytest.raises(Transient):
        asyncio.run(addresses.resolve("nobody.invalid", 80, private=False))


def test_a_server_that_does_not_answer_in_time_is_transient() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with web() as server, pytest.raises(Transient, match="no answer"):
            told(server, now(), url=f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout="1s")


@pytest.mark.parametrize(("fields", "word"), [
    ({"secrets": OLD}, "does not stand in a file"), ({"url": "ftp://x"}, "not an address"), ({"urll": "x"}, "url"),
    ({"private_addresses": "no"}, "deny, allow"), ({"timeout": "0s"}, "duration"), ({"concurrency": 0}, "range"),
])  # fmt: skip
def test_definitions_that_are_wrong(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidDefinition, match=word):
        parse({"key": "shop", "kind": "webhook", "url": "https://shop.example/", **fields}, "destinations/shop.yaml")


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_%%%", f"whsec_{base64.b64encode(b'x' * 8).decode()}"])
def test_a_secret_that_is_none_is_told_without_showing_it(secret: str) -> None:
    data = parse({"key": "shop", "kind": "webhook", "url": "https://shop.example/", "secrets": "${S}"})
    with pytest.raises(InvalidDefinition) as told_wrong:
        open_one(data, Path(), {"S": secret})
    assert secret not in str(told_wrong.value)
