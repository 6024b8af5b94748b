from __future__ import annotations

from pathlib import Path

import pytest

from coterie.engine import definitions, verification
from coterie.engine.explanation import explain
from coterie.engine.portrait import portrait
from coterie.engine.project import Project
from coterie.engine.readers import by_batch
from coterie.engine.replay import replay
from coterie.engine.verification import verify
from coterie.errors import NotFound
from tests.engine.projects import DAY, NOW, project

SEGMENTS = {
    "buyers": "{did: {event: bought, within: 10d}}",
    "silent": "{inactive: {for: 7d}}",
    "rich": "{aggregate: {kind: sum, property: total, event: bought, at_least: 30}}",
}


def shop(folder: Path) -> Project:
    merge = {"name": "$merge", "properties": '{"loser":"eve"}', "event_id": "merge"}
    return project(
        folder / "p",
        SEGMENTS,
        {"days": 30, "profile": "eve", "name": "bought", "properties": '{"total":20}', "event_id": "one"},
        {"days": 25, "profile": "ada", "name": "bought", "properties": '{"total":15}', "event_id": "two"},
        {"days": 20, "profile": "ada", **merge},
        {
            "days": 15,
            "late": 5,
            "profile": "bob",
            "name": "bought",
            "properties": '{"total":40.5}',
            "event_id": "three",
        },
        {"days": 4, "profile": "eve", "name": "viewed", "event_id": "four"},
    )


def test_the_proof_covers_everybody_at_instants_with_merges_and_late_events(tmp_path: Path) -> None:
    made = shop(tmp_path)
    done = verify(made, definitions.catalog(made), count=15)
    assert (done.differences, done.difference) == (0, None)
    assert len(done.instants) >= 5
    assert done.profiles == 3
    assert {one.key for one in done.segments} == set(SEGMENTS)
    assert done.judged == sum(one.judged for one in done.segments) > 0


def test_instants_can_be_named(tmp_path: Path) -> None:
    made = shop(tmp_path)
    catalog = definitions.catalog(made)
    done = verify(made, catalog, instants=[NOW - 20 * DAY, NOW - 20 * DAY - 1, NOW])
    assert done.instants == (NOW - 20 * DAY - 1, NOW - 20 * DAY, NOW)
    rich = next(one for one in done.segments if one.key == "rich")
    assert rich.members == 0 + 1 + 2, "nobody, ada by the merge, then bob too"


def test_nothing_is_no_proof(tmp_path: Path) -> None:
    made = project(tmp_path / "p", {}, {"days": 1, "profile": "eve", "name": "bought", "event_id": "one"})
    with pytest.raises(NotFound, match="no segment"):
        verify(made, definitions.catalog(made))


def test_a_difference_is_found_and_made_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = shop(tmp_path)

    def blind(catalog, log, merges, instants):  # type: ignore[no-untyped-def]
        return by_batch(catalog, log, type(merges)(), instants)

    monkeypatch.setattr("coterie.engine.readers.by_batch", blind)
    monkeypatch.setattr(verification, "History", _blind_history())
    found = verify(made, definitions.catalog(made), instants=[NOW]).difference
    assert found is not None
    assert found.profile in ("ada", "eve")
    assert "merge" in {event.id for event in found.events}
    assert len(found.events) <= 3
    assert found.members["oracle"] == found.members["live"] != found.members["batch"]


def _blind_history() -> type:
    from coterie.engine import history

    class Blind(history.History):
        def __init__(self, store):  # type: ignore[no-untyped-def]
            super().__init__(store)
            self._relation = self._duck.add_log(store.files())

    return Blind


def test_a_replay_keeps_every_change_with_its_cause(tmp_path: Path) -> None:
    made = shop(tmp_path)
    done = replay(made, definitions.catalog(made), until=NOW, batch_rows=2)
    assert (done.events, done.counts) == (5, {"buyers": 0, "rich": 2, "silent": 1})
    rows = made.changes.table(segment="rich").to_pylist()
    assert [(row["profile"], row["direction"], row["cause"], row["event_id"]) for row in rows] == [
        ("ada", "entered", "merge", "merge"),
        ("bob", "entered", "late", "three"),
    ]
    timers = [row for row in made.changes.table(segment="buyers", profile="eve").to_pylist() if row["cause"] == "timer"]
    assert [(row["direction"], row["at"]) for row in timers] == [("exited", NOW - 20 * DAY)]
    again = replay(made, definitions.catalog(made), until=NOW - 21 * DAY)
    assert (again.events, again.until) == (2, NOW - 21 * DAY)
    assert made.changes.table().num_rows == again.changes


def test_a_portrait_follows_the_merge(tmp_path: Path) -> None:
    made = shop(tmp_path)
    found = portrait(made, "eve", NOW)
    assert (found.profile, found.ids) == ("ada", ("eve",))
    assert found.activity == {"bought": 2, "$merge": 1, "viewed": 1}
    assert [(move.segment, move.cause) for move in found.memberships] == [("rich", "merge")]
    before = portrait(made, "eve", NOW - 21 * DAY)
    assert (before.profile, before.ids, before.activity) == ("eve", (), {"bought": 1})


def test_an_explanation_is_about_the_person_that_the_id_belongs_to(tmp_path: Path) -> None:
    made = shop(tmp_path)
    found = explain(made, "rich", "eve", NOW)
    assert (found.asked_for, found.explanation.profile, found.explanation.member) == ("eve", "ada", True)
    assert set(found.events) == {"one", "two"}
    assert explain(made, "rich", "eve", NOW - 21 * DAY).explanation.profile == "eve"
