"""Every refusal has one shape, whoever refuses."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from coterie.errors import CoterieError, InvalidDefinition, NotFound, Overloaded, Problem
from coterie.web.errors import body_of, document, headers_of, word
from tests.serving import Serving
from tests.web.conftest import send, track

FIELDS = {"type", "message", "where", "received", "allowed", "hint", "problems", "retry", "request_id"}


def refused(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    told: dict[str, Any] = body["error"]
    assert told["type"] == kind
    assert told["message"]
    assert set(told) <= FIELDS
    assert told["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return told


def test_every_reason_is_told_at_once() -> None:
    error = InvalidDefinition(
        [Problem("missing", where="when", hint="say it"), Problem("odd", where="key", received=7)]
    )
    told = document(error, "r1").error
    assert told.message == "invalid definition, 2 problems"
    assert isinstance(told.problems, tuple)
    assert [(one.message, one.where) for one in told.problems] == [("missing", "when"), ("odd", "key")]
    assert b'"received":7' in body_of(error)
    assert b"null" not in body_of(error)


def test_what_is_long_or_strange_is_told_short() -> None:
    body = body_of(Problem("wrong", where="x", received="a" * 10_000))
    assert len(body) < 1_000
    assert b"object object" in body_of(Problem("wrong", where="x", received=object()))


def test_headers_say_when_to_come_again() -> None:
    assert (b"retry-after", b"7") in headers_of(Overloaded("much", retry_after_s=7))
    assert [name for name, _ in headers_of(NotFound("no"))] == [b"content-type"]
    assert word(CoterieError) == "internal"


def test_without_a_key_nothing_is_answered(server: Serving) -> None:
    for path in ("/v1/segments", "/v1/profiles/ada", "/v1/nothing", "/v1/openapi.json", "/v1/status"):
        answer = httpx.get(server.url + path)
        told = refused(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "Bearer ck_" in told["hint"]


@pytest.mark.parametrize(
    "given", ["Bearer nonsense", "Bearer", "Basic !!!", "Basic Og==", "Digest x", "Bearer ck_read_" + "x" * 43]
)
def test_a_wrong_key_is_none(server: Serving, given: str) -> None:
    refused(httpx.get(f"{server.url}/v1/segments", headers={"authorization": given}), 401, "unauthorized")


def test_a_key_works_as_a_user_name_too(server: Serving) -> None:
    assert httpx.get(f"{server.url}/v1/segments", auth=(server.keys["read"], "")).status_code == 200


def test_a_scope_is_not_exceeded(server: Serving) -> None:
    send(server, track("seen", "ada"))
    told = refused(server.writing.get("/v1/profiles/ada"), 403, "forbidden")
    assert "read" in told["message"]
    refused(server.writing.get("/v1/profiles/ada", params={"include": "outlook"}), 403, "forbidden")
    refused(server.reading.get("/v1/keys"), 403, "forbidden")
    refused(server.reading.post("/v1/keys", json={"name": "x", "scope": "admin"}), 403, "forbidden")
    refused(server.reading.delete("/v1/segments/buyers"), 403, "forbidden")


def test_what_is_not_there(server: Serving) -> None:
    refused(server.reading.get("/v1/nothing/at/all"), 404, "not_found")
    refused(server.reading.get("/v1/profiles/nobody"), 404, "not_found")
    refused(server.reading.get("/v1/profiles/nobody/timeline"), 404, "not_found")
    told = refused(server.reading.get("/v1/segments/buyer"), 404, "not_found")
    assert "buyers" in told["hint"]


def test_another_method(server: Serving) -> None:
    answer = server.admin.patch("/v1/segments/buyers")
    refused(answer, 405, "no_method")
    assert "GET" in answer.headers["allow"]


def test_wrong_parameters_are_named(server: Serving) -> None:
    told = refused(server.reading.get("/v1/segments/buyers/members", params={"limit": 0}), 422, "invalid")
    assert told["where"] == "query.limit"
    told = refused(
        server.reading.get("/v1/changes", params={"limit": "many", "timeout": 99}), 422, "invalid_definition"
    )
    assert {one["where"] for one in told["problems"]} == {"query.limit", "query.timeout"}
    told = refused(server.reading.get("/v1/changes", params={"cursor": "x"}), 422, "invalid")
    assert told["where"] == "cursor"
    told = refused(server.reading.get("/v1/segments/buyers/history", params={"until": "soon"}), 422, "invalid")
    assert told["where"] == "until"
    refused(server.reading.get("/v1/profiles/ada", params={"after": "soon"}), 422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"name": 5}',
        b'{"name": "x", "scope": "root"}',
        b'{"name": "\xff"}',
        b'{"name":"x","scope":"read","more":1}',
    ],
)
def test_wrong_bodies_are_told(server: Serving, body: bytes) -> None:
    told = refused(server.admin.post("/v1/keys", content=body), 422, "invalid")
    assert told["where"].startswith("body")


def test_bounds_of_headers_and_bodies(server: Serving) -> None:
    answer = server.reading.get("/v1/segments", headers={"x-much": "x" * 20_000})
    refused(answer, 431, "limit_exceeded")
    refused(server.admin.post("/v1/keys", content=b"x" * (1 << 20) + b"x"), 413, "limit_exceeded")

    def chunks() -> Any:
        for _ in range(40):
            yield b"x" * 65_536

    refused(server.admin.post("/v1/keys", content=chunks()), 413, "limit_exceeded")


def test_a_position_to_come_cannot_be_waited_for(server: Serving) -> None:
    refused(server.reading.get("/v1/profiles/ada", params={"after": 10**9}), 404, "not_found")


def test_answers_are_not_kept_framed_or_guessed(server: Serving) -> None:
    for answer in (
        server.reading.get("/v1/segments"),
        server.reading.get("/v1/nothing"),
        httpx.get(f"{server.url}/v1/x"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"


def test_nonsense_on_the_wire_does_not_hang(server: Serving) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    for text in (
        b"GET / HTTP/9\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"GET /v1/profiles/%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=5) as wire:
            wire.sendall(text)
            assert b" 500 " not in wire.recv(200)
