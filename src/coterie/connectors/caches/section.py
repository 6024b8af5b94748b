"""The ``caches:`` section of coterie.yaml."""

from __future__ import annotations

import os
from typing import Literal

import msgspec
from msgspec import Struct

from coterie.connectors.caches.cache import Cache
from coterie.errors import InvalidDefinition, Problem

WHERE = "coterie.yaml: caches"


class RedisSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="redis"):
    """A Redis server."""

    url: str = "redis://localhost:6379/0"
    """``redis://``, ``rediss://`` (TLS) or ``unix://``."""
    password_env: str = ""
    """Name of the environment variable that holds the password."""
    prefix: str = "coterie"
    """Begin of every key."""


class MemcachedSettings(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="memcached"
):
    """A Memcached server."""

    address: str = "localhost:11211"
    prefix: str = "coterie"
    """Begin of every key."""


CacheSettings = RedisSettings | MemcachedSettings


def caches_of(data: object, where: str = WHERE) -> dict[str, CacheSettings]:
    """Return the caches by name. Raises: InvalidDefinition with every problem."""
    if not isinstance(data, dict):
        raise InvalidDefinition(
            [Problem("a mapping is expected here", where=where, received=data, allowed="name: {…}")]
        )
    found: dict[str, CacheSettings] = {}
    problems: list[Problem] = []
    for name, one in data.items():
        try:
            found[str(name)] = msgspec.convert(one, CacheSettings)
        except msgspec.ValidationError as error:
            allowed = "kind: redis with url, password_env, prefix; or kind: memcached with address, prefix"
            problems.append(Problem(str(error), where=f"{where}.{name}", received=one, allowed=allowed))
    if problems:
        raise InvalidDefinition(problems)
    return found


def open_cache(one: CacheSettings, where: str = WHERE) -> Cache:
    """Return a cache that connects when it is first used. Raises: InvalidDefinition without its password or its library."""
    try:
        if isinstance(one, MemcachedSettings):
            from coterie.connectors.caches.memcached import MemcachedCache

            return MemcachedCache(one.address, prefix=one.prefix)
        from coterie.connectors.caches.redis import RedisCache
    except ImportError as error:
        kind: Literal["memcached", "redis"] = "memcached" if isinstance(one, MemcachedSettings) else "redis"
        hint = f"pip install 'coterie[{kind}]'"
        raise InvalidDefinition([Problem(f"the library for {kind} is missing", where=where, hint=hint)]) from error
    if one.password_env and one.password_env not in os.environ:
        hint = f"export {one.password_env}=… before the server starts"
        problem = Problem("no such variable in the environment", where=where, received=one.password_env, hint=hint)
        raise InvalidDefinition([problem])
    return RedisCache(one.url, prefix=one.prefix, password=os.environ.get(one.password_env, ""))
