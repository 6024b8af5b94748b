"""The subscriber against a real Mosquitto: what the broker was told is ours is in the journal, whatever dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from coterie.connectors.sources.mqtt.section import brokers_of
from coterie.connectors.sources.mqtt.subscriber import Append, Subscriber
from coterie.connectors.sources.tracking.decoding import decode
from coterie.connectors.sources.tracking.tracked import Refused, Tracked
from coterie.errors import InvalidDefinition, Overloaded, Transient
from coterie.storage.journal import Entry, Journal
from tests.servers import Server, mosquitto, running, wait_until

TOPICS = [
    {
        "topic": "store/{store}/sensor/{device_id}/{event}",
        "identifiers": {"device_id": "{device_id}"},
        "timestamp": "at",
        "message_id": "id",
    },
    {"topic": "lamp/{device_id}", "event": "lamp", "identifiers": {"device_id": "{device_id}"}},
]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with running(mosquitto(folder)) as server:
        yield server


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal")
    opened.start()
    yield opened
    opened.close()


def subscriber(port: int, append: Append) -> Subscriber:
    settings = {"shop": {"host": "127.0.0.1", "port": port, "topics": TOPICS, "keepalive_s": 5}}
    return Subscriber("shop", brokers_of(settings)["shop"], append)


@contextmanager
def started(port: int, append: Append) -> Iterator[Subscriber]:
    one = subscriber(port, append)
    one.start()
    try:
        yield one
    finally:
        one.stop()


@contextmanager
def publisher(port: int) -> Iterator[Callable[[str, bytes], paho.MQTTMessageInfo]]:
    client = paho.Client(CallbackAPIVersion.VERSION2, "publisher", clean_session=False)
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", port)
    client.loop_start()
    wait_until(client.is_connected)
    try:
        yield lambda topic, payload: client.publish(topic, payload, qos=1)
    finally:
        client.disconnect()
        client.loop_stop()


def events(journal: Journal) -> list[Tracked]:
    """Return the events in the journal as the runner reads them."""
    return [one for entry in entries(journal) for one in decode(entry.route, entry.body, entry.received_at).events]


def refused(journal: Journal) -> list[Refused]:
    return [one for entry in entries(journal) for one in decode(entry.route, entry.body, entry.received_at).refused]


def entries(journal: Journal) -> list[Entry]:
    return journal.read(0, 1_000_000, 1 << 30) if journal.head else []


def numbers(journal: Journal) -> set[object]:
    return {one.properties.get("n") for one in events(journal)}


def test_messages_become_events_and_bad_ones_go_to_quarantine(broker: Server, journal: Journal) -> None:
    with started(broker.port, journal.append_now) as one, publisher(broker.port) as publish:
        wait_until(lambda: one.health().connected)
        publish("store/oslo/sensor/7/door", b'{"id": 1, "n": 1, "at": "2026-01-01T00:00:00Z"}')
        publish("store/oslo/sensor/7/door", b"{broken \xff")
        publish("lamp/9", b"21.5")
        wait_until(lambda: len(events(journal)) == 2 and len(refused(journal)) == 1, what=str(one.health()))
        found = {event.name: event for event in events(journal)}
        assert found["door"].identifiers == (("device_id", "7"),)
        assert found["door"].properties == {"n": 1, "store": "oslo"}
        assert found["lamp"].properties == {"value": 21.5}
        bad = refused(journal)[0]
        assert bad.reason == "the payload is not JSON"
        assert msgspec.json.decode(bad.row)["properties"] == {
            "topic": "store/oslo/sensor/7/door",
            "payload": "{broken \\xff",
        }
        tallies = one.health().tallies
        assert (tallies["received"], tallies["events"], tallies["refused"]) == (3, 2, 1)
        assert {entry.source for entry in entries(journal)} == {"mqtt:shop"}


def test_a_retained_value_of_the_past_is_no_event(broker: Server, journal: Journal) -> None:
    with publisher(broker.port) as publish:
        client = paho.Client(CallbackAPIVersion.VERSION2, "retainer")
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        client.publish("lamp/1", b"5", qos=1, retain=True).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()
        with started(broker.port, journal.append_now) as one:
            wait_until(lambda: one.health().tallies.get("retained") == 1, what=str(one.health()))
            publish("lamp/1", b"6")
            wait_until(lambda: len(events(journal)) == 1)
    assert [event.properties["value"] for event in events(journal)] == [6]


def test_nothing_is_lost_when_the_broker_is_killed_and_comes_back(broker: Server, journal: Journal) -> None:
    def say(publish: Callable[[str, bytes], object], numbers: range) -> None:
        for n in numbers:
            publish("store/oslo/sensor/7/step", msgspec.json.encode({"id": n, "n": n}))

    with started(broker.port, journal.append_now) as one, publisher(broker.port) as publish:
        wait_until(lambda: one.health().connected)
        say(publish, range(200))
        wait_until(lambda: len(numbers(journal)) == 200, what=str(one.health()))
        broker.kill()
        wait_until(lambda: not one.health().connected)
        assert "connection" in one.health().error
        say(publish, range(200, 300))
        broker.start()
        wait_until(lambda: one.health().connected, what=str(one.health()))
        say(publish, range(300, 400))
        wait_until(lambda: len(numbers(journal)) == 400, 30, what=str(one.health()))
    assert numbers(journal) == set(range(400))
    told = events(journal)
    assert len({event.id for event in told}) == 400
    assert one.health().tallies["connects"] >= 2


def test_the_broker_keeps_what_comes_while_the_subscriber_is_away(broker: Server, journal: Journal) -> None:
    with started(broker.port, journal.append_now) as one:
        wait_until(lambda: one.health().connected)
    with publisher(broker.port) as publish:
        for n in range(50):
            publish("store/oslo/sensor/7/step", msgspec.json.encode({"id": n, "n": n})).wait_for_publish(10)
        broker.stop()
        broker.start()
        with started(broker.port, journal.append_now):
            wait_until(lambda: len(numbers(journal)) == 50)


def test_what_is_not_durable_is_not_acknowledged_and_comes_again(broker: Server, journal: Journal) -> None:
    held = threading.Event()

    def refuse(route: str, source: str, body: bytes) -> int:
        held.set()
        raise Overloaded("full", retry_after_s=1)

    with publisher(broker.port) as publish:
        with started(broker.port, refuse) as one:
            wait_until(lambda: one.health().connected)
            for n in range(30):
                publish("store/oslo/sensor/7/step", msgspec.json.encode({"id": n, "n": n})).wait_for_publish(10)
            assert held.wait(10)
        assert not entries(journal)
        with started(broker.port, journal.append_now) as one:
            wait_until(lambda: len(numbers(journal)) == 30, what=str(one.health()))
            assert one.health().tallies["redelivered"] > 0


def test_a_message_without_id_or_time_counts_once_when_the_connection_breaks(broker: Server, journal: Journal) -> None:
    fail = threading.Event()

    def sometimes(route: str, source: str, body: bytes) -> int:
        position = journal.append_now(route, source, body)
        if fail.is_set():
            # Durable, but the answer is lost: the broker dies before it hears the acknowledgement.
            fail.clear()
            broker.kill()
            broker.start()
            time.sleep(0.1)
        return position

    with started(broker.port, sometimes) as one, publisher(broker.port) as publish:
        wait_until(lambda: one.health().connected)
        publish("lamp/1", b"1").wait_for_publish(10)
        wait_until(lambda: len(events(journal)) == 1)
        fail.set()
        publish("lamp/1", b"1")
        wait_until(lambda: not fail.is_set() and one.health().connected and one.health().tallies["connects"] == 2)
        publish("lamp/1", b"1")
        publish("store/oslo/sensor/7/last", b'{"id": "last"}')
        wait_until(lambda: "last" in {event.name for event in events(journal)}, what=str(one.health()))
    # Three readings of the same value are three events, and the one that was delivered twice has one id.
    assert len({event.id for event in events(journal) if event.name == "lamp"}) == 3


def test_a_full_disk_delays_and_loses_nothing(broker: Server, journal: Journal) -> None:
    failures = iter([Transient("the disk is full"), Transient("the disk is full")])

    def append(route: str, source: str, body: bytes) -> int:
        for failure in failures:
            raise failure
        return journal.append_now(route, source, body)

    with started(broker.port, append) as one, publisher(broker.port) as publish:
        wait_until(lambda: one.health().connected)
        publish("lamp/1", b"1")
        wait_until(lambda: len(events(journal)) == 1)
        assert one.health().tallies["delays"] == 2


def test_a_password_that_is_not_there_is_told_at_the_start() -> None:
    settings = {"shop": {"host": "x", "username": "u", "password_env": "NO_SUCH_VARIABLE", "topics": TOPICS}}
    with pytest.raises(InvalidDefinition, match="NO_SUCH_VARIABLE"):
        Subscriber("shop", brokers_of(settings)["shop"], lambda *_: 1)
