"""People over HTTP: what is known of them, why they are where they are, what they did."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.serving import Serving
from tests.web.conftest import send, track


def test_a_person_with_traits_and_segments(server: Serving) -> None:
    position = send(
        server,
        {
            "type": "identify",
            "userId": "ada",
            "anonymousId": "browser-1",
            "traits": {"plan": "pro", "address": {"city": "Oslo"}},
        },
        {**track("order_completed", "ada", total=30.5), "messageId": "order-1"},
    )
    told = server.reading.get("/v1/profiles/ada", params={"after": position}).json()
    assert told["profile"] == told["asked_for"] == "ada"
    assert {name: one["value"] for name, one in told["traits"].items()} == {"plan": "pro", "address.city": "Oslo"}
    assert told["first_seen"] == "2026-03-01T12:00:00Z" or told["first_seen"].startswith("2026-03-01T12:00:00.")
    (segment,) = told["segments"]
    assert segment["segment"] == "buyers"
    assert (segment["cause"], segment["event_id"], segment["version"]) == ("event", "order-1", 1)
    by_browser = server.reading.get("/v1/profiles/anonymous_id:browser-1").json()
    assert by_browser["profile"] == "ada"
    assert by_browser["asked_for"] == "anonymous_id:browser-1"
    assert by_browser["segments"] == told["segments"]


def test_what_she_is_called_and_when_it_ends(server: Serving) -> None:
    send(server, {"type": "identify", "userId": "bo", "anonymousId": "browser-2"}, track("order_completed", "bo"))
    told = server.reading.get("/v1/profiles/bo", params={"include": "identifiers,outlook"}).json()
    assert {(one["kind"], one["value"]) for one in told["identifiers"]} == {
        ("user_id", "bo"),
        ("anonymous_id", "browser-2"),
    }
    (segment,) = told["segments"]
    assert segment["changes_at"].startswith("2026-03-31T12:00:00")
    plain = server.reading.get("/v1/profiles/bo").json()
    assert "identifiers" not in plain
    assert "changes_at" not in plain["segments"][0]


def test_everybody_in_pages(server: Serving) -> None:
    send(server, *[track("seen", f"all-{n}") for n in range(5)])
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = server.reading.get("/v1/profiles", params={"limit": 2, "cursor": cursor}).json()
        found += page["rows"]
        cursor = page["next"]
    assert found == sorted(set(found))
    assert {f"all-{n}" for n in range(5)} <= set(found)


@pytest.mark.parametrize("user", ["a/b", "ä ö", "100%", "x?y=1&z", "a%2Fb", "emoji-😀"])
def test_strange_ids_are_ids(server: Serving, user: str) -> None:
    send(server, track("seen", user))
    path = f"/v1/profiles/{quote(user, safe='')}"
    assert server.reading.get(path).json()["profile"] == user
    found = server.reading.get(f"{path}/timeline").json()["rows"]
    assert [one["name"] for one in found if one["name"] == "seen"] == ["seen"]


def test_the_timeline_pages_from_the_latest(server: Serving) -> None:
    send(server, *[{**track("step", "eve", n=n), "messageId": f"eve-{n}"} for n in range(7)])
    seen: list[Any] = []
    cursor = None
    while True:
        params = {"limit": 3, "name": "step"} | ({"cursor": cursor} if cursor else {})
        page = server.reading.get("/v1/profiles/eve/timeline", params=params).json()
        seen += page["rows"]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == 7
    assert len({one["id"] for one in seen}) == 7
    assert seen[0]["properties"].keys() >= {"n"}


def test_numbers_over_events_need_no_segment(server: Serving) -> None:
    send(
        server,
        *[
            track("order_completed", "ned", total=total, store=store)
            for total, store in ((10, "n"), (20.5, "s"), (5, "s"))
        ],
    )
    ask = "/v1/profiles/ned/aggregate"

    def value(**asked: Any) -> Any:
        answer = server.reading.get(ask, params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    assert value(kind="count", event="order_completed") == 3
    assert value(kind="sum", event="order_completed", property="total", within="24h") == 35.5
    assert value(kind="most_frequent", event="order_completed", property="store") == "s"
    assert value(kind="mean", event="never", property="total") is None
    told = server.reading.post(
        ask, json={"kind": "sum", "property": "total", "event": "order_completed", "where": {"store": "s"}}
    )
    assert told.json()["value"] == 25.5
    assert "sum of total" in told.json()["says"]
    wrong = server.reading.get(ask, params={"kind": "sum", "within": "soon"})
    assert wrong.status_code == 422
    assert len(wrong.json()["error"]["problems"]) >= 1


def test_why_somebody_is_in(server: Serving) -> None:
    send(server, {**track("order_completed", "ida", total=3), "messageId": "ida-1"})
    for path in ("/v1/profiles/ida/segments/buyers", "/v1/segments/buyers/explain/ida"):
        told = server.reading.get(path).json()
        assert told["explanation"]["member"] is True
        counted = [one["event_id"] for leaf in told["explanation"]["leaves"] for one in leaf["counted"]]
        assert counted == ["ida-1"]
        assert told["events"]["ida-1"]["properties"] == {"total": 3}


def test_consent_by_hand(server: Serving) -> None:
    send(server, track("seen", "cleo"))
    said = server.admin.put("/v1/profiles/cleo/consent", json={"marketing": True, "profiling": False}).json()
    assert said["consent"] == {"marketing": True, "profiling": False}
    said = server.admin.put("/v1/profiles/cleo/consent", json={"marketing": False}).json()
    assert said["consent"]["marketing"] is False
    (row, *_) = server.admin.get("/v1/audit", params={"subject": "profile:cleo"}).json()["rows"]
    assert row["action"] == "consent.put"
    assert (row["before"]["marketing"], row["after"]["marketing"]) == (True, False)
    assert server.admin.put("/v1/profiles/cleo/consent", json={}).status_code == 422


def test_merged_linked_and_unmerged_by_hand(server: Serving) -> None:
    send(server, track("order_completed", "mia"), track("seen", "mia-2"))
    done = server.admin.post(
        "/v1/identities/merge", json={"profile": "mia", "loser": "mia-2", "why": "same address"}
    ).json()
    (merge,) = done["identity"]["merges"]
    assert (merge["survivor"], merge["loser"], merge["because"]) == ("mia", "mia-2", "hand")
    told = server.reading.get("/v1/profiles/mia-2", params={"after": done["position"]}).json()
    assert told["profile"] == "mia"
    assert told["absorbed"] == ["mia-2"]
    undone = server.admin.post("/v1/identities/unmerge", json={"profile": "mia", "loser": "mia-2"})
    assert undone.status_code == 200, undone.text
    assert server.reading.get("/v1/profiles/mia-2").json()["profile"] == "mia-2"
    linked = server.admin.post(
        "/v1/identities/link", json={"profile": "mia", "kind": "email", "value": "mia@example.com"}
    ).json()
    assert {"kind": "email", "value": "mia@example.com"} in linked["identity"]["identifiers"]
    assert server.reading.get("/v1/profiles/email:mia@example.com").json()["profile"] == "mia"
    actions = [one["action"] for one in server.admin.get("/v1/audit", params={"subject": "profile:mia"}).json()["rows"]]
    assert actions == ["identity.link", "identity.unmerge", "identity.merge"]
    again = server.admin.post("/v1/identities/unmerge", json={"profile": "mia", "loser": "mia-2"})
    assert again.status_code == 404
