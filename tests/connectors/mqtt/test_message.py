"""Topics and payloads become events, or say what is wrong with them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from coterie.connectors.sources.mqtt.message import Rules
from coterie.connectors.sources.mqtt.section import Broker, brokers_of
from coterie.connectors.sources.mqtt.topic import topic_of
from coterie.connectors.sources.tracking.decoding import decode
from coterie.errors import InvalidDefinition, Problem
from tests.docs.blocks import ROOT, blocks

SENSOR: dict[str, Any] = {
    "topic": "store/{store}/sensor/{device_id}/{event}",
    "identifiers": {"device_id": "{device_id}"},
    "timestamp": "at",
}


def rules(*routes: dict[str, Any]) -> Rules:
    return Rules("shop", brokers_of({"shop": {"host": "localhost", "topics": list(routes)}})["shop"])


def test_a_topic_asks_for_a_filter_and_gives_its_parts() -> None:
    topic = topic_of("store/{store}/sensor/{device_id}/{event}")
    assert topic.filter == "store/+/sensor/+/+"
    assert topic.match("store/oslo/sensor/7/door") == {"store": "oslo", "device_id": "7", "event": "door"}
    assert topic.match("store/oslo/lamp/7/door") is None
    assert topic.match("store/oslo/sensor/7/door/x") is None
    assert topic_of("a/{x}/#").match("a/1/2/3") == {"x": "1"}
    assert topic_of("a/+/{x}").match("a/1/2") == {"x": "2"}


@pytest.mark.parametrize("text", ["a/{b}c", "#/a", "a/{x}/{x}", "a/{payload}", "a/{X}"])
def test_a_topic_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        topic_of(text)


def test_an_object_gives_properties_identifiers_and_the_instant() -> None:
    event = rules(SENSOR).read("store/oslo/sensor/7/door", b'{"open": true, "at": 1767225600.5}').event
    assert event["event"] == "door"
    assert event["context"] == {"externalIds": [{"id": "7", "type": "device_id"}]}
    assert event["timestamp"] == "2026-01-01T00:00:00.500000Z"
    assert event["properties"] == {"open": True, "store": "oslo"}


@pytest.mark.parametrize("at", [1767225600, 1767225600000, 1767225600000000, '"2026-01-01T00:00:00Z"'])
def test_every_unit_of_time_is_understood_and_decodes_to_the_same_instant(at: object) -> None:
    event = rules(SENSOR).read("store/oslo/sensor/7/door", f'{{"at": {at}}}'.encode()).event
    decoded = decode("batch", msgspec.json.encode({"batch": [event]}), 1_800_000_000_000_000)
    assert [(one.name, one.occurred_at, one.identifiers) for one in decoded.events] == [
        ("door", 1_767_225_600_000_000, (("device_id", "7"),))
    ]


def test_a_scalar_is_one_property_and_a_text_needs_no_json() -> None:
    plain = {"topic": "lamp/{id}", "event": "lamp", "identifiers": {"device_id": "{id}"}, "value": "level"}
    assert rules(plain).read("lamp/3", b"21.5").event["properties"] == {"level": 21.5}
    assert rules({**plain, "payload": "text"}).read("lamp/3", b"ON").event["properties"] == {"level": "ON"}


def test_texts_may_reach_into_the_payload() -> None:
    card = {
        "topic": "till/{store}",
        "event": "store_visit",
        "identifiers": {"loyalty_card": "{payload.card.number}", "user_id": "u-{payload.user}"},
        "properties": {"store": "{store}", "place": "{store}-{payload.lane}", "lane": "{payload.lane}"},
        "message_id": "id",
    }
    event = rules(card).read("till/oslo", b'{"card": {"number": "42"}, "user": 9, "lane": 3, "id": "x"}').event
    assert event["userId"] == "u-9"
    assert event["context"]["externalIds"] == [{"id": "42", "type": "loyalty_card"}]
    assert event["properties"]["place"] == "oslo-3"
    assert event["properties"]["lane"] == 3


def test_the_id_is_the_messages_own_or_made_of_its_content() -> None:
    one = rules({**SENSOR, "message_id": "id"})
    first = one.read("store/a/sensor/1/door", b'{"id": 5, "n": 1}')
    again = one.read("store/a/sensor/1/door", b'{"id": 5, "n": 2}')
    assert first.lasting
    assert first.event["messageId"] == again.event["messageId"]
    stamped = rules(SENSOR)
    ids = {stamped.read("store/a/sensor/1/door", body).event["messageId"] for body in (b'{"at": 1}', b'{"at": 2}')}
    assert len(ids) == 2
    assert not stamped.read("store/a/sensor/1/door", b"1").lasting


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"{", "the payload is not JSON"),
        (b"\xff\xfe", "the payload is not JSON"),
        (b'{"at": true}', "not an instant"),
        (b'{"at": -1}', "not an instant"),
    ],
)
def test_a_bad_payload_says_why(payload: bytes, what: str) -> None:
    with pytest.raises(Problem) as told:
        rules(SENSOR).read("store/oslo/sensor/7/door", payload)
    assert told.value.what == what


def test_a_section_tells_every_mistake() -> None:
    with pytest.raises(InvalidDefinition) as told:
        brokers_of(
            {
                "a": {
                    "host": "x",
                    "topics": [{"topic": "a/{device}", "event": "{evnt}", "identifiers": {"d": "{devise}"}}],
                },
                "b": {"host": "x", "port": 99_999_999, "topics": [SENSOR]},
                "Not a key": {},
                "c": {"host": "x", "topics": [{**SENSOR, "colour": 1}]},
            }
        )
    text = str(told.value)
    assert len(told.value.problems) == 5
    assert "did you mean 'device'?" in text
    assert "coterie.yaml: mqtt.a.topics[0].event" in text


def test_a_broker_has_defaults() -> None:
    broker = brokers_of({"shop": {"host": "localhost", "topics": [SENSOR]}})["shop"]
    assert isinstance(broker, Broker)
    assert (broker.port, broker.tls, broker.topics[0].payload) == (1883, False, "json")


def test_the_settings_of_the_page_are_valid_and_do_what_it_says() -> None:
    (told,) = [yaml.safe_load(block.text) for block in blocks(ROOT / "docs" / "devices.md") if block.language == "yaml"]
    made = Rules("shop-floor", brokers_of(told["mqtt"])["shop-floor"])
    door = made.read("store/oslo/sensor/7/door", b'{"id": "m-1", "at": 1767225600, "open": true}').event
    assert (door["event"], door["properties"]) == ("door", {"store": "oslo", "open": True})
    receipt = made.read("till/oslo/receipt", b'{"card": {"number": "47"}, "total": 12.5, "at": 1767225600}').event
    assert receipt["context"]["externalIds"] == [{"id": "47", "type": "loyalty_card"}]
    assert made.read("lamp/3/state", b"ON").event["properties"] == {"state": "ON"}
