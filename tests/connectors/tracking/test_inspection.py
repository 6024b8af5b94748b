"""What is told to the sender before the request is stored agrees with what the runner does afterwards."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.connectors.sources.tracking import check, decode, inspect
from coterie.errors import Problem
from coterie.limits import DEFAULT

NOW = 1_780_000_000_000_000


def told(*calls: Any, **top: Any) -> bytes:
    return json.dumps({"batch": calls, **top}).encode()


def test_the_key_is_found_at_the_top_or_in_the_first_event() -> None:
    good = {"type": "track", "event": "e", "userId": "a"}
    assert inspect("batch", told(good, writeKey="top")).write_key == "top"
    assert inspect("batch", told({**good, "writeKey": "inside"})).write_key == "inside"
    assert inspect("batch", told({**good, "writeKey": "inside", "event": 5})).write_key == "inside"
    assert inspect("track", json.dumps({**good, "writeKey": "single"}).encode()).write_key == "single"
    assert inspect("batch", told(good)).write_key == ""
    assert inspect("batch", told()).events == 0


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"1", b"{}", b'{"batch": 5}', b'{"batch": [}'])
def test_what_is_no_batch_is_a_problem(body: bytes) -> None:
    with pytest.raises(Problem):
        inspect("batch", body)


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"1"])
def test_what_is_no_event_is_a_problem(body: bytes) -> None:
    with pytest.raises(Problem):
        inspect("track", body)


def test_too_many_events_are_a_problem() -> None:
    limits = msgspec.structs.replace(DEFAULT, batch_events_max=2)
    with pytest.raises(Problem, match="too many events"):
        inspect("batch", told(*[{"type": "track", "event": "e", "userId": "a"}] * 3), limits)


def test_an_event_of_the_future_is_told_also_where_the_clock_is_corrected() -> None:
    late = {"type": "track", "event": "e", "userId": "a", "timestamp": "2026-05-28T21:26:40Z"}
    assert [one.reason for one in check("batch", told(late), now=NOW)] == ["lies in the future"]
    assert check("batch", told(late, sentAt="2026-05-28T21:26:41Z"), now=NOW) == []
    assert len(check("batch", told(late, sentAt="2026-05-28T20:00:00Z"), now=NOW)) == 1
    assert check("batch", told({**late, "sentAt": "2026-05-28T21:26:41Z"}), now=NOW) == []


_ids = st.one_of(st.none(), st.text(max_size=3), st.integers(), st.just("ada"))
_calls = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "identify", "page", "screen", "group", "alias", "click", 5])},
    optional={
        "event": st.one_of(st.text(max_size=4), st.integers(), st.just("$set")),
        "userId": _ids,
        "anonymousId": _ids,
        "messageId": _ids,
        "groupId": _ids,
        "previousId": _ids,
        "timestamp": st.one_of(
            st.none(), st.text(max_size=3), st.integers(0, 2 * 10**12),
            st.datetimes().map(lambda t: t.isoformat() + "Z"), st.just("2026-05-28T20:26:40.000Z"),
        ),
        "sentAt": st.one_of(st.none(), st.just("2026-05-28T20:26:41.000Z"), st.text(max_size=2)),
        "properties": st.one_of(st.none(), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2), st.integers()),
        "traits": st.one_of(st.none(), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)),
        "context": st.one_of(st.none(), st.just({"locale": "en"}), st.just("x")),
    },
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(_calls, max_size=4), st.one_of(st.none(), st.just("2026-05-28T20:26:40Z"), st.just(7)))
def test_both_readings_refuse_the_same_events(calls: list[dict[str, Any]], sent: Any) -> None:
    """The quick one lets through only what its docstring names: here, identifiers of blanks."""
    body = told(*calls, sentAt=sent)
    quick = {(one.index, one.reason) for one in check("batch", body, now=NOW)}
    full = {(one.index, one.reason) for one in decode("batch", body, NOW).refused}
    assert quick <= full
    assert {reason for _, reason in full - quick} <= {"identifier is missing"}
