"""A cache as another program reads it: the same questions to Redis and to Memcached, in their own words."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
import redis
from pymemcache.client.base import Client

from coterie.connectors.caches.cache import Cache
from coterie.connectors.caches.memcached import MemcachedCache, key_of
from coterie.connectors.caches.redis import RedisCache


class View(Protocol):
    """What a reader can ask."""

    def profile(self, name: str) -> dict[str, Any] | None: ...
    def size(self, segment: str) -> int: ...
    def forget(self) -> None: ...


class RedisView:
    """Sets and hashes."""

    def __init__(self, port: int) -> None:
        self.client: Any = redis.Redis(port=port, decode_responses=True)

    def profile(self, name: str) -> dict[str, Any] | None:
        told = self.client.hgetall(f"coterie:profile:{name}")
        if not told:
            return None
        found = {"segments": msgspec.json.decode(told["segments"]), "traits": msgspec.json.decode(told["traits"])}
        return found | ({"merged_into": told["merged_into"]} if "merged_into" in told else {})

    def size(self, segment: str) -> int:
        return int(self.client.scard(f"coterie:segment:{segment}"))

    def members(self, segment: str) -> set[str]:
        return set(self.client.smembers(f"coterie:segment:{segment}"))

    def forget(self) -> None:
        self.client.flushall()


class MemcachedView:
    """Documents and sizes."""

    def __init__(self, port: int) -> None:
        self.client = Client(("127.0.0.1", port))

    def profile(self, name: str) -> dict[str, Any] | None:
        told = self.client.get(key_of("coterie", name))
        return msgspec.json.decode(told) if told else None

    def size(self, segment: str) -> int:
        return int(self.client.get(f"coterie:count:{segment}") or 0)

    def forget(self) -> None:
        self.client.flush_all(noreply=False)


def redis_pair(port: int) -> tuple[Cache, View]:
    """Return the cache as Coterie writes it and as others read it."""
    return RedisCache(f"redis://127.0.0.1:{port}/0", timeout_s=1), RedisView(port)


def memcached_pair(port: int) -> tuple[Cache, View]:
    """Return the cache as Coterie writes it and as others read it."""
    return MemcachedCache(f"127.0.0.1:{port}", timeout_s=1), MemcachedView(port)
