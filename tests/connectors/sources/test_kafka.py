"""The Kafka source against a real broker: offsets are ours, and every failure has its name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from coterie.connectors.secrets import expanded
from coterie.connectors.sources.failures import Absent, CredentialsRefused, Unreachable
from coterie.connectors.sources.kafka import Config, open_source
from coterie.connectors.sources.kafka.topic import Topic
from coterie.connectors.sources.kinds import Setting, kind_of
from coterie.connectors.sources.source import Page
from coterie.errors import InvalidDefinition
from coterie.segments.parse.folder import form_of
from tests.connectors.sources.contract import keeps_order, pages, refuses, rows_of
from tests.kafka import PASSWORD, USER, Broker
from tests.servers import running, wait_until

MANY = 300


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(Broker(tmp_path_factory.mktemp("kafka"))) as server:
        assert isinstance(server, Broker)
        yield server


def opened(broker: Broker, topic: str, **more: Any) -> Topic:
    said = {"brokers": broker.address, "topic": topic, "messages_max": 40, **more}
    config = form_of(Config, said)
    return open_source(
        expanded(config, {"KAFKA_PASSWORD": PASSWORD, "WRONG": "wrong"}),
        Setting(name="shop", root=Path(), folder=Path()),
    )


def numbered(numbers: range, **more: object) -> list[bytes]:
    return [msgspec.json.encode({"n": n, **more}) for n in numbers]


def told(found: list[Page], column: str) -> list[Any]:
    return [
        page.chunk.columns[column].at(place)
        for page in found
        for place in range(len(page.chunk.numbers))
        if page.chunk.columns
    ]


def test_a_message_is_a_row_with_its_place_key_time_and_headers(broker: Broker) -> None:
    topic = broker.topic("rows")
    broker.send(
        topic,
        [b'{"card": {"number": 7}}', b"21.5"],
        key=b"ada",
        headers=[("trace", b"t-1")],
        timestamp=1_767_225_600_000,
    )
    (page,) = pages(opened(broker, topic), until=2)
    first = msgspec.json.decode(page.chunk.row(0))
    assert first.pop("$timestamp") == "2026-01-01T00:00:00Z"
    assert first == {
        "card.number": 7, "$id": "shop/0/0/1767225600000", "$key": "ada", "$topic": "rows", "$partition": 0, "$offset": 0,
        "$headers.trace": "t-1",
    }  # fmt: skip
    assert msgspec.json.decode(page.chunk.row(1))["value"] == 21.5
    assert page.chunk.id_column == "$id"
    assert (page.position, page.place, page.done) == ({"offsets": {"0": 2}}, "rows, partition 0", 1.0)


def test_what_is_no_json_stays_whole_and_a_tombstone_is_told(broker: Broker) -> None:
    topic = broker.topic("bad")
    broker.send(topic, [b"{broken \xff", b"\x00\x00\x00\x00\x07avro", None, b'{"n": 1}'], key=b"k")
    (page,) = pages(opened(broker, topic), until=2)
    assert [(number, text) for number, text, _ in page.chunk.broken] == [
        (0, "{broken \\xff"),
        (1, "\x00\x00\x00\x00\x07avro"),
    ]
    assert "shop/0/0/" in page.chunk.broken[0][2]
    assert "schema registry" in page.chunk.broken[1][2]
    assert told([page], "$deleted") == [True, None]
    assert list(page.chunk.numbers) == [2, 3]


def test_stops_lose_and_double_nothing(broker: Broker) -> None:
    topic = broker.topic("order")
    broker.send(topic, numbered(range(MANY)))
    keeps_order(lambda: opened(broker, topic), MANY, rounds=2)


def test_stops_lose_and_double_nothing_in_many_partitions(broker: Broker) -> None:
    topic = broker.topic("partitions", 3)
    for partition in range(3):
        broker.send(topic, numbered(range(100), p=partition), partition=partition)
    position: Any = {}
    kept: list[tuple[int, int]] = []
    while len(kept) < 300:
        source = opened(broker, topic)
        for number, page in enumerate(source.read(position)):
            kept += zip(told([page], "p"), told([page], "n"), strict=True)
            position = msgspec.json.decode(msgspec.json.encode(page.position))
            if number == 2:
                break
        source.close()
    assert [n for p, n in kept if p == 1] == list(range(100))
    assert sorted(kept) == [(p, n) for p in range(3) for n in range(100)]


def test_partitions_that_are_added_are_read_from_their_beginning(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coterie.connectors.sources.kafka.topic.PARTITIONS_EVERY_S", 0.2)
    topic = broker.topic("growing")
    broker.send(topic, numbered(range(5)))
    source = opened(broker, topic, start="latest")
    admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})
    seen: list[int] = []
    grown = False
    until = time.monotonic() + 20
    for page in source.read({}):
        seen += told([page], "n")
        if not grown:
            admin.create_partitions([NewPartitions(topic, 2)])[topic].result(10)
            wait_until(lambda: len(admin.list_topics(topic, 5).topics[topic].partitions) == 2)
            broker.send(topic, numbered(range(5, 8)), partition=1)
            grown = True
        if len(seen) >= 3:
            break
        assert time.monotonic() < until
    assert seen == [5, 6, 7]
    assert page.position == {"offsets": {"0": 5, "1": 3}}


def test_the_first_reading_begins_where_it_was_told(broker: Broker) -> None:
    topic = broker.topic("begin")
    broker.send(topic, numbered(range(3)), timestamp=1_767_225_600_000)
    broker.send(topic, numbered(range(3, 5)), timestamp=1_767_312_000_000)
    assert told(pages(opened(broker, topic, start="2026-01-01T12:00:00Z"), until=2), "n") == [3, 4]
    assert told(pages(opened(broker, topic, start="2026-01-03"), until=0), "n") == []
    latest = pages(opened(broker, topic, start="latest"))
    assert latest[-1].position == {"offsets": {"0": 5}}


def test_what_was_rolled_back_is_never_seen(broker: Broker) -> None:
    topic = broker.topic("transactions")
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": "t", "log_level": 0})
    producer.init_transactions(30)
    for number, end in enumerate(
        (producer.commit_transaction, producer.abort_transaction, producer.commit_transaction)
    ):
        producer.begin_transaction()
        producer.produce(topic, numbered(range(number, number + 1))[0])
        end(30)
    found = pages(opened(broker, topic))
    assert told(found, "n") == [0, 2]
    assert found[-1].done == 1.0


def test_offsets_that_retention_took_are_an_error_not_a_gap(broker: Broker) -> None:
    topic = broker.topic("short")
    broker.send(topic, numbered(range(20)))
    admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})
    [gone] = admin.delete_records([TopicPartition(topic, 0, 15)]).values()
    gone.result(10)
    error = refuses(
        Absent, lambda: pages(opened(broker, topic), {"offsets": {"0": 1}}), "partition 0 holds the offsets"
    )
    assert "retention" in error.hint
    # Whoever begins anew reads what is left.
    assert told(pages(opened(broker, topic), until=5), "n") == [15, 16, 17, 18, 19]


def test_every_failure_has_its_name(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = broker.topic("locked")
    broker.send(topic, numbered(range(1)))
    door = {"brokers": f"127.0.0.1:{broker.locked}", "username": USER}
    source = opened(broker, topic, **door, password="${KAFKA_PASSWORD}")
    assert source.look().rows == 1
    assert len(rows_of(pages(source, until=1))) == 1
    refuses(
        CredentialsRefused, lambda: opened(broker, topic, **door, password="${WRONG}").look(), "Authentication failed"
    )
    refuses(
        CredentialsRefused, lambda: pages(opened(broker, topic, **door, password="${WRONG}")), "Authentication failed"
    )
    refuses(Absent, lambda: opened(broker, "nowhere").look(), "nowhere")
    refuses(Absent, lambda: pages(opened(broker, "nowhere")), "nowhere")
    monkeypatch.setattr("coterie.connectors.sources.kafka.topic.ANSWER_S", 1.0)
    refuses(Unreachable, lambda: opened(broker, topic, brokers="127.0.0.1:1").look(), "127.0.0.1:1")


def test_a_broker_that_dies_is_told_and_comes_back(tmp_path: Path) -> None:
    with running(Broker(tmp_path)) as broker:
        assert isinstance(broker, Broker)
        topic = broker.topic("phoenix")
        broker.send(topic, numbered(range(10)))
        source = opened(broker, topic)
        reading = source.read({})
        first = next(page for page in reading if len(page.chunk.numbers))
        broker.kill()
        with pytest.raises(Unreachable):
            for _ in reading:
                pass
        source.close()
        broker.start()
        broker.send(topic, numbered(range(10, 20)))
        again = opened(broker, topic)
        assert told(pages(again, first.position, until=10), "n") == list(range(10, 20))
        again.close()


def test_a_file_is_read_with_every_problem_at_once() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        form_of(Config, {"topic": "t", "start": "yesterday", "password": "plain", "messages_max": 0})
    text = str(caught.value)
    assert all(word in text for word in ("brokers", "start", "messages_max", "a secret does not stand in a file"))
    assert kind_of("kafka").continuous
