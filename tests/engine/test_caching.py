"""A cache follows a real runner: segments, traits, merges and unmerges as the runner has them."""

from __future__ import annotations

from pathlib import Path

from coterie.engine.caching import Follower, home_of
from tests.connectors.caches.views import memcached_pair, redis_pair
from tests.engine.running.served import HOUR, START, make, served, track
from tests.servers import memcached_server, redis_server, running


def test_caches_are_what_the_runner_says(tmp_path: Path) -> None:
    root = make(tmp_path / "project")
    (tmp_path / "redis").mkdir()
    (tmp_path / "memcached").mkdir()
    with (
        running(redis_server(tmp_path / "redis")) as redis,
        running(memcached_server(tmp_path / "memcached")) as memcached,
        served(root) as one,
    ):
        pairs = [redis_pair(redis.port), memcached_pair(memcached.port)]
        home = home_of(root)
        assert home_of(root) == home
        followers = [Follower(f"c{n}", cache, one.runner, home=home) for n, (cache, _) in enumerate(pairs)]

        def settle() -> None:
            for follower in followers:
                while follower.step():
                    pass
            told = [follower.health() for follower in followers]
            assert all((health.lag_changes, health.lag_rows, health.rebuilds) == (0, 0, 1) for health in told)

        one.send(track("view", "ada", 1), track("view", "ada", 2))
        settle()
        one.send({"type": "identify", "userId": "ada", "messageId": "i1", "traits": {"plan": "pro", "seats": 3}})
        one.send(track("add_to_cart", "bo"))
        settle()
        for _, view in pairs:
            assert view.profile("ada") == {
                "segments": ["lately", "pro", "twice"],
                "traits": {"plan": "pro", "seats": 3},
            }
            assert view.profile("bo") is None
        one.at(START + 2 * HOUR)
        settle()
        for _, view in pairs:
            assert view.profile("bo") == {"segments": ["left-cart"], "traits": {}}
            assert view.profile("ada") == {"segments": ["pro", "twice"], "traits": {"plan": "pro", "seats": 3}}
            assert (view.size("twice"), view.size("lately"), view.size("left-cart")) == (1, 0, 1)
        one.put({"id": "m1", "name": "$merge", "profile": "ada", "properties": {"loser": "bo"}})
        settle()
        for _, view in pairs:
            assert view.profile("bo") == {"segments": [], "traits": {}, "merged_into": "ada"}
            assert view.profile("ada") == {
                "segments": ["left-cart", "pro", "twice"],
                "traits": {"plan": "pro", "seats": 3},
            }
        one.put({"id": "u1", "name": "$unmerge", "profile": "ada", "properties": {"loser": "bo"}})
        settle()
        for _, view in pairs:
            assert view.profile("bo") == {"segments": ["left-cart"], "traits": {}}
            assert view.profile("ada") == {"segments": ["pro", "twice"], "traits": {"plan": "pro", "seats": 3}}
