"""The route ``facts``: records that Coterie itself writes, each for a profile that is named."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from coterie.errors import Problem
from coterie.limits import Limits
from coterie.model import SYSTEM_PREFIX
from coterie.values import canonical, flatten

ROUTE = "facts"


class FactRecord(Struct, frozen=True, gc=False):
    """A record as it goes into the log. ``occurred_at`` 0: when it arrives."""

    id: str
    name: str
    profile: str
    properties: dict[str, Any] = {}
    occurred_at: int = 0


_decode = msgspec.json.Decoder(list[FactRecord]).decode


def records_of(body: bytes, limits: Limits) -> list[FactRecord]:
    """Return the records of a body, their properties flat. Raises: msgspec.ValidationError, Problem."""
    found = []
    for one in _decode(body):
        if not one.id or not one.profile or not one.name.startswith(SYSTEM_PREFIX):
            allowed = "an id, a profile, and a name that begins with $"
            raise Problem("not a fact", where=ROUTE, received=[one.id, one.profile, one.name], allowed=allowed)
        properties = flatten(one.properties)
        if len(canonical(properties)) > limits.event_bytes_max:
            raise Problem("the fact is too large", where=one.id, allowed=f"{limits.event_bytes_max} bytes")
        found.append(msgspec.structs.replace(one, properties=properties))
    return found
