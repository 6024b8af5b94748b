"""A whole server that reads a Kafka topic and is killed again and again: every message counts once."""

from __future__ import annotations

from pathlib import Path

import msgspec

from coterie.engine.project import Project
from tests.kafka import Broker
from tests.servers import running, wait_until
from tests.serving import Serving

SOURCE = """kind: kafka
brokers: {brokers}
topic: orders
messages_max: 50
mapping:
  event: order_completed
  identifiers: {{user_id: who}}
  occurred_at: $timestamp
  properties: {{n: n}}
"""
EACH = 400


def test_every_message_counts_once_whenever_the_server_dies(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    with running(Broker(tmp_path / "kafka")) as broker:
        assert isinstance(broker, Broker)
        broker.topic("orders", 2)
        files = {"sources/orders.yaml": SOURCE.format(brokers=broker.address)}
        with Serving(tmp_path / "project", files=files) as server:

            def come() -> int:
                return int(server.reading.get("/v1/sources/orders").json()["events"])

            for turn in range(3):
                bodies = [msgspec.json.encode({"who": f"p{n % 7}", "n": turn * EACH + n}) for n in range(EACH)]
                broker.send("orders", bodies, partition=turn % 2)
                broker.send("orders", [b"not JSON"], partition=turn % 2)
                wait_until(lambda turn=turn: come() > turn * EACH, 30, what=server.said()[-2000:])  # type: ignore[misc]
                server.kill()
                server.start()
            wait_until(lambda: come() == 3 * EACH, 30, what=server.said()[-2000:])
            told = server.reading.get("/v1/sources/orders").json()
            assert told["refused"] == 3
            assert told["position"] == {"offsets": {"0": 2 * (EACH + 1), "1": EACH + 1}}
            server.stop()
        rows = Project(tmp_path / "project").events.scan(names=["order_completed"])
        numbers = [msgspec.json.decode(text)["n"] for text in rows["properties"].to_pylist()]
        assert sorted(numbers) == list(range(3 * EACH))
