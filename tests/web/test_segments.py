"""Segments over HTTP: read, made, changed and removed while events come in."""

from __future__ import annotations

from typing import Any

import httpx

from tests.serving import Serving
from tests.web.conftest import BUYERS, send, track

YAML = {"content-type": "application/yaml"}


def members(server: Serving, key: str, **params: Any) -> list[str]:
    answer = server.reading.get(f"/v1/segments/{key}/members", params=params)
    assert answer.status_code == 200, answer.text
    return [one["profile"] for one in answer.json()["rows"]]


def put(server: Serving, text: str, **params: Any) -> httpx.Response:
    key = text.partition("key: ")[2].split("\n")[0]
    return server.admin.put(f"/v1/segments/{key}", content=text, headers=YAML, params=params)


def test_the_list_says_what_each_segment_means(server: Serving) -> None:
    rows = {one["key"]: one for one in server.reading.get("/v1/segments").json()["rows"]}
    assert {"at-risk", "buyers"} <= rows.keys()
    assert rows["buyers"]["title"] == "Buyers"
    assert "order_completed in the last 30 days" in rows["buyers"]["sentence"]
    assert [one["key"] for one in server.reading.get("/v1/segments", params={"tag": "shop"}).json()["rows"]] == [
        "buyers"
    ]
    full = server.reading.get("/v1/segments/buyers").json()
    assert full["definition"]["when"] == {"did": {"event": "order_completed", "within": "30d"}}
    assert "key: buyers" in full["yaml"]


def test_members_page_and_say_where_a_stream_begins(server: Serving) -> None:
    send(server, *[track("order_completed", f"page-{n:02}") for n in range(7)])
    first = server.reading.get("/v1/segments/buyers/members", params={"limit": 4}).json()
    second = server.reading.get("/v1/segments/buyers/members", params={"limit": 1000, "cursor": first["next"]}).json()
    found = [one["profile"] for one in first["rows"] + second["rows"]]
    assert found == sorted(set(found))
    assert {f"page-{n:02}" for n in range(7)} <= set(found)
    assert second["next"] is None
    assert second["sequence"] >= 7
    assert first["rows"][0]["cause"] == "event"


def test_a_new_segment_is_backfilled_and_removed_again(server: Serving) -> None:
    send(server, track("subscribed", "lea"), track("subscribed", "max"))
    text = "key: subscribers\nwhen:\n  did: {event: subscribed}\n"
    plan = put(server, text, dry_run=True).json()
    assert plan["applied"] is False
    assert [(one["key"], one["difference"], one["enter"]) for one in plan["rows"]] == [
        ("subscribers", "new", ["lea", "max"])
    ]
    assert server.reading.get("/v1/segments/subscribers").status_code == 404
    done = put(server, text, expected_version=0)
    assert done.status_code == 200, done.text
    (row,) = done.json()["rows"]
    assert (row["entered"], row["enter"], done.json()["applied"]) == (2, ["lea", "max"], True)
    assert (server.folder / "segments" / "subscribers.yaml").exists()
    assert members(server, "subscribers") == ["lea", "max"]
    send(server, track("subscribed", "ned"))
    assert members(server, "subscribers") == ["lea", "max", "ned"]
    changed = put(server, "key: subscribers\nwhen:\n  did: {event: subscribed, at_least: 2}\n").json()
    assert changed["rows"][0]["leave"] == ["lea", "max", "ned"]
    versions = server.reading.get("/v1/segments/subscribers/versions").json()["rows"]
    assert [(one["change"], one["version"]) for one in versions] == [("changed", 2), ("added", 1)]
    gone = server.admin.delete("/v1/segments/subscribers")
    assert gone.status_code == 200, gone.text
    assert server.reading.get("/v1/segments/subscribers").status_code == 404
    assert not (server.folder / "segments" / "subscribers.yaml").exists()
    rows = server.admin.get("/v1/audit", params={"subject": "segment:subscribers"}).json()["rows"]
    assert [one["action"] for one in rows] == ["segment.delete", "segment.put", "segment.put"]
    assert "at_least: 2" in rows[1]["after"]["text"]
    assert "at_least" not in rows[1]["before"]


def test_an_edit_of_what_somebody_else_changed_is_refused(server: Serving) -> None:
    answer = put(server, BUYERS.replace("30d", "60d"), expected_version=7)
    assert answer.status_code == 409
    assert answer.json()["error"]["type"] == "conflict"


def test_every_mistake_of_a_definition_is_told(server: Serving) -> None:
    answer = put(server, "key: wrong\ncolour: red\nwhen:\n  did: {event: x, witin: 3d}\n")
    assert answer.status_code == 422
    problems = answer.json()["error"]["problems"]
    assert len(problems) == 2
    assert any("within" in one.get("hint", "") for one in problems)
    other = server.admin.put("/v1/segments/other", content=BUYERS, headers=YAML)
    assert other.json()["error"]["problems"][0]["where"] == "key"
    strange = server.admin.put("/v1/segments/x", content=b"\xff\xfe", headers=YAML)
    assert strange.status_code == 422
    assert server.admin.put("/v1/segments/x", content=b"a", headers={"content-type": "image/png"}).status_code == 422


def test_a_definition_is_said_in_english(server: Serving) -> None:
    said = server.reading.post(
        "/v1/segments/says", json={"key": "x", "when": {"did": {"event": "order", "at_least": 3}}}
    )
    assert said.json() == {"key": "x", "sentence": "People who did order at least 3 times."}


