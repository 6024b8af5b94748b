"""A cache kept in step: reads changes and traits from where the cache stands, writes people as they are now, catches up.

What is written is always the person as committed at that moment, so writing twice, or late, does no harm.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.connectors.caches.cache import Cache, Cursor, Entry
from coterie.engine.running.answers import ChangeRow, Page, ProfileState, Status
from coterie.errors import CoterieError, Transient
from coterie.limits import DEFAULT, Limits
from coterie.model import IDENTIFY, MERGE, SET, UNMERGE

_log = logging.getLogger("coterie.caches")
_WRITES = pa.array([IDENTIFY, SET, MERGE, UNMERGE])
_PAUSE_MAX_S = 30.0


class _Parted(Struct):
    loser: str


class Source(Protocol):
    """What a follower asks of the runner."""

    def status(self) -> Status: ...
    def changes(self, after: int = 0, limit: int = 1000, segment: str = "", profile: str = "") -> Page[ChangeRow]: ...
    def profile(self, profile: str) -> ProfileState | None: ...
    def profiles(self, after: str = "", limit: int = 1000) -> Page[str]: ...
    def counts(self) -> dict[str, int]: ...
    def history(self, after: int = 0, until: int | None = None, rows_max: int = 500_000) -> Iterator[pa.Table]: ...


class Health(Struct, frozen=True, kw_only=True):
    """How a cache is: how far behind the committed state, and why."""

    name: str
    up: bool
    """Whether the last attempt to speak to it worked."""
    error: str
    rebuilding: bool
    lag_changes: int
    """Membership changes that are not in yet."""
    lag_rows: int
    """Rows of the log whose traits are not in yet."""
    lag_seconds: float
    """How long it has been behind; 0 when it is not."""
    writes: int
    """People written since the start."""
    rebuilds: int


class Follower:
    """Keeps one cache in step with one runner, on a thread of its own."""

    def __init__(
        self, name: str, cache: Cache, source: Source, *, home: str, limits: Limits = DEFAULT, interval_s: float = 0.05
    ) -> None:
        self.name, self._cache, self._source, self._home = name, cache, source, home
        self._limits, self._interval_s = limits, interval_s
        self._cursor: Cursor | None = None
        self._asked: deque[tuple[Callable[[Cache], int], Future[int]]] = deque()
        self._stopping, self._wanted = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"cache-{name}", daemon=True)
        self._up, self._error, self._rebuilding = False, "not connected yet", False
        self._writes = self._rebuilds = 0
        self._behind_since: float | None = None

    def start(self) -> None:
        """The cache follows; while its server is away, it is tried again with growing pauses."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Nothing more is written. The cache goes on from its cursor at the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._cache.close()

    def rebuild(self) -> None:
        """A rebuild will begin at once: everything is written anew and swapped in; readers never see an empty set."""
        self._wanted.set()

    def forget(self, profiles: Sequence[str]) -> int:
        """Return how many of the profiles had something in the cache; nothing of them is there, and sizes are those of now.

        Raises: Transient when the cache is away.
        """

        def work(cache: Cache) -> int:
            count, cursor = cache.forget(profiles), cache.cursor()
            if cursor is not None:
                cache.write((), self._source.counts(), cursor)
            return count

        return self.ask(work)

    def ask(self, work: Callable[[Cache], int], timeout_s: float = 30.0) -> int:
        """Return what ``work(cache)`` returns, on this follower's thread. Raises: Transient when the cache is away."""
        done: Future[int] = Future()
        self._asked.append((work, done))
        try:
            return done.result(timeout_s)
        except TimeoutError:
            done.cancel()
            raise Transient(f"the cache {self.name} does not answer: {self._error or 'it is busy'}") from None

    def _answer(self) -> None:
        """What was asked for is done. Raises: Transient when the cache is away; it is tried again then."""
        while self._asked:
            work, done = self._asked[0]
            if not done.cancelled():
                done.set_result(work(self._cache))
            self._asked.popleft()

    def health(self) -> Health:
        """Return how it is. Cost: no I/O."""
        status, cursor = self._source.status(), self._cursor
        since = self._behind_since
        return Health(
            name=self.name,
            up=self._up,
            error=self._error,
            rebuilding=self._rebuilding,
            lag_changes=max(0, status.sequence - (cursor.sequence if cursor else 0)),
            lag_rows=max(0, status.log_position - (cursor.log_position if cursor else 0)),
            lag_seconds=time.monotonic() - since if since is not None else 0.0,
            writes=self._writes,
            rebuilds=self._rebuilds,
        )

    def step(self) -> bool:
        """Return whether something was written: one page of changes and traits, or a whole rebuild.

        Raises: Transient when the cache is away; nothing is lost, the next step begins where the cache stands.
        """
        self._answer()
        status = self._source.status()
        if not status.ready:
            return False
        # Read every time: a server that was restarted meanwhile lost the cursor with everything else.
        cursor = self._cursor = self._cache.cursor()
        if self._wanted.is_set() or self._unfit(cursor, status):
            self._build(status)
            return True
        assert cursor is not None
        if cursor.sequence == status.sequence and cursor.log_position == status.log_position:
            self._behind_since = None
            return False
        self._behind_since = self._behind_since or time.monotonic()
        self._follow(cursor, status)
        return True

    def _unfit(self, cursor: Cursor | None, status: Status) -> bool:
        """Return whether the cache cannot be continued: it is empty, another's, ahead (of a restored backup), or far behind."""
        if cursor is None or cursor.home != self._home:
            return True
        ahead = cursor.sequence > status.sequence or cursor.log_position > status.log_position
        return ahead or status.log_position - cursor.log_position > self._limits.cache_behind_max

    def _follow(self, cursor: Cursor, status: Status) -> None:
        page = self._source.changes(after=cursor.sequence, limit=self._limits.cache_page_max)
        touched: dict[str, set[str]] = {}
        for row in page.rows:
            touched.setdefault(row.profile, set()).add(row.segment)
        sequence = page.rows[-1].sequence if page.rows else cursor.sequence
        position = status.log_position
        for profile in self._written(cursor.log_position, position):
            touched.setdefault(profile, set())
        segments = {key for keys in touched.values() for key in keys}
        counts = {key: size for key, size in self._source.counts().items() if key in segments} if segments else {}
        counts.update(dict.fromkeys(segments - counts.keys(), 0))
        names = list(touched)
        for at in range(0, max(1, len(names)), self._limits.cache_page_max):
            some = names[at : at + self._limits.cache_page_max]
            last = at + self._limits.cache_page_max >= len(names)
            reached = Cursor(
                home=self._home,
                sequence=sequence if last else cursor.sequence,
                log_position=position if last else cursor.log_position,
                build=cursor.build,
            )
            entries = [entry for name in some for entry in self._entries(name, touched[name])]
            self._cache.write(entries, counts if last else {}, reached)
            self._cursor = reached
            self._writes += len(entries)

    def _written(self, after: int, until: int) -> list[str]:
        """Return the profile ids whose traits or mergers the rows of the log after ``after`` tell of."""
        found: dict[str, None] = {}
        if until > after:
            for table in self._source.history(after, until):
                rows = table.filter(pc.is_in(table["name"], value_set=_WRITES))
                found.update(dict.fromkeys(rows["profile"].to_pylist()))
                parted = rows.filter(pc.equal(rows["name"], UNMERGE))["properties"].to_pylist()
                found.update(dict.fromkeys(msgspec.json.decode(told, type=_Parted).loser for told in parted))
        return list(found)

    def _entries(self, name: str, segments: set[str]) -> Iterator[Entry]:
        """Yield what is to be written about a profile id: itself, or the person it was merged into and a pointer to them."""
        state = self._source.profile(name)
        if state is None:
            yield Entry(profile=name, left=tuple(sorted(segments)))
            return
        if state.profile != name:
            yield Entry(profile=name, merged_into=state.profile, left=tuple(sorted(segments)))
            segments = set()
        else:
            for gone in state.absorbed:
                yield Entry(profile=gone, merged_into=state.profile)
        present = {one.segment for one in state.memberships}
        yield Entry(
            profile=state.profile,
            segments=tuple(sorted(present)),
            traits={key: trait.value for key, trait in state.traits.items()},
            joined=tuple(sorted(present & segments)),
            left=tuple(sorted(segments - present)),
        )

    def _build(self, status: Status) -> None:
        """The cache holds everything anew, as of a moment not before ``status``; what came meanwhile is followed after."""
        self._rebuilding = True
        self._behind_since = self._behind_since or time.monotonic()
        try:
            self._wanted.clear()
            build = secrets.randbits(52)
            cursor = Cursor(home=self._home, sequence=status.sequence, log_position=status.log_position, build=build)
            self._cache.begin()
            after, last = "", False
            while not last and not self._stopping.is_set():
                page = self._source.profiles(after, self._limits.cache_page_max)
                entries = [entry for name in page.rows for entry in self._whole(name)]
                self._cache.add(entries, cursor)
                self._writes += len(entries)
                last, after = page.next is None, str(page.next)
            if last:
                counts = self._source.counts()
                self._cache.finish(sorted(counts), counts, cursor)
                self._cursor, self._rebuilds = cursor, self._rebuilds + 1
                _log.info("the cache %s was rebuilt", self.name)
            else:
                self._wanted.set()
        except CoterieError:
            self._wanted.set()
            raise
        finally:
            self._rebuilding = False

    def _whole(self, name: str) -> Iterator[Entry]:
        state = self._source.profile(name)
        if state is None or state.profile != name:
            return
        segments = tuple(sorted(one.segment for one in state.memberships))
        traits = {key: trait.value for key, trait in state.traits.items()}
        # Who is in nothing and has no traits needs no room until something is known of them.
        if segments or traits:
            yield Entry(profile=name, segments=segments, traits=traits, joined=segments)
        for gone in state.absorbed:
            yield Entry(profile=gone, merged_into=name)

    def _run(self) -> None:
        pause_s = 0.25
        while not self._stopping.is_set():
            try:
                moved = self.step()
                self._up, self._error, pause_s = True, "", 0.25
            except CoterieError as error:
                if self._error != error.message:
                    _log.warning("the cache %s: %s; it catches up when it can", self.name, error.message)
                self._up, self._error = False, error.message
                self._behind_since = self._behind_since or time.monotonic()
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_MAX_S)
                continue
            if not moved:
                self._stopping.wait(self._interval_s)


def home_of(root: Path) -> str:
    """Return the random name of a project's state, made when it is first asked for."""
    file = root / ".coterie" / "home"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets.token_hex(8), "utf-8")
    return file.read_text("utf-8").strip()


def follow_all(caches: dict[str, Cache], source: Source, home: str, limits: Limits = DEFAULT) -> Sequence[Follower]:
    """Return one started follower per cache."""
    followers = [Follower(name, cache, source, home=home, limits=limits) for name, cache in caches.items()]
    for follower in followers:
        follower.start()
    return followers
