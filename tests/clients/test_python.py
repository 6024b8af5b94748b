"""The SDKs for Python, unchanged but for the host: what they send arrives, also through overload and lost answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clients.calls import EVERY_CALL, Flaky, check_every_call
from tests.web.collect.serving import WRITE_KEY, Served, collecting


def segment(url: str, gzip: bool, errors: list[Any]) -> Any:
    client = pytest.importorskip("segment.analytics.client").Client
    return client(WRITE_KEY, host=url, gzip=gzip, upload_interval=0.05, on_error=lambda error, _: errors.append(error))


def rudder(url: str, gzip: bool, errors: list[Any]) -> Any:
    client = pytest.importorskip("rudderstack.analytics.client").Client
    return client(WRITE_KEY, host=url, gzip=gzip, upload_interval=0.05, on_error=lambda error, _: errors.append(error))


SDKS = {"segment-analytics-python": segment, "rudder-sdk-python": rudder}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with collecting(tmp_path) as running:
        yield running


def send_every_call(client: Any) -> None:
    client.identify("ada", {"plan": "pro", "address": {"city": "Oslo"}})
    client.track("ada", "Order Completed", {"total": 12.5}, timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    client.page(anonymous_id="a-1", category="shop", name="Shoes", properties={"path": "/shoes"})
    client.screen("ada", name="Cart")
    client.group("ada", "g-1", {"plan": "team"})
    client.alias("a-1", "ada")


@pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("sdk", SDKS)
def test_every_call_arrives(served: Served, sdk: str, gzip: bool) -> None:
    errors: list[Any] = []
    client = SDKS[sdk](served.url, gzip, errors)
    send_every_call(client)
    client.shutdown()
    events = served.wait_for(EVERY_CALL)
    assert not errors
    assert len(events) == EVERY_CALL
    check_every_call(events)


@pytest.mark.parametrize("sdk", SDKS)
def test_overload_and_lost_answers_lose_nothing_and_double_nothing(tmp_path: Path, sdk: str) -> None:
    stores: list[Flaky] = []

    def store(journal: Any) -> Flaky:
        stores.append(Flaky(journal))
        return stores[0]

    errors: list[Any] = []
    with collecting(tmp_path, store=store) as served:
        client = SDKS[sdk](served.url, True, errors)
        for n in range(300):
            client.track("ada", "viewed", {"n": n})
        client.shutdown()
        events = served.wait_for(300)
    assert not errors
    assert sorted(event.properties["n"] for event in events) == list(range(300))
    assert stores[0].refusals == stores[0].lost_answers == 0, "it was refused and left without an answer"
    assert stores[0].requests >= 5
