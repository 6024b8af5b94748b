"""The MQTT source against a real Mosquitto: what the broker was told is ours was kept, whatever dies."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from coterie.connectors.secrets import expanded
from coterie.connectors.sources.failures import CredentialsRefused, Unreachable
from coterie.connectors.sources.kinds import Setting, kind_of
from coterie.connectors.sources.mqtt import Config, open_source
from coterie.connectors.sources.mqtt.broker import Broker
from coterie.connectors.sources.mqtt.config import address_of
from coterie.connectors.sources.mqtt.topic import topic_of
from coterie.connectors.sources.source import Page
from coterie.errors import InvalidDefinition, Problem
from coterie.segments.parse.folder import form_of
from tests.connectors.sources.contract import refuses
from tests.servers import Server, binary, mosquitto, running, wait_until

TOPICS = ["store/{store}/sensor/{device_id}/{event}", "lamp/{lamp}"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with running(mosquitto(folder)) as server:
        yield server


def opened(port: int, **more: Any) -> Broker:
    config = form_of(Config, {"broker": f"127.0.0.1:{port}", "topics": TOPICS, "keepalive": 5, **more})
    return open_source(
        expanded(config, {"PASSWORD": "right", "WRONG": "wrong"}), Setting(name="shop", root=Path(), folder=Path())
    )


@contextmanager
def publisher(port: int) -> Iterator[Callable[..., paho.MQTTMessageInfo]]:
    client = paho.Client(CallbackAPIVersion.VERSION2, "publisher", clean_session=False)
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", port)
    client.loop_start()
    wait_until(client.is_connected)
    try:
        yield lambda topic, payload, **more: client.publish(topic, payload, qos=1, **more)
    finally:
        client.disconnect()
        client.loop_stop()


def rows(page: Page) -> list[dict[str, Any]]:
    return [msgspec.json.decode(page.chunk.row(place)) for place in range(len(page.chunk.numbers))]


class Log:
    """What a follower keeps: rows by their id, the latest position. ``acknowledge=False``: it dies before the broker hears."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.came = 0
        self.broken: list[tuple[int, str, str]] = []
        self.position: Any = {}

    def follow(self, source: Broker, until: Callable[[], bool], *, acknowledge: bool = True, keep: bool = True) -> None:
        for waited, page in enumerate(source.read(self.position)):
            if keep:
                self.rows.update({row["$id"]: row for row in rows(page)})
                self.broken += page.chunk.broken
                self.position = msgspec.json.decode(msgspec.json.encode(page.position))
            self.came += len(page.chunk.numbers)
            if acknowledge:
                source.acknowledge(page.position)
            assert waited < 200, f"{len(self.rows)} rows came"
            if until():
                break

    def values(self, name: str = "n") -> list[Any]:
        return sorted(row[name] for row in self.rows.values() if name in row)


def session(port: int, **more: Any) -> None:
    """The broker knows the session, and keeps what comes for it from now on."""
    source = opened(port, **more)
    source.look()


def test_a_message_is_a_row_with_the_named_parts_of_its_topic(broker: Server) -> None:
    source, log = opened(broker.port), Log()
    session(broker.port)
    with publisher(broker.port) as publish:
        publish("store/oslo/sensor/7/door", b'{"n": 1, "store": "wrong", "card": {"number": 9}}')
        publish("lamp/9", b"21.5")
        publish("lamp/9", b"{broken \xff")
        log.follow(source, lambda: len(log.rows) == 2 and len(log.broken) == 1)
    source.close()
    first, second = log.rows.values()
    assert (first["store"], first["device_id"], first["event"]) == ("oslo", "7", "door")
    assert (first["card.number"], first["$topic"]) == (9, "store/oslo/sensor/7/door")
    assert first["$received_at"].endswith("Z")
    assert (second["lamp"], second["value"]) == ("9", 21.5)
    assert log.broken[0][1] == "{broken \\xff"


def test_a_payload_of_text_is_one_column(broker: Server) -> None:
    source, log = opened(broker.port, payload="text"), Log()
    source.look()
    with publisher(broker.port) as publish:
        publish("lamp/9", b"on \xff")
        log.follow(source, lambda: bool(log.rows))
    source.close()
    assert log.values("value") == ["on \\xff"]


def test_a_retained_value_of_the_past_is_no_event(broker: Server) -> None:
    source, log = opened(broker.port), Log()
    with publisher(broker.port) as publish:
        publish("lamp/1", b"5", retain=True).wait_for_publish(10)
        session(broker.port)
        publish("lamp/1", b"6").wait_for_publish(10)
        log.follow(source, lambda: bool(log.rows))
    source.close()
    assert log.values("value") == [6]


def test_the_broker_keeps_what_comes_while_nobody_reads(broker: Server) -> None:
    session(broker.port)
    with publisher(broker.port) as publish:
        for n in range(50):
            publish("lamp/1", msgspec.json.encode({"n": n})).wait_for_publish(10)
    broker.stop()
    broker.start()
    source, log = opened(broker.port), Log()
    log.follow(source, lambda: len(log.rows) == 50)
    source.close()
    assert log.values() == list(range(50))


