"""Which id a message was given, so that one that the broker sends again keeps it, also after a crash of ours.

A broker repeats what was not acknowledged with the packet id that it had (MQTT 3.1.1, 4.4). What a page held travels in its
position, into the same commit as the events: so the next process knows the ids of whatever may come again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Mapping

KEPT = 64
"""Messages remembered at least: more than the 20 that a broker usually has under way; of larger pages, the last two."""


class Memory:
    """Packet id and content of the latest messages, and the id that each was given."""

    def __init__(self, seen: Mapping[str, str]) -> None:
        self._seen: OrderedDict[str, str] = OrderedDict(seen)
        self._process = uuid.uuid4().hex[:12]
        self._count = 0

    def name(self, packet: int, topic: str, payload: bytes, *, again: bool) -> str:
        """Return the id of a message. ``again``: the broker says that it repeats it."""
        key = f"{packet}:{content_of(topic, payload)[:12]}"
        known = self._seen.get(key) if again else None
        if known is None:
            self._count += 1
            self._seen.pop(key, None)
        self._seen[key] = found = known or f"{self._process}-{self._count}"
        return found

    def latest(self, count: int) -> dict[str, str]:
        """Return the ids of the latest ``count`` messages (at least ``KEPT``), oldest first. Older ones are forgotten.

        Not for longer: a broker gives packet ids again, and a message that looks like an old one must not be taken for it.
        """
        while len(self._seen) > max(count, KEPT):
            self._seen.popitem(last=False)
        return dict(self._seen)


def content_of(topic: str, payload: bytes) -> str:
    """Return a hash of a message, the same for every message with this topic and payload."""
    return hashlib.blake2b(topic.encode() + b"\0" + payload, digest_size=16).hexdigest()
