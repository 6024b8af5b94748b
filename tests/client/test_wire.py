"""What the clients decide without a server: when to try again, what to say, how a stream is read."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from coterie.client import asks
from coterie.client.events import BYTES_MAX, EVENTS_MAX, Buffer, event_of
from coterie.client.wire import Ask, Lines, Refused, answer_of, pause, query_of
from coterie.errors import LimitExceeded, Problem

READ: Ask[object] = Ask(method="GET", path="/v1/x", answer=object)
MAKE: Ask[object] = Ask(method="POST", path="/v1/keys", answer=object, again=False)


def test_what_can_help_is_tried_again() -> None:
    assert pause(READ, 0, httpx.Response(200)) is None
    assert pause(READ, 0, httpx.Response(404)) is None
    assert pause(READ, 0, httpx.Response(500)) is None
    assert pause(READ, 0, httpx.Response(429, headers={"retry-after": "7"})) == 7.0
    assert pause(READ, 0, httpx.Response(503, headers={"retry-after": "9999"})) == 60.0
    first, fourth = pause(READ, 0, None), pause(READ, 3, httpx.Response(504))
    assert first is not None
    assert fourth is not None
    assert 0.1 <= first <= 0.2
    assert 0.8 <= fourth <= 1.6
    assert pause(READ, 6, None) is None


def test_what_may_have_been_done_is_not_done_twice() -> None:
    assert pause(MAKE, 0, None) is None
    assert pause(MAKE, 0, httpx.Response(504)) is None
    assert pause(MAKE, 0, httpx.Response(429)) is not None
    assert pause(MAKE, 0, httpx.Response(503)) is not None


def test_a_refusal_is_told_with_every_problem() -> None:
    body = {
        "error": {
            "type": "invalid_definition",
            "message": "2 problems",
            "hint": "look",
            "problems": [{"message": "a", "where": "when"}],
        }
    }
    with pytest.raises(Refused) as caught:
        answer_of(READ, httpx.Response(422, json=body))
    assert caught.value.status == 422
    assert caught.value.type == "invalid_definition"
    assert "when: a" in str(caught.value)
    assert caught.value.hint == "look"
    with pytest.raises(Refused, match="gateway"):
        answer_of(READ, httpx.Response(502, text="bad gateway"))
    with pytest.raises(Refused):
        answer_of(READ, httpx.Response(500, json=[1]))


def test_ids_are_escaped_in_paths() -> None:
    ask = asks.profile("a/b:ö?", outlook=True, identifiers=False, after="latest")
    assert ask.path == "/v1/profiles/a%2Fb%3A%C3%B6%3F"
    assert ask.query == {"include": "outlook", "after": "latest"}
    assert query_of(a=0, b=False, c=None, d="") == {"a": "0", "b": "false"}


@pytest.mark.parametrize("text", ["key: vip\nwhen: {}\n", "title: x\nkey: 'vip' # ours\n", '# c\nkey: "vip"\n'])
def test_the_key_of_a_definition_is_found(text: str) -> None:
    assert asks.put_segment(text, dry_run=False).path == "/v1/segments/vip"
    assert asks.put_segment({"key": "vip"}, dry_run=True).query == {"dry_run": "true"}


def test_events_are_of_somebody_and_of_an_instant() -> None:
    told = event_of(
        "track",
        user_id="ada",
        anonymous_id=None,
        at=datetime(2026, 3, 1, tzinfo=UTC),
        message_id=None,
        context=None,
        event="x",
    )
    assert told["timestamp"] == "2026-03-01T00:00:00+00:00"
    assert told["messageId"]
    assert "anonymousId" not in told
    with pytest.raises(Problem, match="nobody"):
        event_of("track", user_id=None, anonymous_id=None, at=None, message_id=None, context=None)
    with pytest.raises(Problem, match="time zone"):
        event_of("track", user_id="a", anonymous_id=None, at=datetime(2026, 3, 1), message_id=None, context=None)


def test_a_buffer_is_sent_in_batches_that_the_server_takes() -> None:
    buffer = Buffer()
    for number in range(EVENTS_MAX + 5):
        buffer.add({"n": number})
    assert buffer.full
    first = buffer.take()
    assert len(first) == EVENTS_MAX
    buffer.put_back(first)
    assert [len(buffer.take()), len(buffer.take()), len(buffer.take())] == [EVENTS_MAX, 5, 0]
    large = Buffer()
    for _ in range(4):
        large.add({"text": "x" * (BYTES_MAX // 3)})
    assert large.full
    assert [len(large.take()), len(large.take())] == [2, 2]
    with pytest.raises(LimitExceeded):
        large.add({"text": "x" * BYTES_MAX})


def test_lines_become_changes_and_remember_where_they_are() -> None:
    lines = Lines(None)
    assert lines.headers() == {"accept": "text/event-stream"}
    data = '{"sequence":7,"segment":"s","version":1,"profile":"p","direction":"entered","at":"2026-03-01T00:00:00Z","cause":"event"}'
    told = [
        change
        for line in ("retry: 1000", "", ": still here", "", "id: 7", "event: change", f"data: {data}", "")
        for change in lines.take(line)
    ]
    assert [change.profile for change in told] == ["p"]
    assert lines.headers()["last-event-id"] == "7"
    assert not list(lines.take(f"data: {data}"))
    lines.drop()
    assert not list(lines.take(""))


def test_a_stream_that_was_silent_goes_on_where_it_was() -> None:
    lines = Lines(None)
    for line in ("retry: 1000", "id: 40", "", ": still here", "id: 44", "", "id: 45", "event: change"):
        assert not list(lines.take(line))
    assert lines.last == 44
    lines.drop()
    assert lines.headers()["last-event-id"] == "44"
