"""Triggers over HTTP: made, paused, run, delivered to a real receiver, and given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Serving
from tests.web.conftest import BUYERS, send, track

YAML = {"content-type": "application/yaml"}
WELCOME = "key: welcome\nwhen: {entered: buyers}\ndestination: hook\n"


class Receiver(ThreadingHTTPServer):
    """A receiver that can be told what to answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.got = 200, list[str]()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(self.headers["webhook-id"])
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.shutdown()
    one.server_close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Serving]:
    folder: Path = tmp_path_factory.mktemp("triggers") / "shop"
    hook = f"key: hook\nkind: webhook\nurl: http://127.0.0.1:{receiver.server_port}/hook\nprivate_addresses: allow\n"
    files = {"segments/buyers.yaml": BUYERS, "destinations/hook.yaml": hook}
    with Serving(folder, files=files) as one:
        one.reading.get("/v1/status", params={"after": "latest", "timeout": 30})
        yield one


def until(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def test_a_trigger_is_checked_made_and_told(shop: Serving) -> None:
    wrong = shop.admin.put("/v1/triggers/welcome", content=WELCOME.replace("hook", "hok"), headers=YAML)
    assert wrong.status_code == 422
    assert "hook" in wrong.text
    dry = shop.admin.put("/v1/triggers/welcome", content=WELCOME, headers=YAML, params={"dry_run": True})
    assert dry.json()["trigger"]["state"] == "off"
    assert shop.reading.get("/v1/triggers").json()["rows"] == []
    made = shop.admin.put("/v1/triggers/welcome", content=WELCOME, headers=YAML)
    assert made.status_code == 200, made.text
    assert made.json()["trigger"]["state"] == "on"
    assert made.json()["text"] == WELCOME
    (row,) = shop.reading.get("/v1/triggers").json()["rows"]
    assert "enters buyers" in row["sentence"]
    assert (shop.folder / "triggers" / "welcome.yaml").read_text() == WELCOME


def test_it_runs_and_is_delivered(shop: Serving, receiver: Receiver) -> None:
    send(shop, track("order_completed", "ada"))
    (run,) = until(lambda: shop.reading.get("/v1/triggers/welcome/runs").json()["rows"])
    assert run["profile"] == "ada"
    (letter,) = until(lambda: shop.reading.get("/v1/deliveries", params={"state": "sent"}).json()["rows"])
    assert receiver.got == [letter["key"]]
    assert shop.reading.get(f"/v1/deliveries/{letter['key']}").json()["id"] == letter["id"]
    assert {"destination": "hook", "trigger": "welcome", "state": "sent", "deliveries": 1} in shop.reading.get(
        "/v1/deliveries/counts"
    ).json()["rows"]
    (health,) = shop.reading.get("/v1/destinations").json()["rows"]
    assert (health["destination"], health["condition"], health["sent"]) == ("hook", "healthy", 1)
    assert shop.reading.get("/v1/destinations/hook").json()["destination"] == "hook"
    assert shop.reading.get("/v1/destinations/none").status_code == 404


def test_paused_it_begins_nothing(shop: Serving) -> None:
    assert shop.admin.post("/v1/triggers/welcome/pause").json()["state"] == "paused"
    send(shop, track("order_completed", "bo"))
    assert [one["profile"] for one in shop.reading.get("/v1/triggers/welcome/runs").json()["rows"]] == ["ada"]
    assert shop.admin.post("/v1/triggers/welcome/resume").json()["state"] == "on"
    send(shop, track("order_completed", "cleo"))
    sent = {"state": "sent", "profile": "cleo"}
    until(lambda: shop.reading.get("/v1/deliveries", params=sent).json()["rows"])
    actions = [
        one["action"] for one in shop.admin.get("/v1/audit", params={"subject": "trigger:welcome"}).json()["rows"]
    ]
    assert actions == ["trigger.resume", "trigger.pause", "trigger.put"]


def test_a_dead_letter_is_sent_again_with_its_key(shop: Serving, receiver: Receiver) -> None:
    receiver.status = 410
    send(shop, track("order_completed", "dora"))
    (dead,) = until(lambda: shop.reading.get("/v1/deliveries", params={"state": "dead"}).json()["rows"])
    assert dead["profile"] == "dora"
    assert "410" in dead["last_error"]
    receiver.status = 200
    assert shop.admin.post("/v1/deliveries/replay", json={"ids": [dead["id"]]}).json() == {"replayed": 1}
    until(lambda: shop.reading.get(f"/v1/deliveries/{dead['id']}").json()["state"] == "sent")
    assert receiver.got.count(dead["key"]) == 2
    assert shop.reading.get("/v1/deliveries/nothing").status_code == 404


def test_it_is_removed(shop: Serving) -> None:
    assert shop.admin.delete("/v1/triggers/welcome").status_code == 200
    assert shop.reading.get("/v1/triggers/welcome").status_code == 404
    assert shop.admin.delete("/v1/triggers/welcome").status_code == 404
    assert not (shop.folder / "triggers" / "welcome.yaml").exists()
