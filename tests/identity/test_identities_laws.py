"""Whatever comes in, identities say what the obvious computation says, and the log alone gives them back."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from coterie.identity.identities import Identities
from coterie.identity.merges import Merges, decision_of
from coterie.identity.resolution import Row, records_of
from coterie.identity.rules import Kind, Rules
from coterie.model import LINK, MERGE, UNMERGE, Event
from tests.identity.naive import Naive

RULES = Rules(
    kinds=(
        Kind(kind="user_id", limit=1),
        Kind(kind="email", limit=2, normal="lower"),
        Kind(kind="device_id", limit=2, movable=True),
        Kind(kind="anonymous_id", movable=True),
    ),
    unknown_limit=1,
    aliases_max=2,
)
"""Limits small enough to be hit all the time."""
IDENTIFIER = st.one_of(
    st.tuples(st.just("user_id"), st.sampled_from(("ada", "bob", "anonymous_id:x1", "null"))),
    st.tuples(st.just("email"), st.sampled_from(("a@x", "B@x", "b@x", "c@x"))),
    st.tuples(st.just("device_id"), st.sampled_from(("d1", "d2", "d3"))),
    st.tuples(st.just("anonymous_id"), st.sampled_from(("x1", "x2", "x3", "ada"))),
    st.tuples(st.just("crm"), st.sampled_from(("1", "2"))),
)
USUAL = (
    (("user_id", "ada"), ("anonymous_id", "x1")),
    (("user_id", "bob"), ("anonymous_id", "x1")),
    (("anonymous_id", "x1"), ("device_id", "d1")),
    (("anonymous_id", "x1"),),
)
"""Sets that come again and again, as they do in life."""
SETS = st.one_of(st.sampled_from(USUAL), st.lists(IDENTIFIER, min_size=1, max_size=4).map(tuple))
PROFILE = st.sampled_from(("ada", "bob", "anonymous_id:x1", "anonymous_id:x2", "device_id:d1", "email:a@x", "zoe"))
STEP = st.one_of(
    st.tuples(st.just("event"), SETS),
    st.tuples(st.just("event"), SETS),
    st.tuples(st.just("event"), SETS),
    st.tuples(st.just("alias"), SETS, SETS),
    st.tuples(st.sampled_from((MERGE, UNMERGE, UNMERGE)), PROFILE, PROFILE),
    st.tuples(st.just("undo"), st.integers(0, 9)),
    st.tuples(st.just(LINK), IDENTIFIER, PROFILE),
)
HASTE = {"phases": (Phase.generate,), "derandomize": True} if os.environ.get("LAWS_IN_HASTE") else {}
"""A planted fault need only be noticed, always by the same examples, and not made small."""
LIVES = st.lists(STEP, max_size=25)


class Life:
    """A stream of steps given to ``Identities`` and to the naive ones; ``log`` is what was written down."""

    def __init__(self) -> None:
        self.identities, self.naive = Identities(RULES), Naive(RULES)
        self.log: list[Event] = []
        self.stored: dict[tuple[str, str], Row] = {}

    def live(self, steps: list[tuple[Any, ...]]) -> None:
        for at, step in enumerate(steps):
            self.step(at, *step)
            for row in self.identities.changed():
                if row.profile is None:
                    self.stored.pop((row.what, row.key), None)
                else:
                    self.stored[row.what, row.key] = row
            self.compare()

    def step(self, at: int, what: str, *about: Any) -> None:
        event_id = f"e{at}"
        if what == "undo":
            done = [(e.profile, e.properties["loser"]) for e in self.log if e.name == MERGE]
            if not done:
                return
            what, about = UNMERGE, done[about[0] % len(done)]
        if what == "event":
            self.event(event_id, at, about[0])
        elif what == "alias":
            found = self.identities.alias(*about, event_id, at)
            assert found == self.naive.alias(*about)
            before, after = records_of(found, event_id, at)
            self.log += [*before, *after]
        else:
            self.decide(event_id, at, what, *about)

    def event(self, event_id: str, at: int, identifiers: Any) -> None:
        known = self.identities.known(identifiers)
        expected = self.naive.resolve(identifiers)
        if known is not None:
            assert (known, (), (), ()) == (expected.profile, expected.merges, expected.links, expected.conflicts)
            found = expected
        else:
            found = self.identities.resolve(identifiers, event_id, at)
            assert found == expected
        if found.profile is not None:
            before, after = records_of(found, event_id, at)
            event = Event(id=event_id, profile=found.profile, name="visit", occurred_at=at, received_at=at)
            self.log += [*before, event, *after]

    def decide(self, event_id: str, at: int, name: str, one: Any, other: Any) -> None:
        if name == LINK:
            profile, said = other, {"kind": one[0], "value": one[1]}
            self.naive.link(*one, profile)
        else:
            profile, said = one, {"loser": other}
            (self.naive.merge if name == MERGE else self.naive.unmerge)(one, other)
        event = Event(id=event_id, profile=profile, name=name, occurred_at=at, received_at=at, properties=said)
        self.identities.learn(name, profile, said, at, event_id)
        self.log.append(event)

    def compare(self) -> None:
        for key, owner in self.naive.owner.items():
            assert self.identities.profile_of(*RULES_CHECKS.identifier_of(key)) == self.naive.canonical(owner)
        everybody = {*self.naive.owner.values(), *self.naive.parent, *self.naive.parent.values()}
        for profile in everybody:
            assert self.identities.canonical(profile) == self.naive.canonical(profile)
            assert self.identities.find(profile) == self.naive.canonical(profile), profile
        for person in {self.naive.canonical(one) for one in everybody}:
            expected = {
                RULES_CHECKS.identifier_of(key)
                for key, owner in self.naive.owner.items()
                if self.naive.canonical(owner) == person
            }
            assert {(one.kind, one.value) for one in self.identities.identifiers_of(person)} == expected


RULES_CHECKS = Naive(RULES).checks


def told(identities: Identities) -> dict[tuple[str, str], Row]:
    return {(row.what, row.key): row for row in identities.rows()}


@settings(max_examples=400, deadline=None, **HASTE)
@given(LIVES)
def test_identities_say_what_the_obvious_computation_says(steps: list[tuple[Any, ...]]) -> None:
    Life().live(steps)


@settings(max_examples=400, deadline=None, **HASTE)
@given(LIVES, LIVES)
def test_the_log_gives_the_identities_back_and_they_go_on_alike(steps: list[Any], more: list[Any]) -> None:
    life = Life()
    life.live(steps)
    learned = Identities(RULES)
    for event in life.log:
        learned.learn(event.name, event.profile, event.properties, event.received_at, event.id)
    assert told(learned) == told(life.identities)
    life.identities = learned
    life.live(more)


@settings(max_examples=400, deadline=None, **HASTE)
@given(LIVES, LIVES)
def test_stored_rows_give_the_identities_back_and_they_go_on_alike(steps: list[Any], more: list[Any]) -> None:
    life = Life()
    life.live(steps)
    assert told(life.identities) == life.stored
    loaded = Identities(RULES)
    loaded.load(life.stored.values())
    assert told(loaded) == life.stored
    life.identities = loaded
    life.live(more)


@settings(max_examples=150, deadline=None, **HASTE)
@given(LIVES)
def test_merges_of_the_log_agree_with_the_identities(steps: list[Any]) -> None:
    """The readers follow ``$merge`` and ``$unmerge`` on their own; they come to the same canonical profiles."""
    life = Life()
    life.live(steps)
    decisions = (decision_of(event, position) for position, event in enumerate(life.log))
    merges = Merges(decision for decision in decisions if decision is not None)
    for profile in {event.profile for event in life.log}:
        assert merges.canonical(profile) == life.identities.canonical(profile)


@settings(max_examples=150, deadline=None, **HASTE)
@given(LIVES, SETS)
def test_an_event_that_comes_again_changes_nothing(steps: list[Any], identifiers: Any) -> None:
    life = Life()
    life.live(steps)
    first = life.identities.resolve(identifiers, "again", 99)
    second = life.identities.resolve(identifiers, "again", 99)
    assert (second.profile, second.merges, second.links) == (first.profile, (), ())
