"""Which profile absorbed which and why, which merges were undone, and who must stay apart since."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct, structs

from coterie.identity.resolution import Row


class Joined(Struct, frozen=True, gc=False):
    """The cause of a merge: ``into`` absorbed ``loser`` at ``at`` by event ``event_id``, because both were called ``because``.

    ``until``: when it was undone, None if it was not.
    """

    loser: str
    into: str
    at: int
    because: str
    event_id: str
    until: int | None = None


class Families:
    """Profiles that are one, as trees: the root is the canonical profile. ``note`` is told every row that changes."""

    def __init__(self, note: Callable[[Row], None]) -> None:
        self._note = note
        self._into: dict[str, str] = {}
        self._joins: dict[str, Joined] = {}
        self._absorbed: dict[str, list[str]] = {}
        self._past: list[Joined] = []
        self._pairs: set[tuple[str, str]] = set()
        self._kept: dict[str, set[str]] = {}

    def canonical(self, profile: str) -> str:
        """Return the profile that ``profile`` belongs to now. Cost: the length of its chain of merges."""
        into = self._into
        while (following := into.get(profile)) is not None:
            profile = following
        return profile

    def known(self, profile: str) -> bool:
        """Return whether some merge names the profile."""
        return profile in self._into or profile in self._absorbed

    def members(self, profile: str) -> Iterator[str]:
        """Yield ``profile`` and all it has absorbed, at any depth."""
        waiting = [profile]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += self._absorbed.get(one, ())

    def causes(self, profile: str) -> list[Joined]:
        """Return the merges that made the person ``profile`` belongs to, and those of its ids that were undone, in order."""
        family = set(self.members(self.canonical(profile)))
        found = [join for one in family if (join := self._joins.get(one)) is not None]
        found += [join for join in self._past if join.loser in family or join.into in family]
        return sorted(found, key=lambda join: (join.at, join.event_id, join.loser))

    def join(self, join: Joined) -> None:
        """``join.into`` has absorbed ``join.loser``; both must be canonical, and different. They are no longer kept apart."""
        loser, into = join.loser, join.into
        if self._kept and self.apart(into, loser):
            sides = set(self.members(into)), set(self.members(loser))
            for pair in [pair for pair in self._pairs if _between(pair, *sides)]:
                self._pairs.discard(pair)
                self._note(Row("apart", _text(pair), None))
            self._keep()
        self._into[loser] = into
        self._joins[loser] = join
        self._absorbed.setdefault(into, []).append(loser)
        if loser in self._kept:
            self._kept[into] = self._kept.get(into, set()) | self._kept.pop(loser)
        self._note(Row("merge", loser, into, _data(join)))

    def part(self, profile: str, loser: str, at: int) -> str | None:
        """Return whom ``loser`` was separated from (the canonical profile of the rest), None if the two were not one so."""
        into = self._into.get(loser)
        if into is None or self.canonical(profile) != (root := self.canonical(loser)):
            return None
        del self._into[loser]
        self._absorbed[into].remove(loser)
        if not self._absorbed[into]:
            del self._absorbed[into]
        undone = structs.replace(self._joins.pop(loser), until=at)
        self._note(Row("merge", loser, None))
        self._note(Row("past", str(len(self._past)), into, _data(undone)))
        self._past.append(undone)
        others = {into, root} | ({profile} if self.canonical(profile) == root else set())
        for other in others:
            pair = (min(other, loser), max(other, loser))
            self._pairs.add(pair)
            self._note(Row("apart", _text(pair), pair[0]))
        self._keep()
        return root

    def forget(self, profiles: frozenset[str]) -> None:
        """No merge, undone or not, and no separation names one of ``profiles`` any more.

        Whoever was absorbed by one of them and is not among them stands on their own.
        """
        for loser, join in list(self._joins.items()):
            if loser in profiles or join.into in profiles:
                del self._into[loser], self._joins[loser]
                self._note(Row("merge", loser, None))
        past = [join for join in self._past if join.loser not in profiles and join.into not in profiles]
        if len(past) < len(self._past):
            for number in range(len(self._past)):
                self._note(Row("past", str(number), None))
            for number, join in enumerate(past):
                self._note(Row("past", str(number), join.into, _data(join)))
            self._past = past
        for pair in [pair for pair in self._pairs if not profiles.isdisjoint(pair)]:
            self._pairs.discard(pair)
            self._note(Row("apart", _text(pair), None))
        self.settle()

    def apart(self, one: str, other: str) -> bool:
        """Return whether two canonical profiles are kept apart, because a merge of theirs was undone."""
        return any(self.canonical(kept) == other for kept in self._kept.get(one, ()))

    def _keep(self) -> None:
        """Every canonical profile knows whom it must not absorb. Cost: the number of pairs."""
        self._kept.clear()
        for one, other in self._pairs:
            self._kept.setdefault(self.canonical(one), set()).add(other)
            self._kept.setdefault(self.canonical(other), set()).add(one)

    # ── storage ──────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self) -> Iterator[Row]:
        """Yield everything as rows."""
        for loser, join in self._joins.items():
            yield Row("merge", loser, join.into, _data(join))
        for number, join in enumerate(self._past):
            yield Row("past", str(number), join.into, _data(join))
        for pair in self._pairs:
            yield Row("apart", _text(pair), pair[0])

    def load(self, row: Row) -> None:
        """The row is known. ``settle`` must follow the last one."""
        if row.what == "apart":
            one, other = msgspec.json.decode(row.key, type=tuple[str, str])
            self._pairs.add((one, other))
            return
        join = msgspec.json.decode(row.data, type=Joined)
        if row.what == "past":
            self._past.append(join)
        else:
            self._into[join.loser] = join.into
            self._joins[join.loser] = join

    def settle(self) -> None:
        """What follows from loaded rows is known, whatever order they came in."""
        self._past.sort(key=lambda join: (join.until or 0, join.at, join.loser))
        self._absorbed.clear()
        for loser, join in sorted(self._joins.items(), key=lambda item: (item[1].at, item[0])):
            self._absorbed.setdefault(join.into, []).append(loser)
        self._keep()


def _between(pair: tuple[str, str], one: set[str], other: set[str]) -> bool:
    return (pair[0] in one and pair[1] in other) or (pair[0] in other and pair[1] in one)


def _text(pair: tuple[str, str]) -> str:
    return msgspec.json.encode(pair).decode()


def _data(join: Joined) -> str:
    return msgspec.json.encode(join).decode()
