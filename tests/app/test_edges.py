"""A whole server between a broker and a cache: a message goes in, a member comes out, and everything survives a restart."""

from __future__ import annotations

from pathlib import Path

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.connectors.caches.views import RedisView
from tests.servers import mosquitto, redis_server, running, wait_until
from tests.serving import Serving

SEGMENT = "key: often\nwhen: {did: {event: door, at_least: 2}}\n"
SOURCE = """kind: mqtt
broker: 127.0.0.1:{port}
topics: ["store/{{store}}/sensor/{{device_id}}/{{event}}"]
mapping:
  event: {{column: event}}
  identifiers: {{device_id: device_id}}
  occurred_at: $received_at
  id: {{column: id, prefix: sensor-}}
"""


def test_a_message_of_a_device_becomes_a_member_in_the_cache(tmp_path: Path) -> None:
    for name in ("mosquitto", "redis"):
        (tmp_path / name).mkdir()
    with running(mosquitto(tmp_path / "mosquitto")) as broker, running(redis_server(tmp_path / "redis")) as redis:
        settings = {"caches": {"site": {"kind": "redis", "url": f"redis://127.0.0.1:{redis.port}/0"}}}
        files = {"segments/often.yaml": SEGMENT, "sources/shop.yaml": SOURCE.format(port=broker.port)}
        view = RedisView(redis.port)
        client = paho.Client(CallbackAPIVersion.VERSION2, "sensor")
        client.connect("127.0.0.1", broker.port)
        client.loop_start()

        def say(device: str, *ids: int) -> None:
            for one in ids:
                payload = msgspec.json.encode({"id": f"{device}-{one}"})
                client.publish(f"store/oslo/sensor/{device}/door", payload, qos=1).wait_for_publish(10)

        with Serving(tmp_path / "project", settings=settings, files=files) as server:
            wait_until(lambda: server.reading.get("/v1/sources/shop").json()["now"]["place"] != "")
            assert 'coterie_source_up{source="shop"} 1.0' in server.reading.get("/metrics").text
            say("d7", 1, 2)
            wait_until(lambda: view.members("often") == {"device_id:d7"}, what=server.said()[-3000:])
            client.publish("store/oslo/sensor/d7/door", b"{broken", qos=1).wait_for_publish(10)
            told = 'coterie_source_refused_total{source="shop"} 1.0'
            wait_until(lambda: told in server.reading.get("/metrics").text)
            assert 'coterie_cache_up{cache="site"} 1.0' in server.reading.get("/metrics").text
            server.kill()
            say("d8", 1, 2)
            redis.kill()
            redis.start()
            server.start()
            view = RedisView(redis.port)
            wait_until(lambda: view.members("often") == {"device_id:d7", "device_id:d8"}, what=server.said()[-3000:])
            deleted = server.admin.delete("/v1/segments/often")
            assert deleted.is_success, deleted.text
            wait_until(lambda: view.members("often") == set())
        client.disconnect()
        client.loop_stop()
