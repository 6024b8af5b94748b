"""The simulated shop as a live one: some days of history for the log, then calls as tracking SDKs send them, each at its instant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.lab import Shop
from coterie.limits import HOUR_US
from coterie.model import IDENTIFY, MERGE, SET
from coterie.segments.instants import rfc3339

ANONYMOUS = "anonymous_id:"
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class Due(Struct, frozen=True, gc=False):
    """A call and the instant of the shop's clock at which it is sent."""

    at: int
    body: bytes


class Days:
    """A shop of ``days`` days whose last ``live_hours`` are lived through; what lies before is history."""

    def __init__(self, *, people: int, events: int, days: int, seed: int, live_hours: float) -> None:
        self.shop = Shop(people=people, days=days, seed=seed, events=events, hot=False)
        self.opens_at = self.shop.end - int(live_hours * HOUR_US)
        """The instant at which the live part begins."""
        whole = self.shop.table()
        early = pc.less(whole["received_at"], self.opens_at)
        self.history = _named(whole.filter(early))
        """The log until then, under the ids that the server gives people."""
        self._live = whole.filter(pc.invert(early))
        self.live_rows = self._live.num_rows
        self.names = _names(whole)
        """Profile id → the name that the person gave."""

    def calls(self) -> Iterator[Due]:
        """Yield what the shop's pages, tills and phones send from ``opens_at`` on, in order of time."""
        columns = ("event_id", "profile", "name", "occurred_at", "received_at", "properties")
        rows = zip(*(self._live[name].to_pylist() for name in columns), strict=True)
        for event_id, profile, name, occurred_at, received_at, properties in rows:
            call = call_of(event_id, profile, name, _decode(properties))
            call["timestamp"] = rfc3339(occurred_at)
            yield Due(received_at, _encode(call))


def call_of(event_id: str, profile: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the Segment call that says what a row of the shop's log says.

    >>> call_of("e1", "a-000042-1", "add_to_cart", {"value": 40})["anonymousId"]
    'a-000042-1'
    """
    call: dict[str, Any] = {"messageId": event_id, "anonymousId" if profile.startswith("a-") else "userId": profile}
    if name == MERGE:
        return {**call, "type": "identify", "anonymousId": properties["loser"], "traits": {}}
    if name == IDENTIFY:
        return {**call, "type": "identify", "traits": properties}
    if name == SET:
        consent = {
            key.removeprefix("consent."): value for key, value in properties.items() if key.startswith("consent.")
        }
        traits = {key: value for key, value in properties.items() if not key.startswith("consent.")}
        context = {"context": {"consent": {"categoryPreferences": consent}}} if consent else {}
        return {**call, "type": "identify", "traits": traits, **context}
    return {**call, "type": "track", "event": name, "properties": properties}


def id_of(profile: str) -> str:
    """Return the id that the server gives to somebody of the shop."""
    return f"{ANONYMOUS}{profile}" if profile.startswith("a-") else profile


def _named(log: pa.Table) -> pa.Table:
    """Return the log with anonymous people under the ids that the server would have given them."""
    profile = log["profile"]
    anonymous = pc.starts_with(profile, "a-")
    renamed = pc.if_else(anonymous, pc.binary_join_element_wise(ANONYMOUS, profile, ""), profile)
    merges = pc.equal(log["name"].cast(pa.string()), MERGE)
    losers = pc.replace_substring(log["properties"], '"loser":"a-', f'"loser":"{ANONYMOUS}a-')
    properties = pc.if_else(merges, losers, log["properties"])
    table = log.set_column(log.schema.get_field_index("profile"), "profile", renamed)
    table = table.set_column(log.schema.get_field_index("properties"), "properties", properties)
    return table.set_column(0, "position", pa.array(np.arange(table.num_rows)))


def _names(log: pa.Table) -> dict[str, str]:
    told = log.filter(pc.equal(log["name"].cast(pa.string()), IDENTIFY))
    rows = zip(told["profile"].to_pylist(), told["properties"].to_pylist(), strict=True)
    return {profile: str(_decode(text)["name"]) for profile, text in rows}
