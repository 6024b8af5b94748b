"""Memcached: one JSON document per profile and the size of every segment. It knows no sets, so it holds no lists of members."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import quote

import msgspec
from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheError

from coterie.connectors.caches.cache import Cursor, Document, Entry
from coterie.errors import Transient

KEY_BYTES_MAX = 250
"""The protocol's bound on keys."""
VALUE_BYTES_MAX = 1_000_000
"""Just below the server's default bound on values (``-I 1m``)."""


class MemcachedCache:
    """``<prefix>:profile:<id>`` is ``{"segments": […], "traits": {…}}``, ``<prefix>:count:<key>`` a segment's size,
    ``<prefix>:cursor`` how far all this is.

    Memcached drops what is not asked for when its memory is full: a missing key means "ask the API", never "in no segment".
    """

    def __init__(self, address: str, *, prefix: str = "coterie", timeout_s: float = 5.0) -> None:
        self._client = Client(address, connect_timeout=timeout_s, timeout=timeout_s)
        self._prefix = prefix
        self.too_large = 0
        """Profiles whose document did not fit and is therefore absent."""

    def cursor(self) -> Cursor | None:
        """Return how far the contents are, ``None`` when the cache is empty."""
        with self._told():
            text = self._client.get(f"{self._prefix}:cursor")
        return msgspec.json.decode(text, type=Cursor) if text else None

    def write(self, entries: Sequence[Entry], counts: Mapping[str, int], cursor: Cursor) -> None:
        """The documents and sizes are in, then the cursor says so: three round trips."""
        self._put(entries)
        with self._told():
            self._set({f"{self._prefix}:count:{key}": str(size).encode() for key, size in counts.items()})
            self._set({f"{self._prefix}:cursor": msgspec.json.encode(cursor)})

    def begin(self) -> None:
        """A rebuild has begun. Every document is replaced in one step of its own, so there is nothing to prepare."""
        with self._told():
            self._client.version()

    def add(self, entries: Sequence[Entry], cursor: Cursor) -> None:
        """The documents are in."""
        self._put(entries)

    def finish(self, segments: Sequence[str], counts: Mapping[str, int], cursor: Cursor) -> None:
        """The sizes are in, and the cursor says so."""
        self.write((), {key: counts.get(key, 0) for key in segments}, cursor)

    def knows(self, profiles: Sequence[str]) -> int:
        """Return how many of the profiles have something here."""
        with self._told():
            return len(self._client.get_many([self.key(profile) for profile in profiles]))

    def forget(self, profiles: Sequence[str]) -> int:
        """Return how many of the profiles had something here; nothing of any of them is here now."""
        with self._told():
            return sum(bool(self._client.delete(self.key(profile), noreply=False)) for profile in profiles)

    def close(self) -> None:
        """The connection is closed."""
        self._client.close()

    def key(self, profile: str) -> str:
        """Return under which key a profile lies: percent-encoded, and hashed where that is too long."""
        return key_of(self._prefix, profile)

    def _put(self, entries: Sequence[Entry]) -> None:
        documents: dict[str, bytes] = {}
        large: list[str] = []
        for entry in entries:
            told = Document(sorted(entry.segments), entry.traits, entry.merged_into)
            text = msgspec.json.encode(told)
            if len(text) > VALUE_BYTES_MAX:
                large.append(self.key(entry.profile))
            else:
                documents[self.key(entry.profile)] = text
        with self._told():
            self._set(documents)
            if large:
                self.too_large += len(large)
                self._client.delete_many(large, noreply=False)

    def _set(self, values: dict[str, bytes]) -> None:
        if values and (failed := self._client.set_many(values, noreply=False)):
            raise Transient(f"Memcached did not take {len(failed)} of {len(values)} values")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (MemcacheError, OSError) as error:
            self._client.close()
            raise Transient(f"Memcached does not take it: {error}", hint="see whether it runs") from error


def key_of(prefix: str, profile: str) -> str:
    """Return the key of a profile in Memcached."""
    key = f"{prefix}:profile:{quote(profile, safe=':@+-._~!$,;=')}"
    if len(key) <= KEY_BYTES_MAX:
        return key
    return f"{prefix}:profile:sha256:{hashlib.sha256(profile.encode()).hexdigest()}"
