"""Signatures as their senders make them, forgeries of each, and requests as rows."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import standardwebhooks

from coterie.connectors.secrets import expanded
from coterie.connectors.sources.kinds import Setting, kind_of
from coterie.connectors.sources.webhook.config import Config, Inbox, open_source
from coterie.connectors.sources.webhook.requests import chunk_of_request
from coterie.connectors.sources.webhook.signatures import Forged, check
from coterie.errors import InvalidDefinition
from coterie.segments.parse.folder import form_of

NOW = 1_767_225_600_000_000
BODY = b'{"id": "evt_1", "order": {"total": 12.5}}'
OLD, NEW = "b2xkLXNlY3JldC1vZi10aGUtc2hvcA==", "bmV3LXNlY3JldC1vZi10aGUtc2hvcA=="


def inbox(kind: str, secrets: tuple[str, ...] = (NEW,), **more: Any) -> Inbox:
    names = {f"S{place}": text for place, text in enumerate(secrets)}
    signature: dict[str, Any] = {"kind": kind, **more}
    if secrets:
        written = [f"${{{name}}}" for name in names]
        signature["secret"] = written[0] if len(written) == 1 else written
    config = expanded(form_of(Config, {"signature": signature}), names)
    return open_source(config, Setting(name="shop", root=Path(), folder=Path()))


def digest(secret: str, text: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), text, algorithm).digest()


def standard(secret: str, body: bytes) -> dict[str, str]:
    at = datetime.fromtimestamp(NOW / 1e6, UTC)
    signed = standardwebhooks.Webhook(f"whsec_{secret}").sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(NOW // 1_000_000), "webhook-signature": f"v1a,x {signed}"}


def stripe(secret: str, body: bytes, at: int = NOW // 1_000_000) -> dict[str, str]:
    shown = digest(secret, f"{at}.".encode() + body).hex()
    return {"stripe-signature": f"t={at},v1={'0' * 64},v1={shown},v0=x"}


SENDERS: dict[str, tuple[dict[str, str], Callable[[str, bytes], dict[str, str]]]] = {
    "standard": ({}, standard),
    "github": ({}, lambda secret, body: {"x-hub-signature-256": f"sha256={digest(secret, body).hex()}"}),
    "shopify": (
        {},
        lambda secret, body: {"x-shopify-hmac-sha256": base64.b64encode(digest(secret, body)).decode()},
    ),
    "stripe": ({}, stripe),
    "hmac": (
        {"header": "X-Sign", "algorithm": "sha512", "encoding": "base64", "prefix": "v0:"},
        lambda secret, body: {"x-sign": f"v0:{base64.b64encode(digest(secret, body, 'sha512')).decode()}"},
    ),
    "bearer": ({}, lambda secret, body: {"authorization": f"Bearer {secret}"}),
    "basic": (
        {"username": "shop"},
        lambda secret, body: {"authorization": f"Basic {base64.b64encode(f'shop:{secret}'.encode()).decode()}"},
    ),
}


@pytest.mark.parametrize("kind", SENDERS)
def test_what_is_signed_comes_in_and_what_is_forged_does_not(kind: str) -> None:
    more, sign = SENDERS[kind]
    door = inbox(kind, **more)
    check(door, sign(NEW, BODY), BODY, NOW)
    with pytest.raises(Forged):
        check(door, sign(OLD, BODY), BODY, NOW)
    with pytest.raises(Forged):
        check(door, {}, BODY, NOW)
    for header, text in sign(NEW, BODY).items():
        for spoilt in ("", "x", "é", text[: len(text) // 2], text[::-1]):
            with pytest.raises(Forged):
                check(door, {**sign(NEW, BODY), header: spoilt}, BODY, NOW)
    if kind not in ("bearer", "basic"):
        with pytest.raises(Forged):
            check(door, sign(NEW, BODY), BODY + b" ", NOW)


@pytest.mark.parametrize("kind", SENDERS)
def test_two_secrets_are_good_while_one_replaces_the_other(kind: str) -> None:
    more, sign = SENDERS[kind]
    door = inbox(kind, (OLD, NEW), **more)
    for secret in (OLD, NEW):
        check(door, sign(secret, BODY), BODY, NOW)


def test_the_example_of_githubs_manual_is_good() -> None:
    shown = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    check(inbox("github", ("It's a Secret to Everybody",)), {"x-hub-signature-256": shown}, b"Hello, World!", NOW)


@pytest.mark.parametrize("kind", ["standard", "stripe"])
def test_a_signature_that_is_too_old_is_not_taken_again(kind: str) -> None:
    more, sign = SENDERS[kind]
    signed = sign(NEW, BODY)
    check(inbox(kind, **more), signed, BODY, NOW + 299_000_000)
    for away in (-301_000_000, 301_000_000):
        with pytest.raises(Forged, match="away from now"):
            check(inbox(kind, **more), signed, BODY, NOW + away)
    check(inbox(kind, tolerance="1h"), signed, BODY, NOW + 3_000_000_000)


def test_none_takes_everything_and_says_so_in_the_file() -> None:
    check(inbox("none", ()), {}, BODY, NOW)


def rows(config: dict[str, Any], headers: dict[str, str], body: bytes) -> list[dict[str, Any]]:
    form = form_of(Config, {"signature": {"kind": "none"}, **config})
    chunk = chunk_of_request(form, "shop", headers, body, NOW)
    assert chunk.id_column == "$id"
    return [msgspec.json.decode(chunk.row(place)) for place in range(len(chunk.numbers))]


def test_a_body_is_a_row_and_its_name_is_the_senders() -> None:
    github = {"signature": {"kind": "github", "secret": "${S}"}}
    headers = {"x-github-delivery": "d-1", "x-github-event": "push", "x-other": "7", "content-type": "application/json"}
    [row] = rows({**github, "headers": ["X-Other"]}, headers, BODY)
    assert row == {
        "id": "evt_1", "order.total": 12.5, "$id": "shop/d-1", "$delivery": "d-1", "$headers.x-github-event": "push",
        "$headers.x-other": "7", "$received_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip


def test_a_delivery_without_a_name_is_named_after_its_body() -> None:
    [first], [again], [other] = (rows({}, {}, body) for body in (BODY, BODY, BODY + b" "))
    assert first["$id"] == again["$id"] != other["$id"]
    assert first["$id"] == f"shop/{hashlib.blake2b(BODY, digest_size=16).hexdigest()}"
    assert rows({"id_header": "X-Id"}, {"x-id": "7"}, BODY)[0]["$id"] == "shop/7"


def test_a_list_is_many_rows_each_with_an_id_of_its_own() -> None:
    many = rows({"rows": "data.items"}, {"x-id": "7"}, b'{"data": {"items": [{"n": 1}, {"n": 2}, 3]}}')
    assert [row.get("n", row.get("value")) for row in many] == [1, 2, 3]
    assert len({row["$id"] for row in many}) == 3
    assert [row["n"] for row in rows({}, {}, b'[{"n": 1}, {"n": 2}]')] == [1, 2]


def test_a_form_is_a_row() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    [row] = rows({}, headers, b"From=%2B4712345&Body=hei+p%C3%A5+deg&Empty=")
    assert (row["From"], row["Body"], row["Empty"]) == ("+4712345", "hei på deg", "")


@pytest.mark.parametrize(("config", "body"), [({}, b"{broken \xff"), ({"rows": "a.b"}, b'{"a": {}}'), ({}, b"")])
def test_what_cannot_be_read_is_kept_whole(config: dict[str, Any], body: bytes) -> None:
    chunk = chunk_of_request(form_of(Config, {"signature": {"kind": "none"}, **config}), "shop", {}, body, NOW)
    assert not len(chunk.numbers)
    assert chunk.broken[0][1] == body.decode("utf-8", "backslashreplace")


def test_a_file_is_read_with_every_problem_at_once() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"kind": "github"}, "secret"),
        ({"kind": "none", "secret": "${S}"}, "nobody proves anything"),
        ({"kind": "hmac", "secret": "${S}"}, "header"),
        ({"kind": "github", "secret": "plain"}, "a secret does not stand in a file"),
        ({"kind": "basic", "secret": "${S}"}, "username"),
        ({"kind": "githup", "secret": "${S}"}, "github"),
    ]
    for signature, words in wrong:
        with pytest.raises(InvalidDefinition) as caught:
            form_of(Config, {"signature": signature})
        assert words in str(caught.value)
    with pytest.raises(InvalidDefinition, match="whsec_"):
        inbox("standard", ("_",))
    assert kind_of("webhook").pushed
