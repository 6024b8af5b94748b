"""Redis (and what speaks its protocol): a set of members per segment, a hash per profile, all writes in transactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import redis

from coterie.connectors.caches.cache import Cursor, Entry
from coterie.errors import Transient

_SCAN = 1_000
"""Keys looked at per round trip while a rebuild is finished."""


class RedisCache:
    """``<prefix>:segment:<key>`` is the set of members, ``<prefix>:profile:<id>`` a hash with ``segments`` and ``traits``
    as JSON, ``<prefix>:segments`` the set of keys of all segments with members, ``<prefix>:cursor`` how far all this is.

    One Redis that holds every key; a Redis Cluster cannot rename sets of different slots in one step.
    """

    def __init__(self, url: str, *, prefix: str = "coterie", password: str = "", timeout_s: float = 5.0) -> None:
        options: dict[str, Any] = {"password": password} if password else {}
        self._client = redis.Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, decode_responses=True, **options
        )
        self._prefix = prefix

    def cursor(self) -> Cursor | None:
        """Return how far the contents are, ``None`` when the cache is empty."""
        with _told():
            text: Any = self._client.get(f"{self._prefix}:cursor")
        return msgspec.json.decode(text, type=Cursor) if text else None

    def write(self, entries: Sequence[Entry], counts: Mapping[str, int], cursor: Cursor) -> None:
        """The entries are in, and the cursor says so: one transaction, one round trip. Redis counts its sets itself."""
        with _told(), self._client.pipeline(transaction=True) as pipe:
            for entry in entries:
                self._put(pipe, entry, cursor.build)
                for segment in entry.joined:
                    pipe.sadd(f"{self._prefix}:segment:{segment}", entry.profile)
                for segment in entry.left:
                    pipe.srem(f"{self._prefix}:segment:{segment}", entry.profile)
            _sadd(pipe, f"{self._prefix}:segments", sorted({key for entry in entries for key in entry.joined}))
            self._mark(pipe, cursor)
            pipe.execute()

    def begin(self) -> None:
        """A rebuild has begun; what an earlier one left unfinished is gone. Readers see what they saw."""
        with _told():
            for keys in self._keys(f"{self._prefix}:building:*"):
                self._client.delete(*keys)

    def add(self, entries: Sequence[Entry], cursor: Cursor) -> None:
        """The profiles are up to date at once; the members go to sets beside the ones that are read."""
        members: dict[str, list[str]] = {}
        with _told(), self._client.pipeline(transaction=True) as pipe:
            for entry in entries:
                self._put(pipe, entry, cursor.build)
                for segment in entry.joined:
                    members.setdefault(segment, []).append(entry.profile)
            for segment, profiles in members.items():
                pipe.sadd(f"{self._prefix}:building:{segment}", *profiles)
            pipe.execute()

    def finish(self, segments: Sequence[str], counts: Mapping[str, int], cursor: Cursor) -> None:
        """Every set is swapped for the rebuilt one in one transaction; then profiles that are no more are removed."""
        building, live = f"{self._prefix}:building:", f"{self._prefix}:segment:"
        with _told():
            built = {key.removeprefix(building) for keys in self._keys(f"{building}*") for key in keys} & set(segments)
            old = {key.removeprefix(live) for keys in self._keys(f"{live}*") for key in keys}
            with self._client.pipeline(transaction=True) as pipe:
                for segment in sorted(built):
                    pipe.rename(building + segment, live + segment)
                for segment in sorted(old - built):
                    pipe.delete(live + segment)
                pipe.delete(f"{self._prefix}:segments")
                _sadd(pipe, f"{self._prefix}:segments", sorted(built))
                self._mark(pipe, cursor)
                pipe.execute()
            self.begin()
            self._sweep(cursor.build)

    def knows(self, profiles: Sequence[str]) -> int:
        """Return how many of the profiles have something here."""
        keys = [f"{self._prefix}:profile:{profile}" for profile in profiles]
        with _told():
            return int(self._client.exists(*keys)) if keys else 0

    def forget(self, profiles: Sequence[str]) -> int:
        """Return how many of the profiles had something here; nothing of any of them is here now, in no set of members either."""
        count = 0
        with _told():
            sets = [
                key
                for what in ("segment", "building")
                for keys in self._keys(f"{self._prefix}:{what}:*")
                for key in keys
            ]
            for profile in profiles:
                with self._client.pipeline(transaction=True) as pipe:
                    pipe.delete(f"{self._prefix}:profile:{profile}")
                    for key in sets:
                        pipe.srem(key, profile)
                    count += any(pipe.execute())
        return count

    def close(self) -> None:
        """The connection is closed."""
        self._client.close()

    def _put(self, pipe: Any, entry: Entry, build: int) -> None:
        key = f"{self._prefix}:profile:{entry.profile}"
        fields: dict[str, Any] = {
            "segments": msgspec.json.encode(sorted(entry.segments)),
            "traits": msgspec.json.encode(entry.traits),
            "build": build,
        }
        if entry.merged_into:
            fields["merged_into"] = entry.merged_into
        else:
            pipe.hdel(key, "merged_into")
        pipe.hset(key, mapping=fields)

    def _mark(self, pipe: Any, cursor: Cursor) -> None:
        pipe.set(f"{self._prefix}:cursor", msgspec.json.encode(cursor))

    def _keys(self, pattern: str) -> Iterator[list[str]]:
        at = 0
        while True:
            found: Any = self._client.scan(at, match=pattern, count=_SCAN)
            at, keys = found
            if keys:
                yield keys
            if at == 0:
                return

    def _sweep(self, build: int) -> None:
        for keys in self._keys(f"{self._prefix}:profile:*"):
            with self._client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.hget(key, "build")
                builds = pipe.execute()
            stale = [key for key, one in zip(keys, builds, strict=True) if one != str(build)]
            if stale:
                self._client.delete(*stale)


def _sadd(pipe: Any, key: str, values: Iterable[str]) -> None:
    told = list(values)
    if told:
        pipe.sadd(key, *told)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise Transient(f"Redis does not take it: {error}", hint="see whether it runs and has memory left") from error
