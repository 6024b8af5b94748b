"""The service as a whole: ready, healthy, measured; stopped and killed and back again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from coterie.web.metrics import METRICS
from tests.serving import Serving

SEGMENT = {"segments/buyers.yaml": "key: buyers\ntitle: Buyers\nwhen: {did: {event: order, within: 30d}}\n"}
SINK = {
    **SEGMENT,
    "destinations/file.yaml": "key: file\nkind: file\ntitle: A file\npath: sent.jsonl\n",
    "triggers/welcome.yaml": "key: welcome\ntitle: Welcome\nwhen: {entered: buyers}\ndestination: file\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("service") / "shop", files=SINK) as one:
        yield one


def order(server: Serving, who: str) -> str:
    answer = server.writing.post("/v1/track", json={"userId": who, "event": "order", "messageId": f"o-{who}"})
    assert answer.status_code == 200
    return answer.headers["coterie-position"]


def test_an_event_is_seen_in_segments_changes_and_the_destination(server: Serving) -> None:
    position = order(server, "ada")
    profile = server.reading.get("/v1/profiles/ada", params={"after": position}).json()
    assert [one["segment"] for one in profile["segments"]] == ["buyers"]
    rows = server.reading.get("/v1/changes", params={"profile": "ada"}).json()["rows"]
    assert [(row["segment"], row["direction"], row["cause"]) for row in rows] == [("buyers", "entered", "event")]
    until = time.monotonic() + 10
    while not (server.folder / "sent.jsonl").exists():
        assert time.monotonic() < until, server.said()
        time.sleep(0.02)
    (sent,) = [json.loads(line) for line in (server.folder / "sent.jsonl").read_text().splitlines()]
    assert "ada" in json.dumps(sent)


def test_health_and_readiness(server: Serving) -> None:
    bare = httpx.Client(base_url=server.url)
    assert bare.get("/healthz").json() == {"status": "ok"}
    ready = bare.get("/readyz").json()
    assert (ready["ready"], ready["phase"], ready["reasons"]) == (True, "running", [])
    assert bare.get("/v1/profiles/ada").status_code == 401
    assert bare.get("/nothing").status_code in (401, 404)


def test_every_metric_named_is_shown_and_none_else(server: Serving) -> None:
    order(server, "metered")
    server.writing.post("/v1/track", json={"userId": "x"})
    server.reading.get("/v1/segments", params={"after": "latest"})
    text = httpx.get(f"{server.url}/metrics").text
    shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    family = {name.removesuffix("_total") for name in METRICS}
    assert {one.removesuffix("_total") for one in shown} <= family | {f"{name}_created" for name in family}
    values = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    for name in METRICS:
        if METRICS[name][2] in ((), ("segment",), ("segment", "direction")):
            assert {name, f"{name}_bucket", f"{name}_total"} & values, name
    assert 'route="/v1/profiles/{profile}"' in text or 'route="/v1/track"' in text
    assert 'coterie_members{segment="buyers"}' in text


def test_metrics_can_ask_for_a_key(tmp_path: Path) -> None:
    with Serving(tmp_path / "shop", settings={"server": {"metrics": "key"}}) as one:
        assert httpx.get(f"{one.url}/metrics").status_code == 401
        assert one.reading.get("/metrics").status_code == 200
        assert one.writing.get("/metrics").status_code == 401


def test_requests_have_ids_and_errors_one_shape(server: Serving) -> None:
    answer = server.reading.get("/v1/segments/nothing", headers={"X-Request-Id": "my-request-1"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (404, "my-request-1")
    error = answer.json()["error"]
    assert (error["type"], error["request_id"]) == ("not_found", "my-request-1")
    strange = server.reading.get("/v1/segments/nothing", headers={"X-Request-Id": "no spaces <please>"})
    assert strange.headers["x-request-id"] != "no spaces <please>"


def test_a_graceful_stop_ends_streams_and_keeps_everything(tmp_path: Path) -> None:
    with Serving(tmp_path / "shop", files=SEGMENT) as one:
        order(one, "ada")
        ended = threading.Event()

        def follow() -> None:
            headers = {"Authorization": f"Bearer {one.keys['read']}"}
            with httpx.stream("GET", f"{one.url}/v1/changes/stream?cursor=0", headers=headers, timeout=60) as answer:
                for _ in answer.iter_lines():
                    pass
            ended.set()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        time.sleep(0.3)
        assert one.stop() == 0
        assert ended.wait(5), "streams end when the server stops"
        one.start()
        assert one.reading.get("/v1/segments/buyers").json()["size"] == 1


def test_a_killed_server_has_everything_it_acknowledged(tmp_path: Path) -> None:
    with Serving(tmp_path / "shop", files=SEGMENT) as one:
        for n in range(20):
            order(one, f"p{n}")
        one.kill()
        one.start()
        rows = one.reading.get("/v1/segments/buyers/members", params={"after": "latest"}).json()["rows"]
        assert {row["profile"] for row in rows} == {f"p{n}" for n in range(20)}
        order(one, "p0")
        events = one.reading.get("/v1/profiles/p0/timeline", params={"after": "latest"}).json()["rows"]
        assert len(events) == 1, "the same event again is one event, also after a crash"


def test_a_server_that_recovers_accepts_events_and_says_so(tmp_path: Path) -> None:
    with Serving(tmp_path / "shop", files=SEGMENT) as one:
        order(one, "ada")
        one.kill()
        one.start(ready=False)
        assert one.writing.post("/v1/track", json={"userId": "ben", "event": "order"}).status_code == 200
        one.wait_ready()
        rows = one.reading.get("/v1/segments/buyers/members", params={"after": "latest"}).json()["rows"]
        assert {row["profile"] for row in rows} == {"ada", "ben"}


def test_a_wrong_definition_is_told_before_anything_starts(tmp_path: Path) -> None:
    files = {
        "segments/a.yaml": "key: a\nwhen: {didd: {event: x}}\n",
        "triggers/t.yaml": "key: t\nwhen: {entered: nothing}\ndestination: nowhere\n",
    }
    one = Serving(tmp_path / "shop", files=files)
    with pytest.raises(AssertionError) as raised:
        one.start()
    assert "did" in str(raised.value)
