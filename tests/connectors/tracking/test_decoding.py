"""Every call of the Segment spec becomes the event it means, and what cannot be taken says why."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from coterie.connectors.sources.tracking import ALIAS, Decoded, Options, Tracked, decode
from coterie.limits import DEFAULT

RECEIVED = 1_780_000_000_000_000
STAMP = "2026-05-28T20:26:40.000Z"
"""RECEIVED as clients write it."""


def one(route: str, call: dict[str, Any], **more: Any) -> Tracked:
    decoded = decode(route, json.dumps(call).encode(), RECEIVED, **more)
    assert not decoded.refused, decoded.refused
    (event,) = decoded.events
    return event


def batch(*calls: Any, route: str = "batch", position: int = 0, **top: Any) -> Decoded:
    return decode(route, json.dumps({"batch": calls, **top}).encode(), RECEIVED, position=position)


def why(call: Any, **top: Any) -> tuple[str, str]:
    decoded = batch(call, **top)
    assert not decoded.events
    (refused,) = decoded.refused
    return refused.reason, refused.where


ADA = {"userId": "ada", "messageId": "m1"}


def test_track_is_an_event_under_its_name() -> None:
    event = one(
        "track", {**ADA, "event": "Order Completed", "properties": {"total": 12.5, "address": {"city": "Oslo"}}}
    )
    assert event == Tracked(
        "m1", "Order Completed", (("user_id", "ada"),), RECEIVED, {"total": 12.5, "address.city": "Oslo"}
    )


def test_page_and_screen_carry_name_and_category() -> None:
    page = one("page", {**ADA, "name": "Shoes", "category": "shop", "properties": {"path": "/shoes"}})
    assert (page.name, page.properties) == ("page", {"path": "/shoes", "name": "Shoes", "category": "shop"})
    assert one("screen", {**ADA, "name": "Cart"}).properties == {"name": "Cart"}


def test_identify_sets_traits_and_the_time_zone() -> None:
    event = one("identify", {**ADA, "traits": {"plan": "pro", "age": 30.0}, "context": {"timezone": "Europe/Oslo"}})
    assert event.name == "$identify"
    assert event.properties == {"plan": "pro", "age": 30, "time_zone": "Europe/Oslo"}


def test_traits_in_the_context_of_an_identify_count() -> None:
    told = {**ADA, "context": {"traits": {"plan": "free", "age": 3}}, "traits": {"plan": "pro"}}
    assert one("identify", told).properties == {"plan": "pro", "age": 3}
    assert one("track", {**told, "event": "e"}).properties == {}


def test_mail_and_phone_are_identifiers_where_they_are_configured() -> None:
    told = {**ADA, "traits": {"email": " Ada@Example.com ", "phone": " +47 123"}}
    ada = ("user_id", "ada")
    assert one("identify", told).identifiers == (ada, ("email", "ada@example.com"), ("phone", "+47 123"))
    assert one("identify", told, options=Options(trait_kinds=frozenset({"email"}))).identifiers[1:] == (
        ("email", "ada@example.com"),
    )
    assert one("identify", told, options=Options(trait_kinds=frozenset())).identifiers == (ada,)


def test_group_is_a_trait_of_the_person() -> None:
    event = one("group", {**ADA, "groupId": 42, "traits": {"plan": {"name": "team"}}})
    assert (event.name, event.properties) == ("$set", {"group_id": "42", "group.plan.name": "team"})


def test_alias_names_both_sides() -> None:
    event = one("alias", {"userId": "ada", "previousId": "a-1"})
    assert (event.name, event.identifiers) == (ALIAS, (("user_id", "ada"),))
    assert event.previous == (("user_id", "a-1"), ("anonymous_id", "a-1"))


def test_every_identifier_is_kept_in_order() -> None:
    context = {
        "externalIds": [
            {"id": "4711", "type": "loyalty_card", "collection": "users", "encoding": "none"},
            {"id": "x:1", "type": "with:colon"},
            {"id": None, "type": "empty"},
            "noise",
        ],
        "device": {"id": "d-1", "advertisingId": "ad-1", "type": "ios", "model": "phone"},
    }
    event = one("track", {"userId": 7, "anonymousId": "a", "event": "visit", "context": context})
    assert event.identifiers == (
        ("user_id", "7"), ("anonymous_id", "a"), ("loyalty_card", "4711"), ("device_id", "d-1"), ("advertising_id", "ad-1"),
    )  # fmt: skip
    assert event.properties == {"context.device.type": "ios"}


def test_null_and_blank_ids_are_absent() -> None:
    event = one("track", {"userId": None, "anonymousId": "a", "event": "e", "context": None, "properties": None})
    assert event.identifiers == (("anonymous_id", "a"),)
    assert one("track", {"userId": "", "anonymousId": "a", "event": "e"}).identifiers == (("anonymous_id", "a"),)
    assert why({"type": "track", "event": "e", "userId": " ", "anonymousId": None}) == (
        "identifier is missing",
        "userId",
    )


def test_the_context_stays_without_what_describes_the_sender() -> None:
    context = {
        "library": {"name": "x", "version": "1"},
        "ip": "10.0.0.1",
        "userAgent": "Mozilla",
        "page": {"path": "/a", "referrer": None},
        "campaign": {"name": "spring"},
        "locale": "en-GB",
        "sessionId": 5,
    }
    told = {**ADA, "event": "e", "context": context, "properties": {"a": 1}}
    kept = {"a": 1, "context.page.path": "/a", "context.campaign.name": "spring", "context.locale": "en-GB"}
    assert one("track", told).properties == kept
    more = Options(keep_ip=True, keep_user_agent=True)
    assert one("track", told, options=more).properties == {
        **kept, "context.ip": "10.0.0.1", "context.userAgent": "Mozilla",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["Segment Consent Preference Updated", "Consent Preference Updated"])
def test_consent_becomes_a_record_of_its_own(name: str) -> None:
    context = {"consent": {"categoryPreferences": {"advertising": False, "functional": True, "odd": "x"}}}
    events = batch({"type": "track", "event": name, **ADA, "context": context}).events
    assert [(event.id, event.name) for event in events] == [("m1", name), ("m1#consent", "$set")]
    assert events[1].properties == {"consent.advertising": False, "consent.functional": True}
    assert [e.id for e in batch({"type": "identify", **ADA, "context": context}).events] == ["m1", "m1#consent"]
    assert len(batch({"type": "track", "event": "other", **ADA, "context": context}).events) == 1


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("2026-05-28T20:26:30.000Z", -10),
        ("2026-05-28T20:26:30Z", -10),
        ("2026-05-28t20:26:30z", -10),
        ("2026-05-28 20:26:30.000000+00:00", -10),
        ("2026-05-28T20:26:30.123456+00:00", -9.876544),
        ("2026-05-28T22:26:30.5+02:00", -9.5),
        ("2026-05-28T22:26:30.123456789+0200", -9.876544),
        ("2026-05-28T14:56:30-05:30", -10),
        ("2026-05-28T20:26:30", -10),
        ("2026-05-28T20:25:60Z", -40),
        ("2026-05-28", -73_600),
        (1_779_999_990_000, -10),
        (1_779_999_990_000.5, -9.9995),
        ("1779999990000", -10),
    ],
)
def test_instants_in_every_spelling(told: Any, seconds: float) -> None:
    for _ in range(2):
        event = one("track", {**ADA, "event": "e", "timestamp": told})
        assert event.occurred_at == RECEIVED + round(seconds * 1_000_000)


@pytest.mark.parametrize(
    "told",
    ["yesterday", "2026-13-01T00:00:00Z", "2026-05-28T25:00:00Z", 1_779_999_990, -5, "2026-05-28T20:26:30+99:00"],
)
def test_what_is_no_instant_is_refused(told: Any) -> None:
    assert why({"type": "track", "event": "e", **ADA, "timestamp": told}) == ("not an instant", "timestamp")


def test_the_clock_of_the_client_is_corrected_by_when_it_sent() -> None:
    slow = {"type": "track", "event": "e", **ADA, "timestamp": "2026-05-28T18:00:00.000Z"}
    assert batch(slow, sentAt="2026-05-28T18:00:07.000Z").events[0].occurred_at == RECEIVED - 7_000_000
    assert (
        batch({**slow, "sentAt": "2026-05-28T18:00:09Z"}, sentAt="2020-01-01").events[0].occurred_at
        == RECEIVED - 9_000_000
    )
    ahead = {"type": "track", "event": "e", **ADA, "originalTimestamp": "2030-01-01T00:00:00Z", "timestamp": STAMP}
    assert batch(ahead, sentAt="2030-01-01T00:00:01Z").events[0].occurred_at == RECEIVED - 1_000_000
    assert batch({**slow, "timestamp": STAMP}, sentAt="nonsense").events[0].occurred_at == RECEIVED


def test_a_little_ahead_is_now_and_far_ahead_is_refused() -> None:
    told = {"type": "track", "event": "e", **ADA}
    assert batch({**told, "timestamp": "2026-05-28T20:31:40Z"}).events[0].occurred_at == RECEIVED
    assert why({**told, "timestamp": "2026-05-28T20:31:41Z"}) == ("lies in the future", "timestamp")
    assert why({**told, "timestamp": "0001-01-01T00:00:00Z"}, sentAt="9999-01-01T00:00:00Z")[0] == "not an instant"


def test_an_event_without_an_id_gets_the_same_one_every_time() -> None:
    calls = [{"type": "track", "event": "e", "userId": "ada"}] * 2
    first, again = batch(*calls, position=77), batch(*calls, position=77)
    assert [e.id for e in first.events] == ["coterie:77:0", "coterie:77:1"] == [e.id for e in again.events]
    assert batch(*calls, position=78).events[0].id != first.events[0].id


def test_an_id_cannot_look_like_one_of_our_rows() -> None:
    assert one("track", {"userId": "a", "event": "e", "messageId": "x#merge0"}).id == "x%23merge0"


def test_an_id_twice_in_one_request_counts_once() -> None:
    decoded = batch(*[{"type": "track", "event": f"e{n}", **ADA} for n in range(3)])
    assert [event.name for event in decoded.events] == ["e0"]
    assert decoded.duplicates == 2


@pytest.mark.parametrize(
    ("call", "reason", "where"),
    [
        ({"type": "track", **ADA}, "event name is missing", "event"),
        ({"type": "track", "event": "$merge", **ADA}, "event name is reserved", "event"),
        ({"type": "track", "event": 7, **ADA}, "wrong type", "event"),
        ({"type": "track", "event": "e", "userId": {"a": 1}}, "wrong type", "userId"),
        ({"type": "track", "event": "e", "userId": True}, "wrong type", "userId"),
        ({"type": "track", "event": "e", **ADA, "properties": [1]}, "wrong type", "properties"),
        ({"type": "track", "event": "e", **ADA, "context": "x"}, "wrong type", "context"),
        ({"type": "track", "event": "e", "userId": "x" * 600}, "identifier is too long", "userId"),
        ({"type": "track", "event": "e", "userId": "a", "messageId": "x" * 600}, "identifier is too long", "messageId"),
        ({"type": "track", "event": "e"}, "identifier is missing", "userId"),
        ({"type": "click", **ADA}, "unknown type", "type"),
        (ADA, "unknown type", "type"),
        ({"type": "group", **ADA}, "group id is missing", "groupId"),
        ({"type": "alias", "previousId": "a", "anonymousId": "b"}, "alias is incomplete", "userId"),
        ({"type": "alias", "userId": "a"}, "alias is incomplete", "previousId"),
        ("text", "not an object", ""),
        (None, "not an object", ""),
        ({"type": "track", "event": "e", **ADA, "properties": {"x": "y" * 33_000}}, "event is too large", ""),
    ],
)
def test_refusals_say_what_and_where(call: Any, reason: str, where: str) -> None:
    assert why(call) == (reason, where)


def test_a_refusal_holds_the_event_and_spares_its_neighbours() -> None:
    good = {"type": "track", "event": "e", "userId": "ada"}
    decoded = batch({**good, "messageId": "a"}, {**good, "messageId": "b", "event": 5}, {**good, "messageId": "c"})
    assert [event.id for event in decoded.events] == ["a", "c"]
    (refused,) = decoded.refused
    assert (refused.index, refused.id, refused.received, refused.allowed) == (1, "b", "5", "text")
    assert json.loads(refused.row) == {**good, "messageId": "b", "event": 5}
    assert refused.detail == "event: 5; allowed: text"


def test_nesting_is_bounded() -> None:
    told: Any = 1
    for _ in range(8):
        told = {"a": told}
    assert one("track", {**ADA, "event": "e", "properties": told}).properties == {"a.a.a.a.a.a.a.a": 1}
    assert why({"type": "track", "event": "e", **ADA, "properties": {"a": told}})[0] == "nested too deep"
    lists: Any = 1
    for _ in range(700):
        lists = [lists]
    assert why({"type": "track", "event": "e", **ADA, "properties": {"a": lists}})[0] == "nested too deep"


def test_values_are_normal() -> None:
    told = {
        "whole": 2.0,
        "huge": 10**30,
        "beyond": 10**400,
        "list": [1.0, {"b": 1, "a": 2.0}],
        "point": {"lat": 1.5, "lon": 2.0},
    }
    properties = one("track", {**ADA, "event": "e", "properties": told}).properties
    assert properties == {
        "whole": 2, "huge": 1e30, "beyond": None, "list": [1, {"a": 2, "b": 1}], "point": {"lat": 1.5, "lon": 2},
    }  # fmt: skip
    assert [type(properties[key]) for key in ("whole", "huge")] == [int, float]


def test_a_body_that_is_no_batch_is_one_refusal() -> None:
    for body in (b"", b"[]", b"{}", b'{"batch": 1}', b"\xff", b'{"batch": [', b"[" * 100_000):
        decoded = decode("batch", body, RECEIVED)
        assert (decoded.events, len(decoded.refused)) == ([], 1)


def test_a_large_batch_of_small_events_is_read_whole() -> None:
    calls = [
        {"type": "track", "event": "e", "userId": "a", "messageId": str(n), "properties": {"x": "y" * 300}}
        for n in range(500)
    ]
    assert len(batch(*calls).events) == 500


def test_limits_are_parameters() -> None:
    small = msgspec.structs.replace(DEFAULT, event_bytes_max=50)
    decoded = decode("track", json.dumps({**ADA, "event": "e" * 50}).encode(), RECEIVED, small)
    assert decoded.refused[0].allowed == "at most 50 bytes"
