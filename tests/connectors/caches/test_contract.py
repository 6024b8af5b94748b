"""One body over both caches, against real servers: in step, idempotent, and whole again after the server died."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from coterie.connectors.caches.cache import Cache, Cursor, Entry
from coterie.engine.caching import Follower
from coterie.errors import Transient
from coterie.limits import Limits
from tests.connectors.caches.book import Book
from tests.connectors.caches.views import RedisView, View, memcached_pair, redis_pair
from tests.servers import Server, memcached_server, redis_server, running, wait_until

KINDS = {"redis": (redis_server, redis_pair), "memcached": (memcached_server, memcached_pair)}


class Bench:
    """One server, the cache on it, a reader of it, and the book that is followed."""

    def __init__(self, server: Server, cache: Cache, view: View) -> None:
        self.server, self.cache, self.view, self.book = server, cache, view, Book()
        self.follower = self.fresh()

    def fresh(self, home: str = "here", limits: Limits | None = None) -> Follower:
        return Follower("test", self.cache, self.book, home=home, limits=limits or Limits(cache_page_max=3))

    def settle(self) -> None:
        while self.follower.step():
            pass


@pytest.fixture(params=sorted(KINDS))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    start, pair = KINDS[request.param]
    with running(start(tmp_path)) as server:
        cache, view = pair(server.port)
        yield Bench(server, cache, view)
        cache.close()


def test_an_empty_cache_is_filled_with_what_is_there(bench: Bench) -> None:
    bench.book.set("ada", plan="pro", seats=3)
    bench.book.enter("loyal", "ada", "bo", "cy", "di")
    bench.book.enter("new", "bo")
    bench.settle()
    assert bench.view.profile("ada") == {"segments": ["loyal"], "traits": {"plan": "pro", "seats": 3}}
    assert bench.view.profile("bo") == {"segments": ["loyal", "new"], "traits": {}}
    assert (bench.view.size("loyal"), bench.view.size("new")) == (4, 1)
    assert bench.view.profile("nobody") is None
    assert bench.follower.health().rebuilds == 1


def test_changes_and_traits_follow(bench: Bench) -> None:
    bench.settle()
    bench.book.enter("loyal", *(f"p{n}" for n in range(10)))
    bench.book.leave("loyal", "p3")
    bench.settle()
    assert bench.view.size("loyal") == 9
    assert bench.view.profile("p3") == {"segments": [], "traits": {}}
    bench.book.set("p3", plan="free")
    bench.book.set("p4", plan="pro")
    assert bench.follower.health().lag_rows == 2
    bench.settle()
    assert bench.view.profile("p3") == {"segments": [], "traits": {"plan": "free"}}
    assert bench.view.profile("p4") == {"segments": ["loyal"], "traits": {"plan": "pro"}}
    health = bench.follower.health()
    assert (health.lag_changes, health.lag_rows, health.lag_seconds, health.rebuilds) == (0, 0, 0.0, 1)


def test_a_merged_id_points_to_the_person_and_a_parted_one_stands_alone(bench: Bench) -> None:
    bench.book.set("anonymous_id:1", visits=2)
    bench.book.enter("new", "anonymous_id:1")
    bench.settle()
    bench.book.merge("ada", "anonymous_id:1")
    bench.book.enter("new", "ada")
    bench.settle()
    assert bench.view.profile("anonymous_id:1") == {"segments": [], "traits": {}, "merged_into": "ada"}
    assert bench.view.profile("ada") == {"segments": ["new"], "traits": {"visits": 2}}
    assert bench.view.size("new") == 1
    bench.book.unmerge("ada", "anonymous_id:1", visits=2)
    bench.settle()
    assert bench.view.profile("anonymous_id:1") == {"segments": [], "traits": {"visits": 2}}


def test_writing_again_changes_nothing(bench: Bench) -> None:
    bench.book.enter("loyal", "ada", "bo")
    bench.settle()
    before = bench.cache.cursor()
    assert before is not None
    bench.book.leave("loyal", "bo")
    bench.settle()
    bench.cache.write((), {}, before)
    bench.settle()
    assert bench.view.size("loyal") == 1
    assert bench.view.profile("bo") == {"segments": [], "traits": {}}


def test_a_killed_server_is_filled_again(bench: Bench) -> None:
    bench.book.enter("loyal", "ada", "bo")
    bench.follower = bench.fresh()
    bench.follower.start()
    wait_until(lambda: bench.view.size("loyal") == 2)
    bench.server.kill()
    bench.book.enter("loyal", "cy")
    bench.book.leave("loyal", "ada")
    wait_until(lambda: not bench.follower.health().up)
    health = bench.follower.health()
    assert health.error
    assert health.lag_changes == 2
    wait_until(lambda: bench.follower.health().lag_seconds > 0)
    bench.server.start()
    wait_until(lambda: bench.follower.health().rebuilds == 2, what=str(bench.follower.health()))
    bench.follower.stop()
    view = type(bench.view)(bench.server.port)  # type: ignore[call-arg]
    assert view.size("loyal") == 2
    assert view.profile("cy") == {"segments": ["loyal"], "traits": {}}
    assert view.profile("ada") is None


def test_a_server_that_is_away_is_transient(bench: Bench) -> None:
    bench.settle()
    bench.server.kill()
    with pytest.raises(Transient):
        bench.follower.step()


def test_a_restart_of_coterie_goes_on_where_the_cache_stands(bench: Bench) -> None:
    bench.book.enter("loyal", "ada")
    bench.settle()
    bench.book.enter("loyal", "bo")
    bench.follower = bench.fresh()
    bench.settle()
    assert bench.view.size("loyal") == 2
    assert bench.follower.health().rebuilds == 0


def test_anothers_cache_or_one_that_is_ahead_or_far_behind_is_rebuilt(bench: Bench) -> None:
    bench.book.enter("loyal", "ada", "bo")
    bench.settle()
    bench.follower = bench.fresh(home="elsewhere")
    bench.settle()
    assert bench.follower.health().rebuilds == 1
    bench.book = Book()
    bench.book.enter("loyal", "cy")
    bench.follower = bench.fresh(home="elsewhere")
    bench.settle()
    assert (bench.follower.health().rebuilds, bench.view.size("loyal")) == (1, 1)
    for n in range(9):
        bench.book.set("cy", n=n)
    bench.follower = bench.fresh(home="elsewhere", limits=Limits(cache_behind_max=5))
    bench.settle()
    assert bench.follower.health().rebuilds == 1


def test_nothing_is_written_before_the_runner_is_ready(bench: Bench) -> None:
    bench.book.ready = False
    assert bench.follower.step() is False
    assert bench.cache.cursor() is None


def test_odd_ids_are_kept_apart(bench: Bench) -> None:
    names = ["with blank", "new\nline", "æøå", "x" * 300, "x" * 299 + "y", "a%20b", "a b"]
    for n, name in enumerate(names):
        bench.book.set(name, n=n)
    bench.settle()
    assert [bench.view.profile(name) for name in names] == [
        {"segments": [], "traits": {"n": n}} for n in range(len(names))
    ]


def test_readers_never_see_a_gap_while_a_cache_is_rebuilt(tmp_path: Path) -> None:
    with running(redis_server(tmp_path)) as server:
        cache, view = redis_pair(server.port)
        assert isinstance(view, RedisView)
        book = Book()
        members = {f"p{n}" for n in range(500)}
        book.enter("loyal", *sorted(members))
        follower = Follower("test", cache, book, home="here", limits=Limits(cache_page_max=50))
        follower.step()
        seen: list[int] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                seen.append(len(view.members("loyal")))

        reader = threading.Thread(target=look)
        reader.start()
        for _ in range(3):
            follower.rebuild()
            follower.step()
        done.set()
        reader.join()
        assert follower.health().rebuilds == 4
        assert len(seen) > 3
        assert set(seen) == {500}


def test_a_rebuild_removes_what_is_no_more(tmp_path: Path) -> None:
    with running(redis_server(tmp_path)) as server:
        cache, view = redis_pair(server.port)
        assert isinstance(view, RedisView)
        old = Cursor(home="here", sequence=0, log_position=0, build=1)
        cache.write([Entry(profile="ghost", segments=("old",), joined=("old",))], {}, old)
        cache.add([Entry(profile="half", segments=("old",), joined=("old",))], old)
        book = Book()
        book.enter("loyal", "ada")
        follower = Follower("test", cache, book, home="here")
        follower.rebuild()
        follower.step()
        assert sorted(view.client.keys("*")) == [
            "coterie:cursor",
            "coterie:profile:ada",
            "coterie:segment:loyal",
            "coterie:segments",
        ]
        cache.close()


def test_who_is_erased_is_gone_and_sizes_are_right(bench: Bench) -> None:
    bench.book.set("ada", plan="pro")
    bench.book.enter("loyal", "ada", "bo")
    bench.settle()
    assert bench.cache.knows(["ada", "eve"]) == 1
    bench.book.erase("ada")
    gone: list[int] = []
    asking = threading.Thread(target=lambda: gone.append(bench.follower.forget(["ada", "eve"])))
    asking.start()
    wait_until(lambda: bool(bench.follower._asked))
    bench.settle()
    asking.join()
    assert gone == [1]
    assert (bench.view.profile("ada"), bench.cache.knows(["ada"]), bench.view.size("loyal")) == (None, 0, 1)
    assert bench.view.profile("bo") == {"segments": ["loyal"], "traits": {}}
    assert bench.cache.forget(["ada", "eve"]) == 0
