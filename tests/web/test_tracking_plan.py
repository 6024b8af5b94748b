"""A plan in force while a server runs: violations counted and shown, events quarantined and replayed once the plan is fixed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Serving
from tests.web.conftest import send, track

STRICT = """\
event: order_completed
owner: checkout
properties:
  total: {type: number, required: true}
  email: {type: string, format: email, pii: direct}
on_violation: quarantine
"""
FILES = {"tracking/order_completed.yaml": STRICT, "tracking/plan.yaml": "on_unknown_event: flag\n"}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder: Path = tmp_path_factory.mktemp("planned") / "shop"
    with Serving(folder, files=FILES) as one:
        yield one


def timeline(server: Serving, profile: str) -> list[dict[str, Any]]:
    found = server.reading.get(f"/v1/profiles/{profile}/timeline")
    return list(found.json()["rows"]) if found.status_code == 200 else []


def test_violations_are_counted_and_replayed_once_the_plan_is_fixed(planned: Serving) -> None:
    orders = [
        track("order_completed", "ada", total="12"),
        track("order_completed", "bob", total=5),
        track("dance", "bob"),
    ]
    send(planned, *orders)
    told = planned.reading.get("/v1/tracking-plan/violations").json()["rows"]
    assert {(one["kind"], one["event"], one["property"], one["count"], one["action"]) for one in told} == {
        ("wrong type", "order_completed", "total", 1, "quarantine"), ("unknown event", "dance", "", 1, "flag"),
    }  # fmt: skip
    assert {one["source_name"] for one in told} == {"first write key"}
    assert [one["sample"] for one in told if one["property"]] == ['"12"']
    refused = planned.reading.get("/v1/quarantine", params={"reason": "tracking plan"}).json()["rows"]
    assert [(one["reason"], one["row"]["properties"]) for one in refused] == [
        ("tracking plan: wrong type", {"total": "12"})
    ]
    metrics = planned.reading.get("/metrics").text
    assert 'coterie_remarks_total{kind="wrong type",stage="tracking plan"} 1.0' in metrics
    still = planned.admin.post("/v1/quarantine/replay", params={"reason": "tracking plan"}).json()
    assert (still["sent"], still["refused"]) == (0, 1)
    file = planned.folder / "tracking" / "order_completed.yaml"
    file.write_text(STRICT.replace("type: number", "type: [number, string]"), encoding="utf-8")
    assert planned.admin.post("/v1/intake/reload").status_code == 200
    done = planned.admin.post("/v1/quarantine/replay", params={"reason": "tracking plan"}).json()
    assert (done["sent"], done["refused"]) == (1, 0)
    assert [(one["name"], one["properties"]) for one in timeline(planned, "ada")] == [
        ("order_completed", {"total": "12"})
    ]
    assert planned.reading.get("/v1/quarantine", params={"reason": "tracking plan"}).json()["rows"] == []


def test_one_event_is_mended_by_hand_in_the_shape_it_lies_in(planned: Serving) -> None:
    send(planned, track("order_completed", "cyd", note="no total"))
    (row,) = planned.reading.get("/v1/quarantine", params={"reason": "missing property"}).json()["rows"]
    mended = row["row"] | {"properties": {"total": 3}}
    wrong = planned.admin.post(f"/v1/quarantine/{row['id']}/fix", json=row["row"])
    assert wrong.status_code == 422
    assert "missing property" in wrong.text
    assert planned.admin.post(f"/v1/quarantine/{row['id']}/fix", json=mended).json()["sent"] == 1
    (told,) = timeline(planned, "cyd")
    assert (told["id"], told["properties"]) == (mended["id"], {"total": 3})
    assert planned.reading.get("/v1/quarantine", params={"reason": "missing property"}).json()["rows"] == []


def test_a_server_with_a_wrong_plan_does_not_start(tmp_path: Path) -> None:
    files = {"tracking/order.yaml": "event: order\nversion: 0\n", "segments/a.yaml": "key: a\nwhen: {did: 7}\n"}
    with pytest.raises(AssertionError) as told:
        Serving(tmp_path / "shop", files=files).start()
    assert "order.yaml:2: version: out of range" in str(told.value)
    assert "a.yaml:2" in str(told.value)


def test_the_plan_is_told(planned: Serving) -> None:
    found = planned.reading.get("/v1/tracking-plan").json()
    assert [one["event"] for one in found["events"]] == ["order_completed"]
    assert found["events"][0]["properties"]["email"]["pii"] == "direct"
    schema = planned.reading.get("/v1/tracking-plan/events/order_completed/schema").json()
    assert schema["required"] == ["total"]
    assert planned.reading.get("/v1/tracking-plan/events/nothing/schema").status_code == 404
