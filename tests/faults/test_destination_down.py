"""A destination is down for an hour of virtual time: nothing is lost, the order is kept, it recovers, also over a restart."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.destinations.servers import Web, web
from tests.serving import Serving

SEGMENT = "key: shoppers\nwhen: {did: {event: visit}}\n"
TRIGGER = 'key: told\nwhen: {event: order}\nkey_by: "n"\ndestination: hook\n'
HOOK = "key: hook\nkind: webhook\nurl: http://127.0.0.1:PORT/hook\nprivate_addresses: allow\nconcurrency: 4\n"
PEOPLE, ORDERS = 8, 5


def until(holds: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def order(server: Serving, minute: int, number: int) -> None:
    """Everybody orders at that minute."""
    server.admin.post(
        "/v1/clock", json={"at": f"2026-03-01T{12 + minute // 60}:{minute % 60:02d}:00Z"}
    ).raise_for_status()
    calls = [
        {
            "type": "track",
            "event": "order",
            "userId": f"p{who}",
            "messageId": f"{who}-{number}",
            "properties": {"n": number},
        }
        for who in range(PEOPLE)
    ]
    answer = server.writing.post("/v1/batch", json={"batch": calls})
    position = answer.headers["coterie-position"]
    server.reading.get("/v1/status", params={"after": position, "timeout": 30}).raise_for_status()


def health(server: Serving) -> dict[str, Any]:
    found: dict[str, Any] = server.reading.get("/v1/destinations/hook").json()
    return found


def sent(server: Serving) -> int:
    rows = server.reading.get("/v1/deliveries/counts").json()["rows"]
    return sum(row["deliveries"] for row in rows if row["state"] == "sent")


def told(receiver: Web) -> list[tuple[str, int]]:
    """Return (person, order) of every message that was taken."""
    bodies = [json.loads(body)["data"] for _, _, body in receiver.got]
    return [(data["profile"]["id"], data["run"]) for data in bodies]


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_an_hour_of_outage(tmp_path: Path, restarted: bool) -> None:
    with web() as receiver:
        files = {
            "segments/shoppers.yaml": SEGMENT, "triggers/told.yaml": TRIGGER,
            "destinations/hook.yaml": HOOK.replace("PORT", str(receiver.port)),
        }  # fmt: skip
        receiver.answers = [(503, {})]
        with Serving(tmp_path / "shop", clock="manual", files=files) as server:
            server.admin.post("/v1/clock", json={"at": "2026-03-01T11:59:00Z"}).raise_for_status()
            for number in range(ORDERS):
                order(server, number * 12, number)
            until(lambda: health(server)["condition"] == "down")
            assert "503" in health(server)["last_error"]
            assert sent(server) == 0
            if restarted:
                server.kill()
                server.start()
            storms = len(receiver.got)
            receiver.got.clear()
            receiver.answers = [(200, {})]
            server.admin.post("/v1/clock", json={"at": "2026-03-01T13:02:00Z"}).raise_for_status()
            until(lambda: sent(server) == PEOPLE * ORDERS)
            assert health(server)["condition"] != "down"
    assert storms < 60, "a destination that is down is probed, not stormed"
    assert Counter(told(receiver)) == {(f"p{who}", n): 1 for who in range(PEOPLE) for n in range(ORDERS)}
    for who in range(PEOPLE):
        assert [n for name, n in told(receiver) if name == f"p{who}"] == list(range(ORDERS))
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == PEOPLE * ORDERS
