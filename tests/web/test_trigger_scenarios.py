"""The scenarios of triggers against a running server: C4, S5, E3, L5, and what waits for the morning."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Serving
from tests.web.conftest import AT_RISK, BUYERS, send, track

YAML = {"content-type": "application/yaml"}
FILES = {
    "segments/buyers.yaml": BUYERS,
    "segments/at-risk.yaml": AT_RISK,
    "segments/just-now.yaml": "key: just-now\nwhen: {did: {event: ping, within: 5s}}\n",
    "destinations/lines.yaml": "key: lines\nkind: file\npath: lines.jsonl\n",
    "triggers/pinged.yaml": "key: pinged\nwhen: {entered: just-now}\ndestination: lines\n",
    "triggers/remind.yaml": "key: remind\nwhen: {event: booked}\nkey_by: appointment\ndestination: lines\n",
    "triggers/care.yaml": (
        "key: care\nwhen: {entered: at-risk}\nconsent: {purpose: marketing, default: out}\ncancel_if_left: true\n"
        'quiet_hours: {from: "21:00", to: "08:00"}\ndestination: lines\n'
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder: Path = tmp_path_factory.mktemp("scenarios") / "shop"
    with Serving(folder, clock="manual", files=FILES) as one:
        at(one, "2026-03-01T12:00:00")
        yield one


def at(shop: Serving, moment: str) -> None:
    """The clock stands there, and every timer until then has fired."""
    shop.admin.post("/v1/clock", json={"at": f"{moment}Z"}).raise_for_status()
    position = shop.reading.get("/v1/status").json()
    shop.reading.get("/v1/status", params={"after": "latest", "timeout": 30}).raise_for_status()
    assert position


def told(shop: Serving, trigger: str) -> list[dict[str, Any]]:
    """Return the messages of one trigger that have arrived, in order."""
    file = shop.folder / "lines.jsonl"
    lines = [json.loads(line)["message"] for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if line["trigger"] == trigger]


def until(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def letters(shop: Serving, trigger: str) -> list[tuple[str, str, str]]:
    """Return (person, state, reason) of every delivery of a trigger, oldest first."""
    rows = shop.reading.get("/v1/deliveries", params={"trigger": trigger}).json()["rows"]
    return [(row["profile"], row["state"], row["last_error"]) for row in reversed(rows)]


def test_c4_each_entry_is_told_once(shop: Serving) -> None:
    send(shop, track("ping", "ada"))
    at(shop, "2026-03-01T12:00:06")
    send(shop, track("ping", "ada"))
    until(lambda: len(told(shop, "pinged")) == 2)
    assert [one["change"]["direction"] for one in told(shop, "pinged")] == ["entered", "entered"]
    assert len({one["key"] for one in told(shop, "pinged")}) == 2
    send(shop, track("ping", "ada"))
    assert len(letters(shop, "pinged")) == 2


def test_s5_the_same_key_is_one_run(shop: Serving) -> None:
    send(
        shop,
        track("booked", "ada", appointment=1),
        track("booked", "ada", appointment=1),
        track("booked", "ada", appointment=2),
    )
    send(shop, track("booked", "ada", appointment=1), track("booked", "bo", appointment=1))
    until(lambda: len(told(shop, "remind")) == 3)
    assert sorted((one["profile"]["id"], one["run"]) for one in told(shop, "remind")) == [
        ("ada", 1),
        ("ada", 2),
        ("bo", 1),
    ]
    tallies = shop.reading.get("/v1/triggers/remind").json()["trigger"]["tallies"]
    assert tallies == {"runs": 3, "held_out": 0, "refused:reentry": 2}


def test_e3_who_was_there_before_is_told_once_and_only_if_asked_for(shop: Serving) -> None:
    send(shop, track("order_completed", "ada"), track("order_completed", "bo"))
    plain = "key: later\nwhen: {entered: buyers}\ndestination: lines\n"
    shop.admin.put("/v1/triggers/later", content=plain, headers=YAML).raise_for_status()
    greet = "key: greet\nwhen: {entered: buyers}\nexisting: true\ndestination: lines\n"
    for _ in range(2):
        shop.admin.put("/v1/triggers/greet", content=greet, headers=YAML).raise_for_status()
    until(lambda: len(told(shop, "greet")) == 2)
    send(shop, track("order_completed", "cleo"))
    until(lambda: len(told(shop, "greet")) == 3)
    until(lambda: len(told(shop, "later")) == 1)
    assert sorted(one["profile"]["id"] for one in told(shop, "greet")) == ["ada", "bo", "cleo"]
    assert told(shop, "later")[0]["profile"]["id"] == "cleo"
    shop.admin.delete("/v1/triggers/greet").raise_for_status()
    shop.admin.put("/v1/triggers/greet", content=greet, headers=YAML).raise_for_status()
    send(shop, track("order_completed", "dora"))
    until(lambda: len(told(shop, "greet")) == 4)


def test_l5_consent_counts_when_it_is_decided_and_when_it_is_sent(shop: Serving) -> None:
    def consents(user: str, given: bool) -> dict[str, Any]:
        return {"type": "identify", "userId": user, "traits": {"consent.marketing": given, "time_zone": "Asia/Tokyo"}}

    send(shop, consents("yes", True), consents("no", False), consents("withdrawn", True), consents("left", True))
    send(shop, *(track("add_to_cart", user) for user in ("yes", "no", "withdrawn", "left", "silent")))
    at(shop, "2026-03-02T13:00:00")  # 22:00 in Tokyo
    waiting = until(lambda: letters(shop, "care"))
    assert sorted(waiting) == [("left", "waiting", ""), ("withdrawn", "waiting", ""), ("yes", "waiting", "")]
    send(shop, consents("withdrawn", False), track("order_completed", "left"))
    at(shop, "2026-03-02T22:59:00")
    assert told(shop, "care") == []
    at(shop, "2026-03-02T23:00:00")  # 08:00 in Tokyo
    until(lambda: told(shop, "care"))
    until(lambda: not any(state == "waiting" for _, state, _ in letters(shop, "care")))
    assert sorted(letters(shop, "care")) == [
        ("left", "cancelled", "left"), ("withdrawn", "cancelled", "consent"), ("yes", "sent", ""),
    ]  # fmt: skip
    assert [one["profile"]["id"] for one in told(shop, "care")] == ["yes"]
