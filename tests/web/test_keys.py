"""Keys, the audit log and the quarantine over HTTP."""

from __future__ import annotations

import time

import httpx

from tests.serving import Serving
from tests.web.conftest import send, track


def asks(server: Serving, text: str, path: str = "/v1/segments") -> int:
    return httpx.get(server.url + path, headers={"authorization": f"Bearer {text}"}).status_code


def test_a_key_is_made_rotated_and_revoked(server: Serving) -> None:
    made = server.admin.post("/v1/keys", json={"name": "shop", "scope": "read"})
    assert made.status_code == 201
    key, text = made.json()["key"], made.json()["text"]
    assert asks(server, text) == 200
    assert text not in server.admin.get("/v1/keys").text
    assert text not in server.admin.get("/v1/audit").text
    rotated = server.admin.post(f"/v1/keys/{key['id']}/rotate").json()
    assert asks(server, text) == asks(server, rotated["text"]) == 200
    assert rotated["key"]["rotated_until"] > rotated["key"]["created_at"]
    last = server.admin.post(f"/v1/keys/{key['id']}/rotate", params={"grace_s": 0}).json()
    assert [asks(server, one) for one in (text, rotated["text"], last["text"])] == [401, 401, 200]
    gone = server.admin.delete(f"/v1/keys/{key['id']}").json()
    assert gone["revoked_at"] is not None
    assert asks(server, last["text"]) == 401
    rows = server.admin.get("/v1/audit", params={"subject": f"key:{key['id']}"}).json()["rows"]
    assert [one["action"] for one in rows] == ["key.revoke", "key.rotate", "key.rotate", "key.create"]
    assert rows[0]["key_name"] == "first admin key"
    assert rows[0]["origin"] == "127.0.0.1"
    assert rows[0]["request_id"]


def test_the_audit_log_pages(server: Serving) -> None:
    for number in range(5):
        server.admin.post("/v1/keys", json={"name": f"page {number}", "scope": "write"})
    first = server.admin.get("/v1/audit", params={"limit": 2, "action": "key.create"}).json()
    second = server.admin.get("/v1/audit", params={"limit": 2, "action": "key.create", "cursor": first["next"]}).json()
    numbers = [one["sequence"] for one in first["rows"] + second["rows"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 4


def test_the_last_admin_key_cannot_be_revoked(server: Serving) -> None:
    (admin,) = [one for one in server.admin.get("/v1/keys").json()["rows"] if one["scope"] == "admin"]
    answer = server.admin.delete(f"/v1/keys/{admin['id']}")
    assert answer.status_code == 422
    assert server.admin.delete("/v1/keys/k_none").status_code == 404


def test_a_key_with_a_rate_is_held_to_it(server: Serving) -> None:
    made = server.admin.post("/v1/keys", json={"name": "slow", "scope": "read", "events_per_s": 0.5}).json()
    codes = [asks(server, made["text"]) for _ in range(5)]
    assert codes[0] == 200
    assert 429 in codes
    answer = httpx.get(f"{server.url}/v1/segments", headers={"authorization": f"Bearer {made['text']}"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["error"]["retry"] is True


def test_a_refused_event_is_mended(server: Serving) -> None:
    before = {one["id"] for one in server.reading.get("/v1/quarantine").json()["rows"]}
    answer = server.writing.post(
        "/v1/batch", json={"batch": [{"type": "track", "userId": "mend", "messageId": "mend-1"}, track("seen", "mend")]}
    )
    assert answer.status_code == 200
    position = answer.headers["coterie-position"]
    until = time.monotonic() + 20
    while True:
        rows = server.reading.get("/v1/quarantine", params={"after": position}).json()["rows"]
        fresh = [one for one in rows if one["id"] not in before]
        if fresh or time.monotonic() > until:
            break
    (row,) = fresh
    assert row["row"]["userId"] == "mend"
    assert server.reading.get(f"/v1/quarantine/{row['id']}").json() == row
    reasons = server.reading.get("/v1/quarantine/reasons").json()["rows"]
    assert row["reason"] in [one["reason"] for one in reasons]
    path = f"/v1/quarantine/{row['id']}/fix"
    assert server.admin.post(path, json=row["row"]).status_code == 422
    assert server.admin.post("/v1/quarantine/replay").json()["sent"] == 0
    fixed = server.admin.post(path, json={**row["row"], "event": "order_completed"})
    assert fixed.status_code == 200, fixed.text
    assert server.reading.get(f"/v1/quarantine/{row['id']}").status_code == 404
    told = server.reading.get("/v1/profiles/mend", params={"after": fixed.json()["position"]}).json()
    assert [one["segment"] for one in told["segments"]] == ["buyers"]
    assert server.admin.post(path, json={}).status_code == 404


def test_what_the_server_says_of_itself(server: Serving) -> None:
    send(server, track("seen", "doc"))
    document = server.reading.get("/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert "/v1/profiles/{profile}" in document["paths"]
