"""The section of coterie.yaml that names caches."""

from __future__ import annotations

import pytest

from coterie.connectors.caches.memcached import KEY_BYTES_MAX, key_of
from coterie.connectors.caches.section import MemcachedSettings, RedisSettings, caches_of, open_cache
from coterie.errors import InvalidDefinition


def test_caches_are_read() -> None:
    found = caches_of({"site": {"kind": "redis", "url": "redis://cache:6379/1"}, "edge": {"kind": "memcached"}})
    assert found == {"site": RedisSettings(url="redis://cache:6379/1"), "edge": MemcachedSettings()}
    assert caches_of({}) == {}


def test_every_mistake_is_told() -> None:
    with pytest.raises(InvalidDefinition) as told:
        caches_of({"a": {"kind": "redis", "colour": 1}, "b": {"kind": "mongo"}, "c": 3})
    assert [problem.where for problem in told.value.problems] == [f"coterie.yaml: caches.{key}" for key in "abc"]


def test_a_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    one = RedisSettings(password_env="CACHE_PASSWORD")
    monkeypatch.delenv("CACHE_PASSWORD", raising=False)
    with pytest.raises(InvalidDefinition, match="CACHE_PASSWORD"):
        open_cache(one)
    monkeypatch.setenv("CACHE_PASSWORD", "x")
    open_cache(one).close()


def test_keys_of_memcached_fit_and_differ() -> None:
    assert key_of("coterie", "user_id:ada@example.com") == "coterie:profile:user_id:ada@example.com"
    assert key_of("coterie", "a b") == "coterie:profile:a%20b"
    long = {key_of("coterie", "x" * n) for n in range(300, 400)}
    assert len(long) == 100
    assert all(len(key) <= KEY_BYTES_MAX for key in long)
