"""Who is who: from the identifiers of an event to the profile it belongs to, merging what turns out to be one person.

An identifier belongs to the profile it was first seen with. Identifiers that an event brings together are one person, unless
that person would have more of a kind than its limit; then a movable identifier goes over, and any other is a conflict.
Everything follows from the log alone: ``learn`` over its records gives the same state as ``resolve`` over the events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import structs

from coterie.identity.families import Families, Joined
from coterie.identity.merges import LOSER
from coterie.identity.resolution import (
    BECAUSE,
    KIND,
    VALUE,
    Conflict,
    Linked,
    Merged,
    Resolution,
    Row,
    event_id_of,
)
from coterie.identity.rules import EXTERNAL, USER_ID, Checks, Rules
from coterie.model import LINK, MERGE, UNMERGE, Identifier, Value

Identifiers: TypeAlias = tuple[tuple[str, str], ...]
"""(kind, value) of everything that an event calls its person."""
USER_KEY = f"{USER_ID}:"
REMEMBERED_MAX = 1 << 18
"""Sets of identifiers whose profile is remembered as a whole; when there are more, all are forgotten and met anew."""


class Identities:
    """All identifiers and the profiles they belong to. One thread writes; reading from others is safe between events.

    ``known(identifiers)`` returns the profile of an event when there is nothing to do about its identifiers (they were all met
    together before and are still one person), else None: then ask ``resolve``. Cost: one lookup in a dictionary.
    """

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self._checks = Checks(self.rules)
        self._unlimited = frozenset(kind.kind for kind in self.rules.kinds if kind.limit is None)
        self._movable = frozenset(kind.kind for kind in self.rules.kinds if kind.movable)
        self._owner: dict[str, str] = {}
        self._more: dict[str, tuple[str, ...]] = {}
        self._limited: dict[str, tuple[str, ...]] = {}
        self._left: set[str] = set()
        self._changed: list[Row] = []
        self._families = Families(self._changed.append)
        self._known: dict[Identifiers, str] = {}
        self._known_with: dict[str, list[Identifiers]] = {}
        self.known: Callable[[Identifiers], str | None] = self._known.get
        self.canonical: Callable[[str], str] = self._families.canonical
        self.tallies: Counter[str] = Counter()
        """How often each thing happened since the start: profiles, links, moves, merges, unmerges, conflicts by reason."""

    def __len__(self) -> int:
        return len(self._owner)

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────

    def resolve(self, identifiers: Identifiers, event_id: str, at: int) -> Resolution:
        """Return whose the event is and what its identifiers changed; the changes are in force."""
        conflicts: list[Conflict] = []
        keys = self._usable(identifiers, conflicts)
        if not keys:
            return self._told(Resolution(None, conflicts=tuple(conflicts)))
        owner = self._owner.get(keys[0])
        if owner is not None and not conflicts and self._are_one(keys, owner):
            self._remember(identifiers, keys, owner)
            return Resolution(owner)
        anchor, links = self._anchor(keys), []
        merges: list[Merged] = []
        winner = self.canonical(anchor)
        for key in keys:
            held_by = self._owner.get(key)
            if held_by is None:
                if self._has_room(winner, key):
                    links.append(self._link(key, anchor, winner))
                else:
                    conflicts.append(self._conflict(key, "limit"))
            elif (other := self.canonical(held_by)) != winner:
                apart = self._families.apart(winner, other)
                if not apart and self._fit(winner, other):
                    merges.append(self._merge(winner, other, self._spoken(key), event_id, at))
                elif self._checks.kind_of(key.partition(":")[0]).movable and self._has_room(winner, key):
                    links.append(self._move(key, anchor, winner))
                else:
                    conflicts.append(self._conflict(key, "apart" if apart else "other", other))
        if not conflicts:
            self._remember(identifiers, keys, anchor)
        return self._told(Resolution(anchor, tuple(merges), tuple(links), tuple(conflicts)))

    def alias(self, previous: Identifiers, identifiers: Identifiers, event_id: str, at: int) -> Resolution:
        """Return what an alias call changed: ``previous`` is the same person as ``identifiers``, which the caller vouches for.

        Two people who logged in become one by it, up to ``aliases_max``; a pair that was separated by hand does not. As no event
        of its own follows, there is always a merge or a link that names the profile.
        """
        found = self.resolve(identifiers, event_id, at)
        conflicts, told = list(found.conflicts), len(found.conflicts)
        if found.profile is None:
            found = self.resolve(previous, event_id, at)
            conflicts += found.conflicts
            told, previous = len(conflicts), ()
        anchor = found.profile
        if anchor is None:
            return structs.replace(found, conflicts=tuple(conflicts))
        merges, links = list(found.merges), list(found.links)
        for key in self._usable(previous, conflicts):
            key, winner = self._met(key), self.canonical(anchor)
            held_by = self._owner.get(key)
            if held_by is None:
                if self._has_room(winner, key, self.rules.aliases_max):
                    links.append(self._link(key, anchor, winner))
                else:
                    conflicts.append(self._conflict(key, "limit"))
            elif (other := self.canonical(held_by)) != winner:
                apart = self._families.apart(winner, other)
                if apart or not self._fit(winner, other, self.rules.aliases_max):
                    conflicts.append(self._conflict(key, "apart" if apart else "other", other))
                else:
                    merges.append(self._merge(winner, other, self._spoken(key), event_id, at))
        if not merges and not links:
            links.append(Linked(anchor, *self._checks.identifier_of(self._checks.key_of_profile(anchor))))
        return self._told(Resolution(anchor, tuple(merges), tuple(links), tuple(conflicts)), told)

    def _met(self, key: str) -> str:
        """Return the key under which the previous id of an alias call is known: callers name user and anonymous ids alike."""
        kind, _, value = key.partition(":")
        if key not in self._owner and kind in (USER_ID, "anonymous_id"):
            other = f"{'anonymous_id' if kind == USER_ID else USER_ID}:{value}"
            return other if other in self._owner else key
        return key

    def _are_one(self, keys: list[str], profile: str) -> bool:
        """Return whether all keys are known and of the person that ``profile`` belongs to."""
        canonical, owners = self.canonical, self._owner
        person = canonical(profile)
        for key in keys:
            owner = owners.get(key)
            if owner is None or (owner != person and canonical(owner) != person):
                return False
        return True

    def _usable(self, identifiers: Identifiers, conflicts: list[Conflict]) -> list[str]:
        """Return the keys of the identifiers that are somebody's, the most trusted first."""
        checks, owner, keys = self._checks, self._owner, []
        for kind, value in identifiers:
            key = checks.key_of(kind, value)
            if key in owner or not (flaw := checks.flaw_of(kind, key)):
                keys.append(key)
            elif value:
                conflicts.append(Conflict(kind, value, flaw))
        if len(keys) < 2 or (len(keys) == 2 and keys[0].startswith(USER_KEY) and not keys[1].startswith(USER_KEY)):
            return keys
        rank, last = checks.rank, len(checks.rank)
        return sorted(dict.fromkeys(keys), key=lambda key: (rank.get(key.partition(":")[0], last), key))

    def _anchor(self, keys: list[str]) -> str:
        """Return the profile of the most trusted identifier; a new one makes a profile, or joins one that has room for it."""
        head, owner = keys[0], self._owner
        anchor = owner.get(head)
        if anchor is not None:
            return anchor
        if not head.startswith(USER_KEY):
            for key in keys:
                held_by = owner.get(key)
                if held_by is not None and self._has_room(self.canonical(held_by), head):
                    return held_by
        anchor = self._checks.profile_of(head)
        self._own(head, anchor)
        self.tallies["profiles"] += 1
        return anchor

    def _told(self, found: Resolution, counted: int = 0) -> Resolution:
        for conflict in found.conflicts[counted:]:
            self.tallies[f"conflicts.{conflict.reason}"] += 1
        return found

    def _conflict(self, key: str, reason: str, held_by: str = "") -> Conflict:
        return Conflict(*self._checks.identifier_of(key), reason, held_by)

    def _spoken(self, key: str) -> str:
        return ":".join(self._checks.identifier_of(key))

    def _remember(self, identifiers: Identifiers, keys: list[str], anchor: str) -> None:
        if len(self._known) >= REMEMBERED_MAX:
            self._forget()
        self._known[identifiers] = anchor
        for key in keys:
            if key.partition(":")[0] in self._movable:
                self._known_with.setdefault(key, []).append(identifiers)

    def _forget(self) -> None:
        self._known.clear()
        self._known_with.clear()

    # ── what changes ─────────────────────────────────────────────────────────────────────────────────────────

    def _own(self, key: str, profile: str) -> None:
        """``profile`` is the one that is made for the identifier."""
        self._owner[key] = profile
        self._changed.append(Row("identifier", key, profile))

    def _link(self, key: str, profile: str, canonical: str) -> Linked:
        limited = self._limited_of(canonical)
        self._own(key, profile)
        if self._checks.profile_of(key) != profile:
            self._more[profile] = (*self._more.get(profile, ()), key)
        if key not in limited and key.partition(":")[0] not in self._unlimited:
            self._limited[canonical] = (*limited, key)
        self.tallies["links"] += 1
        return Linked(profile, *self._checks.identifier_of(key))

    def _move(self, key: str, profile: str, canonical: str) -> Linked:
        """The identifier goes to ``profile``; what it did so far stays where it is."""
        before = self._owner[key]
        whose = self.canonical(before)
        limited = tuple(one for one in self._limited_of(whose) if one != key)
        if self._checks.profile_of(key) == before:
            self._left.add(before)
            self._changed.append(Row("left", before, before))
        else:
            self._drop(before, key)
        self._limited[whose] = limited
        link = self._link(key, profile, canonical)
        if self._checks.profile_of(key) == profile:
            self._left.discard(profile)
            self._changed.append(Row("left", profile, None))
        if key in self._known_with or not self._checks.kind_of(key.partition(":")[0]).movable:
            for identifiers in self._known_with.pop(key, None) or list(self._known):
                self._known.pop(identifiers, None)
        self.tallies["moves"] += 1
        return Linked(profile, link.kind, link.value, before)

    def _drop(self, profile: str, key: str) -> None:
        rest = tuple(one for one in self._more.get(profile, ()) if one != key)
        if rest:
            self._more[profile] = rest
        else:
            self._more.pop(profile, None)

    def _merge(self, into: str, loser: str, because: str, event_id: str, at: int) -> Merged:
        """The canonical profile ``into`` has absorbed the canonical profile ``loser``."""
        more = self._limited_of(loser)
        if more:
            self._limited[into] = tuple(dict.fromkeys((*self._limited_of(into), *more)))
            self._limited.pop(loser, None)
        self._families.join(Joined(loser, into, at, because, event_id))
        self.tallies["merges"] += 1
        return Merged(into, loser, because)

    def merge(self, profile: str, loser: str, because: str, event_id: str, at: int) -> Merged | None:
        """Return the merge that somebody decided by hand, None if the two are one. Limits and separations do not hinder it."""
        self.meet(profile)
        self.meet(loser)
        into, absorbed = self.canonical(profile), self.canonical(loser)
        return None if into == absorbed else self._merge(into, absorbed, because, event_id, at)

    def unmerge(self, profile: str, loser: str, at: int) -> bool:
        """Return whether ``loser``, with all it had absorbed, was part of ``profile``'s person; it stands on its own now.

        Identifiers go with the profile they were linked to. The two are not merged by an event again.
        """
        root = self._families.part(profile, loser, at)
        if root is None:
            return False
        for side in (root, loser):
            keys = [key for one in self._families.members(side) for key in self._keys_of(one)]
            self._limited[side] = tuple(key for key in keys if self._checks.limit_of(key) is not None)
        self._forget()
        self.tallies["unmerges"] += 1
        return True

    def link(self, kind: str, value: str, profile: str) -> Linked | None:
        """Return the link that somebody made by hand, None when there is nothing to do or the value is nobody's."""
        self.meet(profile)
        key = self._checks.key_of(kind, value)
        held_by, canonical = self._owner.get(key), self.canonical(profile)
        if held_by == profile or self._checks.flaw_of(kind, key):
            return None
        return self._link(key, profile, canonical) if held_by is None else self._move(key, profile, canonical)

    def forget(self, profiles: Collection[str]) -> None:
        """Nothing of these profiles is known any more: no identifier, no merge among them or with others, no separation.

        The rows that are to go are among those of ``changed``. Cost: some µs a profile, and one look at all merges undone.
        """
        gone = frozenset(profiles)
        for profile in gone:
            for key in list(self._keys_of(profile)):
                del self._owner[key]
                self._changed.append(Row("identifier", key, None))
            self._more.pop(profile, None)
            self._limited.pop(profile, None)
            if profile in self._left:
                self._left.discard(profile)
                self._changed.append(Row("left", profile, None))
        self._families.forget(gone)
        self._forget()

    # ── limits ───────────────────────────────────────────────────────────────────────────────────────────────

    def _limited_of(self, canonical: str) -> tuple[str, ...]:
        """Return the keys of limited kinds that a person has."""
        found = self._limited.get(canonical)
        if found is not None:
            return found
        own = self._checks.key_of_profile(canonical)
        return (own,) if self._owner.get(own) == canonical and own.partition(":")[0] not in self._unlimited else ()

    def _has_room(self, canonical: str, key: str, at_least: int = 0) -> bool:
        if key.partition(":")[0] in self._unlimited:
            return True
        limit, kind = self._checks.limit_of(key) or 0, _counted(key)
        return sum(_counted(one) == kind for one in self._limited_of(canonical)) < max(limit, at_least)

    def _fit(self, one: str, other: str, at_least: int = 0) -> bool:
        """Return whether two people can be one without more of a kind than its limit."""
        theirs = self._limited_of(other)
        if not theirs:
            return True
        ours = Counter(map(_counted, self._limited_of(one)))
        for kind, count in Counter(map(_counted, theirs)).items():
            limit = self._checks.limit_of(kind + ":")
            if ours[kind] and limit is not None and ours[kind] + count > max(limit, at_least):
                return False
        return True

    # ── the log ──────────────────────────────────────────────────────────────────────────────────────────────

    def meet(self, profile: str) -> None:
        """A profile that a record names is known: the identifier of its name is its own, unless somebody else has it."""
        key = self._checks.key_of_profile(profile)
        if key not in self._owner and not self._checks.flaw_of(*self._named(key)):
            self._own(key, profile)

    def _named(self, key: str) -> tuple[str, str]:
        return self._checks.identifier_of(key)[0], key

    def learn(self, name: str, profile: str, properties: Mapping[str, Value], at: int, event_id: str = "") -> None:
        """A record of the log is taken in; records must come in log order. Decisions made by hand come in here, too."""
        if name == LINK:
            kind, value = properties.get(KIND), properties.get(VALUE)
            if isinstance(kind, str) and isinstance(value, str):
                self.link(kind, value, profile)
            return
        self.meet(profile)
        loser = properties.get(LOSER) if name in (MERGE, UNMERGE) else None
        if not isinstance(loser, str) or not loser:
            return
        if name == UNMERGE:
            self.unmerge(profile, loser, at)
        else:
            because = properties.get(BECAUSE)
            self.merge(profile, loser, because if isinstance(because, str) else "", event_id_of(event_id), at)

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────

    def profile_of(self, kind: str, value: str) -> str | None:
        """Return the person an identifier belongs to now."""
        owner = self._owner.get(self._checks.key_of(kind, value))
        return None if owner is None else self.canonical(owner)

    def find(self, text: str) -> str | None:
        """Return the person that ``text``, the id of a profile or ``kind:value``, belongs to now; None if nobody is called so."""
        named = self._checks.key_of_profile(text)
        owner = self._owner.get(named)
        if owner == text or text in self._left or text in self._more or self._families.known(text):
            return self.canonical(text)
        if owner is None:
            kind, colon, value = text.partition(":")
            return self.profile_of(kind, value) if colon else None
        return self.canonical(owner)

    def identifiers_of(self, profile: str) -> list[Identifier]:
        """Return every identifier of the person that ``profile`` belongs to, the most trusted kinds first."""
        family = self._families.members(self.canonical(profile))
        rank, last = self._checks.rank, len(self._checks.rank)
        found = (Identifier(*self._checks.identifier_of(key)) for one in family for key in self._keys_of(one))
        return sorted(found, key=lambda one: (rank.get(one.kind, last), one))

    def merges_of(self, profile: str) -> list[Joined]:
        """Return the merges that made the person, with their causes, and those of its ids that were undone, in order."""
        return self._families.causes(profile)

    def members_of(self, profile: str) -> list[str]:
        """Return the profiles that are the person ``profile`` belongs to, its canonical one first."""
        return list(self._families.members(self.canonical(profile)))

    def _keys_of(self, profile: str) -> Iterator[str]:
        own = self._checks.key_of_profile(profile)
        if self._owner.get(own) == profile:
            yield own
        yield from self._more.get(profile, ())

    # ── storage ──────────────────────────────────────────────────────────────────────────────────────────────

    def changed(self) -> list[Row]:
        """Return the rows to store since the last call, later ones over earlier ones of the same (what, key)."""
        found = list(self._changed)
        self._changed.clear()
        return found

    def rows(self) -> Iterator[Row]:
        """Yield everything as rows, for ``load``."""
        for key, profile in self._owner.items():
            yield Row("identifier", key, profile)
        for profile in self._left:
            yield Row("left", profile, profile)
        yield from self._families.rows()

    def load(self, rows: Iterable[Row]) -> None:
        """These rows, in any order, are all that is known. Cost: about a microsecond a row."""
        for row in rows:
            if row.what == "identifier":
                self._owner[row.key] = row.profile or ""
            elif row.what == "left":
                self._left.add(row.key)
            else:
                self._families.load(row)
        self._families.settle()
        held: dict[str, list[str]] = {}
        for key, profile in self._owner.items():
            own = self._checks.profile_of(key) == profile
            if not own:
                self._more[profile] = (*self._more.get(profile, ()), key)
            if self._checks.limit_of(key) is not None:
                canonical = self.canonical(profile)
                if not own or canonical != profile or canonical in held or self._families.known(profile):
                    held.setdefault(canonical, []).append(key)
        for canonical, keys in held.items():
            self._limited[canonical] = tuple(dict.fromkeys((*self._limited_of(canonical), *keys)))


def _counted(key: str) -> str:
    """Return the kind that a key counts for: of kinds without a rule, each by itself."""
    kind, _, rest = key.partition(":")
    return f"{kind}:{rest.partition(':')[0]}" if kind == EXTERNAL else kind