def test_a_silent_broker_leaves_the_position_as_it_is(broker: Server) -> None:
    source, before = opened(broker.port), {"page": 7, "seen": {"1:ab": "x-1"}}
    first, second = (page for page, _ in zip(source.read(before), range(2), strict=False))
    assert first.position == second.position == before
    source.close()


def test_what_was_not_kept_comes_again_and_what_was_kept_counts_once(broker: Server) -> None:
    log = Log()
    session(broker.port)
    with publisher(broker.port) as publish:
        for n in range(30):
            publish("lamp/1", msgspec.json.encode({"n": n % 10})).wait_for_publish(10)
    # One dies before anything is kept; the next one after it kept a page and before the broker heard of it.
    first = opened(broker.port, messages_max=10)
    log.follow(first, lambda: True, keep=False, acknowledge=False)
    first.close()
    second = opened(broker.port, messages_max=10)
    log.follow(second, lambda: len(log.rows) >= 10, acknowledge=False)
    second.close()
    assert log.came >= 20
    third = opened(broker.port, messages_max=10)
    log.follow(third, lambda: len(log.rows) >= 30)
    log.follow(third, lambda: True)
    third.close()
    # Equal messages without an id of their own are different events, and a repeated one is the same.
    assert log.values() == sorted(n % 10 for n in range(30))
    assert log.came >= 50


def test_nothing_is_lost_when_the_broker_is_killed_and_comes_back(broker: Server) -> None:
    source, log = opened(broker.port), Log()
    session(broker.port)
    with publisher(broker.port) as publish:
        for n in range(100):
            publish("lamp/1", msgspec.json.encode({"n": n}))
        log.follow(source, lambda: len(log.rows) == 100)
        reading = source.read(log.position)
        next(reading)
        broker.kill()
        with pytest.raises(Unreachable, match="the connection was lost"):
            for _ in reading:
                pass
        refuses(Unreachable, lambda: log.follow(source, lambda: True), "127.0.0.1")
        for n in range(100, 150):
            publish("lamp/1", msgspec.json.encode({"n": n}))
        broker.start()
        log.follow(source, lambda: len(set(log.values())) >= 150)
    source.close()
    # A killed broker may have forgotten what it was told, and send it again: the numbers in the messages tell.
    assert set(log.values()) == set(range(150))


def test_every_refusal_has_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    server = mosquitto(folder)
    passwords, rules = folder / "passwords", folder / "rules"
    subprocess.run([binary("mosquitto_passwd", "mosquitto"), "-b", "-c", str(passwords), "ada", "right"], check=True)
    rules.write_text("user ada\ntopic read lamp/#\n")
    for file in (passwords, rules):
        file.chmod(0o644)
    config = folder / "mosquitto.conf"
    text = config.read_text().replace("allow_anonymous true", f"allow_anonymous false\npassword_file {passwords}")
    config.write_text(f"{text}acl_file {rules}\n")
    with running(server):
        refuses(CredentialsRefused, lambda: opened(server.port).look(), "refuses the connection")
        wrong = opened(server.port, username="ada", password="${WRONG}")
        refuses(CredentialsRefused, lambda: next(wrong.read({})), "refuses the connection")
        right = opened(server.port, username="ada", password="${PASSWORD}", topics=["lamp/{lamp}"])
        assert "lamp/{lamp}" in right.look().what
    refuses(Unreachable, lambda: opened(server.port).look(), "127.0.0.1")


def test_a_topic_asks_for_a_filter_and_gives_its_parts() -> None:
    topic = topic_of("store/{store}/sensor/{device_id}/{event}")
    assert topic.filter == "store/+/sensor/+/+"
    assert topic.match("store/oslo/sensor/7/door") == {"store": "oslo", "device_id": "7", "event": "door"}
    assert topic.match("store/oslo/lamp/7/door") is None
    assert topic.match("store/oslo/sensor/7/door/x") is None
    assert topic_of("a/{x}/#").match("a/1/2/3") == {"x": "1"}
    assert topic_of("a/+/{x}").match("a/1/2") == {"x": "2"}


@pytest.mark.parametrize("text", ["a/{b}c", "#/a", "a/{x}/{x}", "a/{X}"])
def test_a_topic_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        topic_of(text)


def test_an_address_has_the_usual_port_when_none_is_said() -> None:
    told = [("b", False), ("b", True), ("b:1", True), ("[::1]:7", False), ("[::1]", False), ("10.0.0.1", False)]
    found = [address_of(*one) for one in told]
    assert found == [("b", 1883), ("b", 8883), ("b", 1), ("::1", 7), ("::1", 1883), ("10.0.0.1", 1883)]


def test_a_file_is_read_with_every_problem_at_once() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        form_of(Config, {"topics": ["a/{b}c", "ok", "#/a"], "broker": "x:0", "password": "plain"})
    text = str(caught.value)
    assert all(
        word in text for word in ("broker", "topics[0]", "topics[2]", "host:port", "a secret does not stand in a file")
    )
    assert kind_of("mqtt").continuous
