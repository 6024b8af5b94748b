"""One running server for the tests of a file, with a small shop in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Serving

BUYERS = """\
key: buyers
title: Buyers
tags: [shop]
manual: true
when:
  did: {event: order_completed, within: 30d}
"""
AT_RISK = """\
key: at-risk
when:
  then_not:
    first: {event: add_to_cart}
    absent: {event: order_completed}
    for: 24h
"""
FILES = {"segments/buyers.yaml": BUYERS, "segments/at-risk.yaml": AT_RISK}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder: Path = tmp_path_factory.mktemp("served") / "shop"
    with Serving(folder, clock="manual", files=FILES) as one:
        one.admin.post("/v1/clock", json={"at": "2026-03-01T12:00:00Z"})
        assert one.admin.post("/v1/definitions/apply").status_code == 200
        yield one


def send(server: Serving, *events: dict[str, Any]) -> int:
    """Return the journal position of the events, which are durable and read."""
    answer = server.writing.post("/v1/batch", json={"batch": list(events)})
    assert answer.status_code == 200, answer.text
    position = int(answer.headers["coterie-position"])
    read = server.reading.get("/v1/status", params={"after": position, "timeout": 30})
    assert read.status_code == 200, read.text
    return position


def track(event: str, user: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": user, "properties": properties}
