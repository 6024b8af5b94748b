"""The quick way through a batch gives what the thorough way gives, event for event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.connectors.sources.tracking import Decoded, decode
from coterie.connectors.sources.tracking.reading import Reading
from coterie.connectors.sources.tracking.tracked import Refusal

NOW = 1_780_000_000_000_000
STAMPS = ("2026-05-28T20:26:40.000Z", "2026-05-28T20:26:39.999Z", "2026-05-28T20:26:41.000Z", "2026-05-28T20:26:39Z")

ids = st.one_of(st.none(), st.sampled_from(["ada", "bob", " ", "\u00a0", "", "é", "a#b", "x" * 513, 7, 7.0]))
properties = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from("abc"),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=2)),
            lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("xy"), inner, max_size=2)),
            max_leaves=12,
        ),
        max_size=3,
    ),
)  # fmt: skip
contexts = st.sampled_from(
    [
        None, {}, {"library": {"name": "x"}}, {"locale": "en", "page": {"path": "/"}}, {"device": {"id": "d", "type": "ios"}},
        {"externalIds": [{"type": "card", "id": "1"}]}, {"consent": {"categoryPreferences": {"ads": True}}}, "x", 5,
    ]
)  # fmt: skip
calls = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "track", "track", "identify", "page"]),
        "event": st.sampled_from(["e", "$e", "", " ", "é", "\u00a0"]),
    },
    optional={
        "userId": ids,
        "anonymousId": ids,
        "messageId": ids,
        "timestamp": st.one_of(st.none(), st.sampled_from(STAMPS), st.sampled_from(["", "x", 1_779_999_990_000])),
        "originalTimestamp": st.sampled_from([None, STAMPS[0]]),
        "sentAt": st.sampled_from([None, STAMPS[0]]),
        "properties": properties,
        "context": contexts,
    },
)


@settings(max_examples=400, deadline=None)
@given(st.lists(calls, max_size=5), st.sampled_from([None, *STAMPS, "x"]))
def test_both_ways_agree(batch: list[dict[str, Any]], sent: Any) -> None:
    body = json.dumps({"batch": batch, "sentAt": sent}).encode()
    decode("batch", body, NOW)  # now what can be remembered is
    quick = decode("batch", body, NOW, position=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reading, "add_batch", _one_by_one)
        thorough = decode("batch", body, NOW, position=3)
    assert _told(quick) == _told(thorough)


def _one_by_one(self: Reading, batch: Sequence[Any]) -> list[tuple[int, Refusal]]:
    refused = []
    for index, call in enumerate(batch):
        try:
            self.add(call, call.type, index)
        except Refusal as refusal:
            refused.append((index, refusal))
    return refused


def _told(decoded: Decoded) -> Any:
    rows = [(event, [type(value) for value in event.properties.values()]) for event in decoded.events]
    return rows, decoded.refused, decoded.duplicates


def test_the_usual_is_read_the_quick_way() -> None:
    call = {"type": "track", "event": "e", "userId": "ada", "messageId": "m", "timestamp": STAMPS[0], "context": {}}
    body = json.dumps({"batch": [call]}).encode()
    decode("batch", body, NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(Reading, "add")
        assert [event.name for event in decode("batch", body, NOW).events] == ["e"]
