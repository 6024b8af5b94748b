"""Privacy through a whole server: access, erasure while events come in, the receipt, suppression, retention, the proof."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.privacy.needles import Needles
from coterie.storage.search import search
from tests.serving import Serving

MINE = ("ada@example.com", "u-20931", "browser-5c1f9a")
ADA: dict[str, Any] = {"userId": "u-20931", "anonymousId": "browser-5c1f9a"}
FILES = {
    "segments/twice.yaml": "key: twice\nwhen: {did: {event: view, at_least: 2}}\n",
    "segments/mail.yaml": "key: mail\nwhen: {consented: {purpose: marketing, default: out}}\n",
    "destinations/lines.yaml": "key: lines\nkind: file\npath: lines.jsonl\n",
    "triggers/twice.yaml": "key: twice\nwhen: {entered: twice}\ndestination: lines\n",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "shop", settings={"privacy": {"retention": {"quarantine": 30}}}, files=FILES) as one:
        yield one


def send(server: Serving, *calls: dict[str, Any]) -> None:
    """The events are in."""
    batch = [{"messageId": f"{call.get('messageId', id(call))}", **call} for call in calls]
    answer = server.writing.post("/v1/batch", json={"batch": batch})
    assert answer.status_code == 200, answer.text
    server.reading.get("/v1/profiles", params={"after": answer.headers["coterie-position"], "limit": 1})


def view(number: int, **who: str) -> dict[str, Any]:
    return {"type": "track", "event": "view", "messageId": f"v{number}", **(who or ADA)}


def stories(server: Serving) -> None:
    email = {"email": "Ada@example.com"}
    send(server, {"type": "identify", "messageId": "i1", **ADA, "traits": email}, view(1), view(2))
    send(server, view(3, userId="bob-77"), view(4, userId="bob-77"))
    assert server.admin.put("/v1/profiles/u-20931/consent", json={"marketing": True}).status_code == 200


def erase(server: Serving, *who: str, **more: Any) -> dict[str, Any]:
    answer = server.admin.post("/v1/privacy/erasures", json={"profiles": list(who), **more})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["state"] == "done", told
    return told


def test_everything_that_is_kept_of_a_person_is_given(server: Serving) -> None:
    stories(server)
    told = server.admin.get("/v1/privacy/access/email:ada@example.com").json()
    assert told["profile"] == "u-20931"
    assert told["traits"] == {"email": "Ada@example.com"}
    assert told["consent"] == {"marketing": True}
    assert [one["name"] for one in told["events"] if not one["name"].startswith("$")] == ["view", "view"]
    assert {one["segment"] for one in told["memberships"]} == {"twice", "mail"}
    assert {one["kind"] for one in told["identifiers"]} == {"user_id", "email", "anonymous_id"}
    assert [one["trigger"] for one in told["messages"]] == ["twice"]
    assert [one["action"] for one in told["audit"]] == ["consent.put"]
    assert server.reading.get("/v1/privacy/access/u-20931").status_code == 403
    assert server.admin.get("/v1/privacy/access/nobody-1").status_code == 404


def test_a_person_is_erased_while_the_server_goes_on(server: Serving) -> None:
    stories(server)
    asked = {"profiles": ["u-20931"]}
    told = server.admin.post("/v1/privacy/erasures/preview", json=asked).json()
    assert told["places"]["journal"] >= 1
    receipt = erase(server, "u-20931", reason="letter of 3 May")["receipt"]
    assert receipt["searched"]["places"] == []
    assert receipt["told"] == {"lines": 1}
    assert not Needles(MINE).found_in(str(receipt).encode())
    assert search(server.folder / ".coterie", Needles(MINE)).found == []
    assert server.reading.get("/v1/profiles/u-20931").status_code == 404
    assert server.reading.get("/v1/segments/twice/members").json()["rows"][0]["profile"] == "bob-77"
    listed = server.admin.get("/v1/privacy/erasures").json()["rows"]
    assert [one["id"] for one in listed] == [receipt["id"]]
    assert server.admin.get(f"/v1/privacy/erasures/{receipt['id']}").json()["state"] == "done"
    proof = server.admin.post(
        f"/v1/privacy/erasures/{receipt['id']}/verify", json={"profiles": ["email:ada@example.com", "u-20931"]}
    ).json()
    assert (proof["genuine"], proof["about"], proof["suppressed"], proof["complete"]) == (True, True, True, True)
    assert proof["searched"]["places"] == []


def test_who_was_erased_comes_back_only_when_let(server: Serving) -> None:
    stories(server)
    erase(server, "u-20931")
    send(server, view(11), view(12))
    assert server.reading.get("/v1/profiles/u-20931").status_code == 404
    refused = server.admin.put("/v1/profiles/u-20931/traits", json={"plan": "pro"})
    assert refused.status_code == 409
    told = server.admin.get("/v1/privacy/suppressed", params={"who": "email:ADA@example.com"}).json()
    assert told == {"suppressed": True, "identifiers": 3}
    lifted = server.admin.delete("/v1/privacy/suppressed/email:ada@example.com").json()
    assert lifted == {"suppressed": False, "identifiers": 0}
    send(server, view(13))
    assert server.reading.get("/v1/profiles/u-20931").status_code == 200


def test_what_cannot_be_asked_is_refused(server: Serving) -> None:
    stories(server)
    post = server.admin.post
    assert post("/v1/privacy/erasures", json={"profiles": []}).status_code == 422
    assert post("/v1/privacy/erasures", json={"profiles": ["nobody-1"]}).status_code == 404
    assert post("/v1/privacy/erasures/none/verify", json={"profiles": ["ada"]}).status_code == 404
    assert server.reading.post("/v1/privacy/erasures", json={"profiles": ["u-20931"]}).status_code == 403
    assert server.reading.get("/v1/profiles/u-20931").status_code == 200


def test_a_restart_after_an_erasure_knows_the_others_as_before(server: Serving) -> None:
    stories(server)
    erase(server, "u-20931")
    server.restart()
    assert server.reading.get("/v1/segments/twice/members").json()["rows"][0]["profile"] == "bob-77"
    assert server.reading.get("/v1/profiles/u-20931").status_code == 404
    assert search(server.folder / ".coterie", Needles(MINE)).found == []


def test_retention_is_told_and_applied(server: Serving) -> None:
    told = {one["table"]: one for one in server.admin.get("/v1/privacy/retention").json()["rows"]}
    assert told["quarantine"] == {"table": "quarantine", "days": 30.0, "rows": 0}
    assert told["events"]["days"] is None
    assert server.admin.post("/v1/privacy/retention").status_code == 200


def test_a_reason_that_names_the_person_does_not_outlive_the_erasure(server: Serving) -> None:
    stories(server)
    told = erase(server, "u-20931", reason="Ada@example.com wrote to us on 3 March")
    assert told["receipt"]["reason"] == "[erased] wrote to us on 3 March"
    number = told["id"]
    held = server.admin.post(
        f"/v1/privacy/erasures/{number}/verify", json={"profiles": ["email:ada@example.com"]}
    ).json()
    assert (held["genuine"], held["about"], held["searched"]["places"]) == (True, True, [])
    (row,) = [one for one in server.admin.get("/v1/audit").json()["rows"] if one["action"] == "privacy.erase"]
    assert "@" not in str(row)
    found = search(server.folder / ".coterie", Needles(MINE))
    assert not found.found
