"""The way in, asked over real connections: what is answered, and that what was answered is stored."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import pytest

from coterie.errors import Overloaded, Transient
from coterie.limits import DEFAULT
from coterie.storage.journal import Journal
from coterie.web.collect.paths import PATHS
from tests.web.collect.serving import WRITE_KEY, Failing, Served, collecting

EVENT = {"type": "track", "event": "Product Viewed", "userId": "ada"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with collecting(tmp_path_factory.mktemp("journal")) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, auth=(WRITE_KEY, "")) as opened:
        yield opened


def body(*events: Any, **top: Any) -> bytes:
    return json.dumps({"batch": events, **top}).encode()


@pytest.mark.parametrize("path", sorted(path for path, route in PATHS.items() if route != "metrics"))
def test_every_path_of_the_sdks_takes_events(served: Served, client: httpx.Client, path: str) -> None:
    message = f"id-{path}"
    event = {**EVENT, "messageId": message, "groupId": "g", "previousId": "p"}
    route = PATHS[path]
    answer = client.post(path, content=body(event) if route == "batch" else json.dumps(event))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    position = int(answer.headers["coterie-position"])
    (entry,) = served.journal.read(position - 1, 1)
    assert (entry.position, entry.route, entry.source) == (position, route, "k1")
    assert message in entry.body.decode()


def test_metrics_are_taken_and_not_kept(served: Served, client: httpx.Client) -> None:
    head = served.journal.head
    assert client.post("/v1/m", content=b'{"series":[]}').status_code == 200
    assert served.journal.head == head


@pytest.mark.parametrize(
    ("how", "send"),
    [
        ("basic", {"auth": (WRITE_KEY, "")}),
        ("bearer", {"headers": {"authorization": f"Bearer {WRITE_KEY}"}}),
        ("body", {"content": body(EVENT, writeKey=WRITE_KEY)}),
        ("event", {"content": body({**EVENT, "writeKey": WRITE_KEY})}),
        ("query", {"params": {"writeKey": WRITE_KEY}}),
        ("body although the header is wrong", {"auth": ("other", ""), "content": body(EVENT, writeKey=WRITE_KEY)}),
    ],
)
def test_the_key_may_come_in_every_way(served: Served, how: str, send: dict[str, Any]) -> None:
    assert httpx.post(f"{served.url}/v1/batch", **{"content": body(EVENT), **send}).status_code == 200, how


@pytest.mark.parametrize("send", [{}, {"auth": ("wrong", "")}, {"headers": {"authorization": "Basic %%%"}}])
def test_without_a_key_nothing_is_taken(served: Served, send: dict[str, Any]) -> None:
    head = served.journal.head
    answer = httpx.post(f"{served.url}/v1/batch", content=body(EVENT), **send)
    assert answer.status_code == 401
    assert "write key" in answer.json()["error"]["hint"]
    assert served.journal.head == head


def _wbits(data: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (gzip.compress(body(EVENT)), {"content-encoding": "gzip"}),
        (gzip.compress(body(EVENT)), {"content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded"}),
        (gzip.compress(body(EVENT)), {}),
        (zlib.compress(body(EVENT)), {"content-encoding": "deflate"}),
        (_wbits(body(EVENT), -15), {"content-encoding": "deflate"}),
        (body(EVENT), {"content-encoding": "gzip"}),
        (body(EVENT), {"content-type": "text/plain"}),
        (body(EVENT), {"content-type": "application/x-www-form-urlencoded"}),
        (b"data=" + quote(body(EVENT)).encode(), {"content-type": "application/x-www-form-urlencoded"}),
        (b"\xef\xbb\xbf" + body(EVENT), {}),
    ],
)  # fmt: skip
def test_the_body_may_come_in_every_dress(
    served: Served, client: httpx.Client, content: bytes, headers: dict[str, str]
) -> None:
    answer = client.post("/v1/batch", content=content, headers=headers)
    assert answer.json() == {"success": True}
    (entry,) = served.journal.read(int(answer.headers["coterie-position"]) - 1, 1)
    assert entry.body == body(EVENT)


def test_half_emoji_and_foreign_bytes_cost_no_event(served: Served, client: httpx.Client) -> None:
    half = b'{"batch":[{"type":"track","event":"e","userId":"a","messageId":"half","properties":{"t":"x\\ud83d","n":NaN}}]}'
    latin = '{"batch":[{"type":"track","event":"e","userId":"a","messageId":"latin","properties":{"t":"café"}}]}'
    assert client.post("/v1/batch", content=half).json() == {"success": True}
    assert client.post("/v1/batch", content=latin.encode("latin-1")).json() == {"success": True}
    events = {event.id: event.properties for event in served.events()}
    assert events["half"] == {"t": "x\ufffd", "n": None}
    assert events["latin"] == {"t": "caf\ufffd"}


def test_bad_events_are_named_and_the_others_taken(served: Served, client: httpx.Client) -> None:
    bad = {"type": "track", "userId": "ada", "messageId": "bad"}
    answer = client.post("/v1/batch", content=body({**EVENT, "messageId": "good"}, bad, {"type": "x", "userId": "u"}))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["success"], told["accepted"]) == (False, 1)
    assert told["rejected"][0] == {
        "index": 1, "messageId": "bad", "reason": "event name is missing", "where": "event", "received": "",
        "allowed": "the name of what happened", "hint": "",
    }  # fmt: skip
    assert (told["rejected"][1]["messageId"], told["rejected"][1]["received"]) == (None, "x")
    assert "good" in {event.id for event in served.events()}
    assert served.collect.tallies()["refused"] >= 2


@pytest.mark.parametrize(
    ("path", "content", "headers"),
    [
        ("/v1/batch", b"{", {}),
        ("/v1/batch", b"", {}),
        ("/v1/batch", b"[]", {}),
        ("/v1/batch", b'{"events": []}', {}),
        ("/v1/track", b'"text"', {}),
        ("/v1/track", b"[" * 50_000, {}),
        ("/v1/batch", b"\x1f\x8bnoise", {}),
        ("/v1/batch", gzip.compress(body(EVENT))[:-5], {}),
        ("/v1/batch", body(EVENT), {"content-encoding": "br"}),
        ("/v1/batch", body(*[EVENT] * 2_501), {}),
    ],
)
def test_what_cannot_be_read_is_400_with_a_reason(
    served: Served, client: httpx.Client, path: str, content: bytes, headers: dict[str, str]
) -> None:
    head = served.journal.head
    answer = client.post(path, content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert served.journal.head == head


def test_large_bodies_are_400_also_when_they_inflate_to_it(client: httpx.Client) -> None:
    events = [{**EVENT, "properties": {"x": "y" * 1_000}}] * 450
    assert client.post("/v1/batch", content=body(*events)).json() == {"success": True}
    assert client.post("/v1/batch", content=body(*events, *events)).status_code == 400
    bomb = gzip.compress(b" " * 300_000_000)
    began = time.monotonic()
    assert client.post("/v1/batch", content=bomb, headers={"content-encoding": "gzip"}).status_code == 400
    assert time.monotonic() - began < 5

    def endless() -> Iterator[bytes]:
        for _ in range(600):
            yield b" " * 1_024

    assert client.post("/v1/batch", content=endless()).status_code == 400


def test_other_methods_and_paths_are_told_apart(client: httpx.Client) -> None:
    answer = client.get("/v1/batch")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
    assert client.post("/v1/nothing", content=b"{}").status_code == 404


def test_headers_are_bounded(client: httpx.Client) -> None:
    assert client.post("/v1/batch", content=body(EVENT), headers={"x-large": "y" * 17_000}).status_code == 431


def test_pages_of_any_origin_may_send(client: httpx.Client) -> None:
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-retry-count",
    }
    answer = client.options("/v1/t", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type,x-retry-count"
    assert "POST" in answer.headers["access-control-allow-methods"]
    sent = client.post("/v1/batch", content=body(EVENT), headers={"origin": "https://shop.example"})
    assert sent.headers["access-control-allow-origin"] == "https://shop.example"
    assert "coterie-position" in sent.headers["access-control-expose-headers"]
    refused = httpx.post(f"{client.base_url}/v1/batch", content=body(EVENT), headers={"origin": "https://shop.example"})
    assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (401, True)


def test_origins_can_be_narrowed(tmp_path: Path) -> None:
    with collecting(tmp_path, origins=("https://shop.example",)) as served:
        for origin, shown in (("https://shop.example", True), ("https://other.example", False)):
            answer = httpx.options(f"{served.url}/v1/t", headers={"origin": origin})
            assert ("access-control-allow-origin" in answer.headers) is shown


class Stingy:
    def take(self, key_id: str, /, events: int) -> float:
        return 2.4 if events > 3 else 0.0


def test_overload_and_a_full_disk_say_when_to_come_again(tmp_path: Path) -> None:
    stores: list[Failing] = []

    def store(journal: Journal) -> Failing:
        stores.append(Failing(journal))
        return stores[0]

    with collecting(tmp_path, store=store, limiter=Stingy()) as served:
        url = f"{served.url}/v1/batch"
        stores[0].error = Overloaded("full", retry_after_s=7)
        answer = httpx.post(url, content=body(EVENT), auth=(WRITE_KEY, ""))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        stores[0].error = Transient("the disk is full")
        answer = httpx.post(url, content=body(EVENT), auth=(WRITE_KEY, ""))
        assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (503, True)
        stores[0].error = None
        answer = httpx.post(url, content=body(*[EVENT] * 5), auth=(WRITE_KEY, ""))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
        assert served.journal.head == 0
        assert httpx.post(url, content=body(EVENT), auth=(WRITE_KEY, "")).status_code == 200


def test_who_does_not_send_its_body_is_not_waited_for(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(DEFAULT, body_wait_us=200_000)
    with collecting(tmp_path, limits) as served:
        place = urlsplit(served.url)
        with socket.create_connection((place.hostname, place.port), timeout=10) as raw:  # type: ignore[arg-type]
            raw.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
            assert raw.recv(100).startswith(b"HTTP/1.1 408")
        with socket.create_connection((place.hostname, place.port), timeout=10) as raw:  # type: ignore[arg-type]
            raw.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert httpx.post(f"{served.url}/v1/batch", content=body(EVENT), auth=(WRITE_KEY, "")).status_code == 200


def test_other_paths_go_where_they_are_sent(tmp_path: Path) -> None:
    def app(word: bytes) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": word})

        return answer

    routes, prefixes = {"/healthz": app(b"exact")}, [("/v1/projects/", app(b"prefix"))]
    with collecting(tmp_path, routes=routes, prefixes=prefixes, rest=app(b"rest")) as served:
        for path, word in (("/healthz", "exact"), ("/v1/projects/k/settings", "prefix"), ("/x", "rest")):
            assert httpx.get(f"{served.url}{path}").text == word
