"""A project in which a merge was taken back: every command says the same of both people."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.engine import definitions
from coterie.engine.explanation import explain
from coterie.engine.history import History, merges_of
from coterie.engine.identity import identities_of, merge, unmerge
from coterie.engine.matching import facts_of, people_of, propose
from coterie.engine.portrait import portrait
from coterie.engine.project import Project
from coterie.engine.replay import replay
from coterie.engine.verification import verify
from coterie.errors import NotFound, Problem
from coterie.identity.matching.proposal import Proposal
from coterie.segments.batch import Knowledge
from coterie.segments.core import Aggregate, Equals, Holds, Selector, Trait
from tests.engine.projects import DAY, NOW, project

SEGMENTS = {
    "rich": "{aggregate: {kind: sum, property: total, event: bought, at_least: 30}}",
    "pros": "{trait: {name: plan, equals: pro}}",
}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return project(
        tmp_path / "p",
        SEGMENTS,
        {"days": 30, "profile": "eve", "name": "bought", "properties": '{"total":20}', "event_id": "one"},
        {"days": 25, "profile": "ada", "name": "bought", "properties": '{"total":15}', "event_id": "two"},
        {"days": 24, "profile": "ada", "name": "$identify", "properties": '{"plan":"pro"}', "event_id": "three"},
        {"days": 20, "profile": "ada", "name": "$merge", "properties": '{"loser":"eve"}', "event_id": "four"},
        {"days": 15, "profile": "eve", "name": "bought", "properties": '{"total":40}', "event_id": "five"},
        {"days": 10, "profile": "ada", "name": "$unmerge", "properties": '{"loser":"eve"}', "event_id": "six"},
        {"days": 5, "profile": "eve", "name": "bought", "properties": '{"total":1}', "event_id": "seven"},
    )


def test_the_readers_agree_on_everybody_at_every_hard_instant(shop: Project) -> None:
    done = verify(shop, definitions.catalog(shop), count=20)
    assert (done.differences, done.difference) == (0, None)
    assert done.profiles == 2


@pytest.mark.parametrize("batch_rows", [1, 3, 100])
def test_the_changes_tell_of_the_merge_and_of_its_end(shop: Project, batch_rows: int) -> None:
    replay(shop, definitions.catalog(shop), until=NOW, batch_rows=batch_rows)
    told = [
        (row["segment"], row["profile"], row["direction"], (NOW - row["at"]) // DAY, row["cause"])
        for row in shop.changes.table().to_pylist()
    ]
    assert told == [
        ("pros", "ada", "entered", 24, "trait"),
        ("rich", "ada", "entered", 20, "merge"),
        ("rich", "ada", "exited", 10, "unmerge"),
        ("rich", "eve", "entered", 10, "unmerge"),
    ]


def test_a_person_is_shown_and_explained_as_known_then(shop: Project) -> None:
    before, after = NOW - 12 * DAY, NOW
    assert (portrait(shop, "eve", before).profile, portrait(shop, "eve", after).profile) == ("ada", "eve")
    assert (portrait(shop, "ada", before).ids, portrait(shop, "ada", after).ids) == (("eve",), ())
    assert [event.id for event in portrait(shop, "eve", after).timeline] == ["one", "five", "seven"]
    assert explain(shop, "rich", "eve", before).explanation.profile == "ada"
    assert explain(shop, "rich", "eve", after).explanation.profile == "eve"


def test_hindsight_gives_everybody_their_own_from_the_start(shop: Project) -> None:
    catalog = definitions.catalog(shop)
    with History(shop.events) as history:
        assert history.members_at(catalog, "rich", NOW - 12 * DAY) == {"ada"}
        assert history.members_at(catalog, "rich", NOW - 12 * DAY, "now") == {"eve"}


def test_decisions_by_hand_are_written_and_refused(shop: Project) -> None:
    with pytest.raises(NotFound, match="was not merged into"):
        unmerge(shop, "ada", "eve")
    merge(shop, "eve", "user_id:ada")
    assert identities_of(shop).canonical("ada") == "eve"
    with pytest.raises(Problem, match="one person already"):
        merge(shop, "ada", "eve")
    unmerge(shop, "eve", "ada")
    people = identities_of(shop)
    assert people.canonical("ada") == "ada"
    assert [(one.because, one.until is None) for one in people.merges_of("ada")] == [("", False), ("by hand", False)]


def test_matching_knows_people_as_they_are_and_merges_the_way_it_is_told(shop: Project) -> None:
    assert [(one.profile, one.traits) for one in people_of(shop, merges_of(shop.events))] == [("ada", {"plan": "pro"})]
    found = propose(shop, NOW)
    assert (found.people, found.proposed, found.accepted) == (1, 0, ())
    (fact,) = facts_of(Proposal("7", "ada", "eve", 0.99, 6.6, ()), survivor="eve")
    assert (fact.id, fact.profile, fact.properties) == ("match:7", "eve", {"loser": "ada", "because": "match:7"})
    with pytest.raises(Problem, match="neither of the two"):
        facts_of(Proposal("7", "ada", "eve", 0.99, 6.6, ()), survivor="bob")


def test_measures_are_those_of_the_person_as_then_and_as_in_hindsight(shop: Project) -> None:
    total, many = Aggregate("sum", Selector(("bought",)), "total"), Holds(Trait("plan"), Equals("pro"))
    at = NOW - 12 * DAY

    def rows(knowledge: Knowledge, at: int = at) -> list[tuple[object, ...]]:
        with History(shop.events) as history:
            table = history.measures((total, many), at, values=(Trait("plan"),), knowledge=knowledge)
        return sorted(tuple(row.values()) for row in table.to_pylist())

    assert rows("then") == [(at, "ada", 75.0, 1.0, '"pro"')]
    assert rows("now") == [(at, "ada", 15.0, 1.0, '"pro"'), (at, "eve", 60.0, 0.0, None)]
    assert rows("then", NOW) == [(NOW, "ada", 15.0, 1.0, '"pro"'), (NOW, "eve", 61.0, 0.0, None)]
