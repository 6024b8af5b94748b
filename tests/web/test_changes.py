"""The log of changes, in pages and as a stream that can be taken up again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx

from tests.serving import Serving
from tests.web.conftest import send, track


def stream(server: Serving, count: int, **asked: Any) -> list[dict[str, Any]]:
    """Return the next ``count`` changes of a stream, each with its id."""
    headers = {"last-event-id": str(asked.pop("last"))} if "last" in asked else {}
    found: list[dict[str, Any]] = []
    with server.reading.stream("GET", "/v1/changes/stream", params=asked, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        for event in events_of(answer):
            found.append(event)
            if len(found) == count:
                break
    return found


def events_of(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    told: dict[str, str] = {}
    for line in answer.iter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            told[name] = value
        elif "data" in told:
            yield {**json.loads(told["data"]), "id": int(told["id"]), "event": told["event"]}
            told = {}
        else:
            told = {}


def test_changes_page_in_order(server: Serving) -> None:
    send(server, *[track("order_completed", f"c-{n}") for n in range(5)])
    rows: list[dict[str, Any]] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = server.reading.get("/v1/changes", params={"limit": 2, "cursor": cursor}).json()
        rows += page["rows"]
        cursor = page["next"]
    assert [one["sequence"] for one in rows] == sorted({one["sequence"] for one in rows})
    assert {f"c-{n}" for n in range(5)} <= {one["profile"] for one in rows}
    assert page["sequence"] == rows[-1]["sequence"]
    of_one = server.reading.get("/v1/changes", params={"profile": "c-3"}).json()["rows"]
    assert [(one["segment"], one["direction"]) for one in of_one] == [("buyers", "entered")]
    assert server.reading.get("/v1/changes", params={"segment": "at-risk", "profile": "c-3"}).json()["rows"] == []


def test_a_stream_tells_the_same_and_resumes(server: Serving) -> None:
    send(server, *[track("order_completed", f"s-{n}") for n in range(4)])
    rows = server.reading.get("/v1/changes", params={"limit": 10_000}).json()["rows"]
    found = stream(server, len(rows), cursor=0)
    assert [{k: v for k, v in one.items() if k not in ("id", "event")} for one in found] == rows
    assert [one["id"] for one in found] == [one["sequence"] for one in rows]
    middle = rows[len(rows) // 2]["sequence"]
    rest = stream(server, len([one for one in rows if one["sequence"] > middle]), last=middle, cursor=0)
    assert [one["id"] for one in rest] == [one["sequence"] for one in rows if one["sequence"] > middle]


def test_a_stream_follows_what_happens_and_filters(server: Serving) -> None:
    found: list[dict[str, Any]] = []
    ready = threading.Event()

    def follow() -> None:
        with server.reading.stream("GET", "/v1/changes/stream", params={"profile": "live-1"}, timeout=20) as answer:
            ready.set()
            for event in events_of(answer):
                found.append(event)
                return

    send(server, track("seen", "live-1"))
    thread = threading.Thread(target=follow)
    thread.start()
    assert ready.wait(10)
    time.sleep(0.2)
    send(server, track("order_completed", "live-2"), track("order_completed", "live-1"))
    thread.join(15)
    assert [(one["profile"], one["segment"]) for one in found] == [("live-1", "buyers")]


def test_a_stream_of_nobody_is_refused(server: Serving) -> None:
    assert server.reading.get("/v1/changes/stream", params={"profile": "nobody-at-all"}).status_code == 404
    assert server.reading.get("/v1/changes/stream", headers={"last-event-id": "x"}).status_code == 422
    assert httpx.get(f"{server.url}/v1/changes/stream").status_code == 401
    assert server.writing.get("/v1/changes/stream").status_code == 403


def test_a_reader_that_does_not_read_costs_nothing(server: Serving) -> None:
    sleeping = [
        server.reading.send(
            server.reading.build_request("GET", "/v1/changes/stream", params={"cursor": 0}), stream=True
        )
        for _ in range(5)
    ]
    send(server, *[track("order_completed", f"slow-{n}") for n in range(50)])
    assert server.reading.get("/v1/profiles/slow-7").status_code == 200
    for answer in sleeping:
        answer.close()
    assert len(stream(server, 5, cursor=0)) == 5


def test_collection_and_status(server: Serving) -> None:
    position = send(server, track("seen", "status"))
    told = server.reading.get("/v1/collection").json()
    assert told["journal"]["head"] == told["journal"]["committed"] == position
    assert [one["name"] for one in told["keys"]] == ["first write key"]
    assert server.reading.get("/v1/sources").json() == {"rows": []}
    status = server.reading.get("/v1/status").json()
    assert status["ready"] is True
    assert status["phase"] == "running"
