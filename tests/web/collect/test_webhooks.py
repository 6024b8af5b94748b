"""Webhooks through a whole server: what was answered 200 is there after a crash, and what was not signed never came in."""

from __future__ import annotations

import hmac
import time

import httpx
import msgspec
import pytest

from tests.servers import wait_until
from tests.serving import Serving

SECRET = "a-secret-of-the-shop"
SEGMENT = "key: buyers\nwhen: {did: {event: order_paid, at_least: 2}}\n"
SOURCE = """kind: webhook
signature: {kind: github, secret: "${SHOP_SECRET}"}
rows: orders
mapping:
  event: order_paid
  identifiers: {user_id: customer}
  occurred_at: {column: at, format: any, otherwise: $received_at}
  properties:
    total: {column: total, type: number}
"""
OPEN = """kind: webhook
signature: {kind: none}
mapping: {event: seen, identifiers: {user_id: who}, occurred_at: $received_at}
"""
FILES = {"sources/shop.yaml": SOURCE, "sources/open.yaml": OPEN, "segments/buyers.yaml": SEGMENT}


def send(
    server: Serving, body: bytes, *, name: str = "shop", delivery: str = "", secret: str = SECRET
) -> httpx.Response:
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}", "content-type": "application/json"}
    if delivery:
        headers["x-github-delivery"] = delivery
    return httpx.post(f"{server.url}/v1/webhooks/{name}", content=body, headers=headers, timeout=30)


def orders(*rows: dict[str, object]) -> bytes:
    return msgspec.json.encode({"orders": rows})


def members(server: Serving) -> set[str]:
    return {one["profile"] for one in server.reading.get("/v1/segments/buyers/members").json()["rows"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Serving:
    folder = tmp_path_factory.mktemp("webhooks") / "project"
    with Serving(folder, files=FILES, environment={"SHOP_SECRET": SECRET}) as running:
        yield running  # type: ignore[misc]


def test_what_was_answered_is_there_after_a_crash_and_a_repeated_delivery_counts_once(server: Serving) -> None:
    now = time.time()
    ada = orders({"customer": "ada", "at": now, "total": 5}, {"customer": "ada", "at": now, "total": "7"})
    answered = send(server, ada, delivery="d-1")
    assert (answered.status_code, answered.json()) == (200, {"success": True})
    assert int(answered.headers["coterie-position"]) > 0
    server.kill()
    server.start()
    wait_until(lambda: members(server) == {"ada"}, what=server.said()[-2000:])
    bob = orders({"customer": "bob", "at": now, "total": 5})
    for _ in range(3):
        assert send(server, bob, delivery="d-2").status_code == 200
    assert send(server, bob, delivery="d-3").status_code == 200
    wait_until(lambda: members(server) == {"ada", "bob"})
    figures = server.reading.get("/metrics").text
    assert 'coterie_webhook_answers_total{status="200",webhook="shop"}' in figures or (
        'coterie_webhook_answers_total{webhook="shop",status="200"}' in figures
    )


def test_what_is_not_signed_does_not_come_in(server: Serving) -> None:
    body = orders({"customer": "eve", "total": 1})
    refused = send(server, body, secret="wrong")
    assert refused.status_code == 401
    assert refused.json()["error"]["type"] == "forged"
    assert send(server, body, name="nothing").status_code == 404
    assert httpx.get(f"{server.url}/v1/webhooks/shop").status_code == 405
    assert httpx.get(f"{server.url}/v1/webhooks/shop").headers["allow"] == "POST"
    assert send(server, b" " * (2 * 1024 * 1024 + 1)).status_code == 413
    assert SECRET not in server.said()


def test_what_cannot_be_read_or_mapped_is_kept_and_told(server: Serving) -> None:
    broken = send(server, b"{broken \xff", delivery="d-9")
    assert broken.status_code == 200
    assert (broken.json()["accepted"], len(broken.json()["rejected"])) == (0, 1)
    partly = send(server, orders({"customer": "cia", "total": 1}, {"total": 2}), delivery="d-10")
    assert partly.json()["accepted"] == 1

    def waiting() -> list[dict[str, str]]:
        found: list[dict[str, str]] = server.admin.get("/v1/quarantine").json()["rows"]
        return [one for one in found if one["source"] == "source:shop"]

    wait_until(lambda: len(waiting()) == 2, what=str(waiting()))
    assert {one["reason"] for one in waiting()} == {"not a row", "profile is missing"}


def test_a_webhook_that_is_open_says_so_in_its_file_and_takes_what_comes(server: Serving) -> None:
    assert httpx.post(f"{server.url}/v1/webhooks/open", json={"who": "dan"}).status_code == 200
    wait_until(lambda: server.reading.get("/v1/profiles/dan").status_code == 200)


def test_a_file_that_is_changed_while_serving_is_in_force_after_a_reload(server: Serving) -> None:
    file = server.folder / "sources" / "late.yaml"
    file.write_text(OPEN.replace("seen", "late"))
    assert httpx.post(f"{server.url}/v1/webhooks/late", json={"who": "eli"}).status_code == 404
    assert server.admin.post("/v1/sources/reload").status_code == 200
    assert httpx.post(f"{server.url}/v1/webhooks/late", json={"who": "eli"}).status_code == 200
    file.write_text(
        'kind: webhook\nsignature: {kind: bearer, secret: "${NOT_THERE}"}\n'
        + OPEN.partition("\n")[2].partition("\n")[2]
    )
    assert server.admin.post("/v1/sources/reload").status_code == 422
    assert httpx.post(f"{server.url}/v1/webhooks/late", json={"who": "eli"}).status_code == 200
    file.unlink()
    assert server.admin.post("/v1/sources/reload").status_code == 200
    assert httpx.post(f"{server.url}/v1/webhooks/late", json={"who": "eli"}).status_code == 404
