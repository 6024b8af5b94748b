"""A server that watches its data: a run over HTTP, a message to the destination, acceptance, the page, a reconciliation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.engine.quality.page import POLICY
from coterie.limits import DAY_US
from coterie.segments.instants import rfc3339
from tests.engine.quality.shop import ORDERS, last_day, shop, spoilt, without_totals
from tests.servers import wait_until
from tests.serving import Serving

SETTINGS = "present: clock\nquality: {alerts: [ops], owner: data@shop.example, every_s: 0}\nserver: {port: 0, log_format: json, clock: manual}\n"
FILES = {
    "destinations/ops.yaml": "key: ops\nkind: file\npath: told.jsonl\n",
    "quality/orders.yaml": ORDERS,
    "sources/till.yaml": "kind: files\npath: till/*.csv\nmapping: {profile: who, occurred_at: at, id: id, event: sale}\n",
    "till/one.csv": "id,who,at\n1,ada,2026-03-01T10:00:00Z\n2,bo,2026-03-01T11:00:00Z\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("quality") / "shop"
    shop(folder, spoilt(without_totals), SETTINGS, FILES)
    with Serving(folder) as one:
        moved = one.admin.post("/v1/clock", json={"at": rfc3339((last_day() + 1) * DAY_US + 60_000_000)})
        assert moved.status_code == 200, moved.text
        yield one


def told(server: Serving) -> list[dict[str, Any]]:
    path: Path = server.folder / "told.jsonl"
    return [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []


def test_a_run_finds_tells_once_and_is_shown(server: Serving) -> None:
    done = server.admin.post("/v1/quality/runs", timeout=120)
    assert done.status_code == 200, done.text
    new = {(one["check"], one["rule"], one["property"]): one for one in done.json()["new"]}
    assert ("null rate", "", "total") in new
    assert ("null rate", "orders", "total") in new
    wait_until(lambda: len(told(server)) == 2, what="messages for both owners")
    alert = {one["message"]["alert"]["owner"]: one for one in told(server)}
    assert alert.keys() == {"data@shop.example", "orders@shop.example"}
    said = alert["orders@shop.example"]
    assert said["content"]["subject"].startswith("shop: error — orders: total has a value")
    assert said["message"]["profile"]["traits"] == {"email": "orders@shop.example"}
    assert server.admin.post("/v1/quality/runs", timeout=120).json()["new"] == []
    assert len(told(server)) == 2
    health = server.reading.get("/v1/quality").json()
    assert (health["running"], health["error"], health["findings"]["error"] >= 2) == (False, "", True)
    metrics = server.reading.get("/metrics").text
    assert 'coterie_quality_findings{severity="error"}' in metrics
    assert "coterie_quality_runs_total 2.0" in metrics


def test_findings_are_listed_and_accepted(server: Serving) -> None:
    rows = server.reading.get("/v1/quality/findings", params={"severity": "error"}).json()["rows"]
    assert rows
    assert server.reading.post(f"/v1/quality/findings/{rows[0]['id']}/accept").status_code == 403
    done = server.admin.post(f"/v1/quality/findings/{rows[0]['id']}/accept").json()
    assert done["accepted_at"] is not None
    assert server.admin.post("/v1/quality/findings/99999/accept").status_code == 404
    audit = server.admin.get("/v1/audit").json()["rows"]
    assert "quality.accept" in {one["action"] for one in audit}


def test_the_page_shows_itself_and_fetches_nothing(server: Serving) -> None:
    page = server.reading.get("/v1/quality/page")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers.get_list("content-security-policy") == [f"{POLICY}; frame-ancestors 'none'"]
    assert "shop: quality" in page.text
    assert "<script" not in page.text
    assert page.text.count("http-equiv") == 1
    assert f'http-equiv="content-security-policy" content="{POLICY}"' in page.text


def test_a_source_is_reconciled_over_http(server: Serving) -> None:
    assert server.admin.post("/v1/sources/till/pull").status_code == 200
    wait_until(lambda: server.reading.get("/v1/sources/till").json()["events"] == 2)
    done = server.admin.post("/v1/reconciliations/till").json()
    assert {day: (one["there"], one["here"], one["missing"]) for day, one in done["days"].items()} == {
        "2026-03-01": (2, 2, 0)
    }
    (row,) = server.reading.get("/v1/reconciliations", params={"source": "till"}).json()["rows"]
    assert (row["source"], row["day"], row["counts"]["here"]) == ("till", "2026-03-01", 2)
    assert server.admin.post("/v1/reconciliations/nowhere").status_code == 404


def test_the_server_watches_on_its_own(tmp_path: Path) -> None:
    (tmp_path / "till").mkdir()
    (tmp_path / "till" / "one.csv").write_text(FILES["till/one.csv"])
    source = FILES["sources/till.yaml"].replace("kind: files", "every: 1h\nkind: files")
    with Serving(tmp_path, settings={"quality": {"every_s": 1}}, files={"sources/till.yaml": source}) as server:
        wait_until(lambda: server.reading.get("/v1/sources/till").json()["events"] == 2)
        wait_until(lambda: len(server.reading.get("/v1/quality").json()["runs"]) > 0)
        wait_until(lambda: len(server.reading.get("/v1/reconciliations").json()["rows"]) > 0)
        assert server.reading.get("/v1/quality").json()["error"] == ""
        server.stop()