def test_people_put_in_by_hand(server: Serving) -> None:
    send(server, track("seen", "kim"))
    assert "kim" not in members(server, "buyers")
    done = server.admin.put("/v1/segments/buyers/members/kim", json={"state": "in"}).json()
    assert "kim" in members(server, "buyers", after=done["position"])
    server.admin.put("/v1/segments/buyers/members/kim", json={"state": None})
    assert "kim" not in members(server, "buyers")
    assert server.admin.put("/v1/segments/at-risk/members/kim", json={"state": "in"}).status_code == 422
    assert server.admin.put("/v1/segments/buyers/members/kim", json={"state": "maybe"}).status_code == 422


def test_time_passes_and_people_move(server: Serving) -> None:
    send(server, track("add_to_cart", "tim"))
    assert "tim" not in members(server, "at-risk")
    before = server.reading.get("/v1/clock").json()
    moved = server.admin.post("/v1/clock", json={"by": "25h"}).json()
    assert moved["at"] > before["at"]
    assert moved["advanced_to"] >= moved["at"]
    assert "tim" in members(server, "at-risk")
    (change,) = server.reading.get("/v1/changes", params={"profile": "tim", "segment": "at-risk"}).json()["rows"]
    assert (change["cause"], change["event_id"]) == ("timer", "")
    assert "tim" not in members(server, "at-risk", at=before["at"])
    assert "tim" in members(server, "at-risk", at="now")
    assert server.admin.post("/v1/clock", json={"at": "2020-01-01"}).status_code == 422
    for body in ({}, {"at": "soon"}, {"by": "1x"}, {"by": "99999999999999w"}, {"at": "2026-04-01", "by": "1d"}):
        assert server.admin.post("/v1/clock", json=body).status_code == 422, body


def test_history_overlap_and_proof(server: Serving) -> None:
    send(server, track("add_to_cart", "zoe"), track("order_completed", "zoe"))
    sizes = server.reading.get("/v1/segments/buyers/history", params={"points": 3}).json()
    assert len(sizes["sizes"]) == 3
    assert sizes["sizes"][-1] == len(members(server, "buyers"))
    overlap = server.reading.get("/v1/segments/buyers/overlap").json()
    assert overlap["size"] == sizes["sizes"][-1]
    assert "at-risk" in [one["key"] for one in overlap["overlaps"]]
    proof = server.reading.post("/v1/segments/buyers/verify", params={"instants": 3})
    assert proof.status_code == 200, proof.text
    assert proof.json()["difference"] is None
    assert proof.json()["segments"][0]["judged"] > 0


def test_the_folder_is_planned_and_applied(server: Serving) -> None:
    file = server.folder / "segments" / "seen.yaml"
    file.write_text("key: seen\nwhen:\n  did: {event: seen}\n", encoding="utf-8")
    plan = server.reading.get("/v1/definitions/plan").json()
    assert ("seen", "new") in [(one["key"], one["difference"]) for one in plan["rows"]]
    done = server.admin.post("/v1/definitions/apply")
    assert done.status_code == 200, done.text
    assert "seen" in [one["key"] for one in server.reading.get("/v1/segments").json()["rows"]]


def test_lists_are_replaced_and_changed(server: Serving) -> None:
    send(server, track("seen", "list-1"), track("seen", "list-2"))
    done = server.admin.put("/v1/lists/vips", json={"profiles": ["list-1"]}).json()
    assert (done["version"], done["size"], done["added"]) == (1, 1, 1)
    assert put(server, "key: vips\nwhen:\n  in_list: vips\n").status_code == 200
    assert members(server, "vips") == ["list-1"]
    done = server.admin.put("/v1/lists/vips", json={"profiles": ["list-2"]}).json()
    assert (done["version"], done["added"], done["removed"]) == (2, 1, 1)
    assert members(server, "vips", after=done["position"]) == ["list-2"]
    done = server.admin.post("/v1/lists/vips", json={"add": ["list-1"], "remove": ["list-2"]}).json()
    assert members(server, "vips") == ["list-1"]
    same = server.admin.post("/v1/lists/vips", json={"add": ["list-1"]}).json()
    assert (same["version"], same["position"]) == (3, None)
    assert server.reading.get("/v1/lists/vips").json()["rows"] == ["list-1"]
    assert server.reading.get("/v1/lists").json()["rows"] == [{"name": "vips", "version": 3, "size": 1}]
    assert server.admin.put("/v1/lists/..%2Fx", json={"profiles": []}).status_code == 422
    assert server.admin.put("/v1/lists/x", json={"profiles": ["a\nb"]}).status_code == 422
    assert server.reading.get("/v1/lists/none").status_code == 404


def test_a_segment_with_a_schedule_is_computed_by_hand(server: Serving) -> None:
    send(server, track("broad", "sam"))
    made = put(server, "key: broad\nrefresh: {every: 30d}\nwhen:\n  did: {event: broad}\n")
    assert made.status_code == 200, made.text
    done = server.admin.post("/v1/segments/broad/refresh")
    assert done.status_code == 200, done.text
    assert done.json()["size"] == 1
    assert members(server, "broad") == ["sam"]
    send(server, track("broad", "una"))
    assert members(server, "broad") == ["sam"]
    assert server.admin.post("/v1/segments/broad/refresh").json()["entered"] == 1
    (row,) = [one for one in server.reading.get("/v1/refreshes").json()["rows"] if one["segment"] == "broad"]
    assert row["last"]["size"] == 2
    assert row["next_at"] > row["last"]["at"]
    (change, *_) = server.reading.get("/v1/changes", params={"segment": "broad"}).json()["rows"]
    assert change["cause"] == "refresh"
    assert server.admin.post("/v1/segments/buyers/refresh").status_code == 422
