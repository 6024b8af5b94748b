"""The page about caches: its settings are right, and its programs read what Coterie wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from coterie.connectors.caches.cache import Cursor, Entry
from coterie.connectors.caches.section import MemcachedSettings, RedisSettings, caches_of
from tests.connectors.caches.views import memcached_pair, redis_pair
from tests.docs.blocks import ROOT, blocks
from tests.servers import memcached_server, redis_server, running

PAGE = blocks(ROOT / "docs" / "caches.md")
ADA = Entry(profile="ada", segments=("loyal",), traits={"plan": "pro"}, joined=("loyal",))
OLD = Entry(profile="old", merged_into="ada")
CURSOR = Cursor(home="here", sequence=1, log_position=1, build=1)


def program(library: str) -> str:
    (found,) = [block.text for block in PAGE if block.language == "python" and f"{library}" in block.text]
    return found


def test_the_settings_are_valid() -> None:
    (told,) = [yaml.safe_load(block.text) for block in PAGE if block.language == "yaml"]
    assert caches_of(told["caches"]) == {"site": RedisSettings(), "edge": MemcachedSettings()}


def test_the_reader_of_redis(tmp_path: Path) -> None:
    with running(redis_server(tmp_path)) as server:
        cache, _ = redis_pair(server.port)
        cache.write([ADA, OLD], {}, CURSOR)
        names: dict[str, Any] = {}
        exec(program("import redis").replace("redis.Redis(", f"redis.Redis(port={server.port}, "), names)
        assert names["segments_of"]("ada") == names["segments_of"]("old") == ["loyal"]
        assert names["segments_of"]("nobody") == []
        assert (names["is_loyal"], names["how_many"]) == (True, 1)
        cache.close()


def test_the_reader_of_memcached(tmp_path: Path) -> None:
    with running(memcached_server(tmp_path)) as server:
        cache, _ = memcached_pair(server.port)
        cache.write([ADA, OLD], {"loyal": 1}, CURSOR)
        names: dict[str, Any] = {}
        exec(program("pymemcache").replace("localhost:11211", f"127.0.0.1:{server.port}"), names)
        assert names["segments"] == ["loyal"]
        cache.close()
