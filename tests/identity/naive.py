"""Who is who, computed the obvious way: every question looks at all identifiers, nothing is remembered but the facts."""

from __future__ import annotations

from coterie.identity.resolution import Conflict, Linked, Merged, Resolution
from coterie.identity.rules import USER_ID, Checks, Rules

Identifiers = tuple[tuple[str, str], ...]


class Naive:
    """What ``Identities`` must say, one rule after another."""

    def __init__(self, rules: Rules) -> None:
        self.checks, self.rules = Checks(rules), rules
        self.owner: dict[str, str] = {}
        self.parent: dict[str, str] = {}
        self.apart: set[frozenset[str]] = set()

    def canonical(self, profile: str) -> str:
        while profile in self.parent:
            profile = self.parent[profile]
        return profile

    def keys(self, person: str, kind: str) -> set[str]:
        return {key for key, owner in self.owner.items() if self.canonical(owner) == person and self.kind(key) == kind}

    def kind(self, key: str) -> str:
        return self.checks.identifier_of(key)[0]

    def limit(self, kind: str, alias: bool) -> float:
        limit = self.checks.kind_of(kind).limit
        return float("inf") if limit is None else max(limit, self.rules.aliases_max if alias else 0)

    def room(self, person: str, key: str, alias: bool = False) -> bool:
        kind = self.kind(key)
        return len(self.keys(person, kind)) + 1 <= self.limit(kind, alias)

    def fit(self, one: str, other: str, alias: bool = False) -> bool:
        for kind in {self.kind(key) for key in self.owner}:
            both = len(self.keys(one, kind)), len(self.keys(other, kind))
            if all(both) and sum(both) > self.limit(kind, alias):
                return False
        return True

    def separated(self, one: str, other: str) -> bool:
        return any({self.canonical(each) for each in pair} == {one, other} for pair in self.apart)

    def usable(self, identifiers: Identifiers, conflicts: list[Conflict]) -> list[str]:
        found = []
        for kind, value in identifiers:
            key = self.checks.key_of(kind, value)
            flaw = "" if key in self.owner else self.checks.flaw_of(kind, key)
            if not flaw:
                found.append(key)
            elif value:
                conflicts.append(Conflict(kind, value, flaw))
        order = [kind.kind for kind in self.rules.kinds]
        return sorted(set(found), key=lambda key: (order.index(self.kind(key)) if self.kind(key) in order else 99, key))

    def resolve(self, identifiers: Identifiers) -> Resolution:
        conflicts: list[Conflict] = []
        keys = self.usable(identifiers, conflicts)
        if not keys:
            return Resolution(None, conflicts=tuple(conflicts))
        anchor = self.owner.get(keys[0])
        if anchor is None and self.kind(keys[0]) != USER_ID:
            known = [self.owner[key] for key in keys if key in self.owner]
            anchor = next((one for one in known if self.room(self.canonical(one), keys[0])), None)
        if anchor is None:
            anchor = self.owner[keys[0]] = self.checks.profile_of(keys[0])
        merges: list[Merged] = []
        links: list[Linked] = []
        for key in keys:
            self._take(key, anchor, merges, links, conflicts)
        return Resolution(anchor, tuple(merges), tuple(links), tuple(conflicts))

    def _take(
        self,
        key: str,
        anchor: str,
        merges: list[Merged],
        links: list[Linked],
        conflicts: list[Conflict],
        alias: bool = False,
    ) -> None:
        winner, owner = self.canonical(anchor), self.owner.get(key)
        other = None if owner is None else self.canonical(owner)
        if other == winner:
            return
        kind, value = self.checks.identifier_of(key)
        if owner is None or other is None:
            if self.room(winner, key, alias):
                self.owner[key] = anchor
                links.append(Linked(anchor, kind, value))
            else:
                conflicts.append(Conflict(kind, value, "limit"))
        elif not self.separated(winner, other) and self.fit(winner, other, alias):
            self.parent[other] = winner
            merges.append(Merged(winner, other, f"{kind}:{value}"))
        elif not alias and self.checks.kind_of(kind).movable and self.room(winner, key):
            self.owner[key] = anchor
            links.append(Linked(anchor, kind, value, owner))
        else:
            conflicts.append(Conflict(kind, value, "apart" if self.separated(winner, other) else "other", other))

    def alias(self, previous: Identifiers, identifiers: Identifiers) -> Resolution:
        found = self.resolve(identifiers)
        conflicts = list(found.conflicts)
        if found.profile is None:
            found, previous = self.resolve(previous), ()
            conflicts += found.conflicts
        anchor = found.profile
        if anchor is None:
            return Resolution(None, conflicts=tuple(conflicts))
        merges, links = list(found.merges), list(found.links)
        for key in self.usable(previous, conflicts):
            kind, value = self.checks.identifier_of(key)
            twin = {USER_ID: f"anonymous_id:{value}", "anonymous_id": f"{USER_ID}:{value}"}.get(kind, "")
            told = twin if key not in self.owner and twin in self.owner else key
            self._take(told, anchor, merges, links, conflicts, alias=True)
        if not merges and not links:
            links.append(Linked(anchor, *self.checks.identifier_of(self.checks.key_of_profile(anchor))))
        return Resolution(anchor, tuple(merges), tuple(links), tuple(conflicts))

    def meet(self, profile: str) -> None:
        key = self.checks.key_of_profile(profile)
        if key not in self.owner and not self.checks.flaw_of(self.kind(key), key):
            self.owner[key] = profile

    def merge(self, profile: str, loser: str) -> None:
        self.meet(profile)
        self.meet(loser)
        into, gone = self.canonical(profile), self.canonical(loser)
        if into != gone:
            self.apart = {pair for pair in self.apart if {self.canonical(one) for one in pair} != {into, gone}}
            self.parent[gone] = into

    def unmerge(self, profile: str, loser: str) -> None:
        self.meet(profile)
        root = self.canonical(profile)
        if loser not in self.parent or self.canonical(loser) != root:
            return
        others = {self.parent.pop(loser), root}
        if self.canonical(profile) == root:
            others.add(profile)
        self.apart |= {frozenset((loser, other)) for other in others}

    def link(self, kind: str, value: str, profile: str) -> None:
        self.meet(profile)
        key = self.checks.key_of(kind, value)
        if not self.checks.flaw_of(kind, key):
            self.owner[key] = profile
