"""A published model while events come in: everybody touched is where the model says, and every record is true at its instant."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from coterie.clock import ManualClock
from coterie.engine import definitions
from coterie.engine.learning.assigning import Told, rows_of
from coterie.engine.learning.models import models_of
from coterie.engine.learning.publishing import publish_clusters, publish_served, withdraw_served
from coterie.engine.learning.standing import Standing, standing
from coterie.engine.privacy.erasure import Asked
from coterie.engine.privacy.served import Erasures
from coterie.engine.project import Project
from coterie.engine.running.state import State
from coterie.engine.running.switching import Switch
from coterie.errors import Held, InvalidDefinition
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle
from tests.engine.learning.clusters import artefact, check_records, events_of, hold, records_of, said
from tests.engine.running.served import HOUR, SECOND, START, Served, make, served, track
from tests.engine.running.test_switching import agrees_with_a_replay, segment

SEGMENTS = {
    "buyers": "{cluster: {model: habits, is: buyers}}",
    "asleep": "{cluster: {model: habits, is: sleepers}}",
    "near": "{cluster: {model: habits, distance: {less_than: 1}}}",
    "shoppers": "{did: {event: order}}",
}
OTHERS = ((0.2, 0.0, 0.0), (3.0, 3.0, 0.0), (0.5, 0.5, 2.0), (0.0, 0.0, 4.0))
OTHER_KEYS = ("lookers", "regulars", "sleepers", "gone")


def calls(rng: Random, count: int, people: int = 12) -> list[dict[str, Any]]:
    """Return calls of busy people, some of whom turn out to be others, and some of which are late."""
    found = []
    for number in range(count):
        who, what = f"u{rng.randrange(people)}", rng.choice(("view", "view", "order", "identify", "device"))
        call = track(what if what != "device" else "view", who, f"{number}-{rng.random()}", total=rng.randrange(1, 60))
        if what == "identify":
            call = {"type": "identify", "userId": who, "messageId": f"i{rng.random()}", "traits": {"plan": "pro"}}
        if what == "device":
            call["anonymousId"] = f"a{rng.randrange(people)}"
            if rng.random() < 0.5:
                del call["userId"]
        found.append(call)
    return found


def busy(one: Served, rng: Random, rounds: int, hours: tuple[float, ...] = (0.001, 0.5, 5)) -> None:
    """Events come in, and time passes."""
    for _ in range(rounds):
        sent = calls(rng, rng.randrange(1, 9))
        one.send(*sent)
        left = one.runner.between(lambda state, sent=sent: open_questions(state, sent)).result()
        assert left == [], "somebody was touched, and is not where the model says"
        one.at(one.runner.status().advanced_to + round(rng.choice(hours) * HOUR))


def open_questions(state: State, sent: list[dict[str, Any]]) -> list[Told]:
    """Return what is still to be written about the people of these calls."""
    ids = [
        (kind, call[word])
        for call in sent
        for word, kind in (("userId", "user_id"), ("anonymousId", "anonymous_id"))
        if word in call
    ]
    people = [profile for profile in (state.identities.profile_of(*one) for one in ids) if profile is not None]
    return state.assigner.ask(state.live, rows_of(state.live, people), {})


def log(one: Served) -> list[Any]:
    return events_of(one.runner.history())


def checked(one: Served) -> int:
    """Return how many records there are; each is what the model says, and the state is that of a replay."""
    catalog = one.runner.between(lambda state: state.live.catalog).result()
    agrees_with_a_replay(one)
    return check_records(one.project, log(one), catalog=catalog)


def held(one: Served, profile: str) -> dict[str, Any]:
    """Return the traits that a person has by the model, as committed."""
    found = one.runner.profile(profile)
    traits = {} if found is None else found.traits
    return {name: one.value for name, one in traits.items() if name.startswith("cluster")}


def test_every_record_is_what_the_model_says_of_all_that_had_arrived(tmp_path: Path) -> None:
    root = make(tmp_path / "p", SEGMENTS)
    hold(root, artefact())
    with served(root) as one:
        busy(one, Random(1), 40)
        assert checked(one) > 150
        for key in ("buyers", "asleep", "near"):
            assert one.members(key)
        for profile in one.members("buyers"):
            assert held(one, profile)["cluster.habits"] == "buyers"
            assert held(one, profile)["cluster_version.habits"] == 1


def test_who_is_touched_is_right_at_once_and_everybody_within_a_round(tmp_path: Path) -> None:
    root = make(tmp_path / "p", SEGMENTS)
    hold(root, artefact())
    with served(root) as one:
        one.send(
            track("view", "ada"), track("view", "ada", 1), track("view", "ada", 2), track("order", "eve", total=50)
        )
        assert held(one, "ada")["cluster.habits"] == "lookers"
        assert one.members("buyers") == ["eve"]
        assert one.members("asleep") == []
        one.at(START + 30 * HOUR)
        model = standing(models_of(one.project).load("clusters", "habits"), definitions.context(one.project))
        oracle = Oracle(Catalog.of({}), log(one))
        for who in ("ada", "eve"):
            told = held(one, who)["cluster.habits"]
            lately = [
                said(model, oracle, who, one.runner.status().advanced_to - part * HOUR // 8)[0] for part in range(9)
            ]
            assert told in lately
        assert one.members("asleep") == ["ada", "eve"]
        causes = {row.cause for row in one.runner.changes(segment="asleep").rows}
        assert causes == {"trait"}


def test_a_restart_goes_on_and_writes_nothing_twice(tmp_path: Path) -> None:
    root, clock, rng = make(tmp_path / "p", SEGMENTS), ManualClock(START), Random(2)
    hold(root, artefact())
    with served(root, clock) as one:
        busy(one, rng, 12)
        before = checked(one)
        one.at(one.runner.status().advanced_to)
    with served(root, clock) as one:
        assert checked(one) - before <= 2  # a distance that moved on by a percent while it started
        members = one.members("asleep")
        busy(one, rng, 12)
        assert checked(one) > before + 20
        assert members


def test_after_a_crash_the_log_goes_on_where_it_was_committed(tmp_path: Path) -> None:
    root, clock, rng = make(tmp_path / "p", SEGMENTS), ManualClock(START), Random(3)
    hold(root, artefact())
    for life in range(3):
        one = Served(root, clock).start()
        busy(one, rng, 6)
        if life == 1:
            one.runner.land()
            one.runner.snapshot()
            busy(one, rng, 3)
        one.crash()
    with served(root, clock) as one:
        assert checked(one) > 60
        assert [row.position for row in one.runner.changes(limit=9_999).rows if row.position >= 0]


def test_a_model_is_published_while_events_come_in_and_the_next_takes_its_place(tmp_path: Path) -> None:
    root, rng = make(tmp_path / "p", SEGMENTS), Random(4)
    with served(root) as one:
        switch = Switch(one.runner)
        switch.apply_folder()
        busy(one, rng, 10)
        assert not records_of(log(one))
        store = models_of(one.project)
        store.save(artefact())
        assert publish_served(one.runner, switch, "habits").version == 1
        one.until(lambda: len({r.profile for _, r in records_of(log(one))}) >= len(one.runner.profiles().rows))
        first = checked(one)
        busy(one, rng, 10)
        second = store.save(artefact(OTHERS, OTHER_KEYS)).version
        publish_served(one.runner, switch, "habits", second)
        busy(one, rng, 5)
        people = one.runner.profiles().rows
        one.until(lambda: all(held(one, who)["cluster_version.habits"] == second for who in people))
        assert checked(one) > first
        assert {held(one, who)["cluster.habits"] for who in people} <= set(OTHER_KEYS)
        assert one.members("buyers") == []
        assert one.runner.status().ready
        assert len(one.project.applied.history()) == 1  # no definition changed


def test_a_publication_undoes_no_edit_that_was_made_while_it_waited(tmp_path: Path) -> None:
    """The watch of drift publishes when it likes: beside somebody who edits segments."""
    root = make(tmp_path / "p", SEGMENTS)
    with served(root) as one, ThreadPoolExecutor(1) as pool:
        switch = Switch(one.runner)
        switch.apply_folder()
        models_of(one.project).save(artefact())
        with switch.alone():
            published = pool.submit(publish_served, one.runner, switch, "habits")
            one.until(lambda: models_of(one.project).published_version("clusters", "habits") == 1)
            Switch(one.runner).put(segment("lookers", {"did": {"event": "view"}}))
        assert published.result(60).version == 1
        assert "lookers" in {each.key for each in definitions.in_use(one.project)}


def test_a_model_that_is_withdrawn_leaves_nothing(tmp_path: Path) -> None:
    root = make(tmp_path / "p", SEGMENTS)
    hold(root, artefact())
    with served(root) as one:
        busy(one, Random(5), 6)
        assert one.members("near")
        withdraw_served(one.runner, Switch(one.runner), "habits")
        assert not one.members("near")
        assert not any(value is not None for who in one.runner.profiles().rows for value in held(one, who).values())
        one.send(track("view", "ada"))
        assert held(one, "ada") == {}
        agrees_with_a_replay(one)


def test_definitions_change_beside_a_live_model(tmp_path: Path) -> None:
    root, rng = make(tmp_path / "p", {**SEGMENTS, "lately": "{did: {event: view, within: 2h}}"}), Random(6)
    hold(root, artefact(population="lately"))
    with served(root) as one:
        switch = Switch(one.runner)
        switch.apply_folder()
        busy(one, rng, 8)
        edited = switch.put(segment("sleepy-buyers", {"cluster": {"model": "habits", "in": ["buyers", "lookers"]}}))
        assert edited.rows
        assert one.members("sleepy-buyers")
        busy(one, rng, 8)
        with pytest.raises(InvalidDefinition):
            switch.remove("lately")
        checked(one)
        everybody, inside = set(one.runner.profiles().rows), set(one.members("lately"))
        one.at(one.runner.status().advanced_to + 4 * HOUR)
        assert inside < everybody or inside == everybody
        assert one.members("lately") == []
        assert {held(one, who).get("cluster.habits") for who in everybody} == {
            None
        }  # outside of the population at once
        checked(one)


def test_merges_and_unmerges_take_the_records_along(tmp_path: Path) -> None:
    root = make(tmp_path / "p", SEGMENTS)
    hold(root, artefact())
    with served(root) as one:
        anonymous = {
            "type": "track",
            "event": "order",
            "messageId": "o1",
            "anonymousId": "a9",
            "properties": {"total": 90},
        }
        one.send(anonymous, track("view", "ada"))
        assert one.members("buyers") == ["anonymous_id:a9"]
        one.send({"type": "identify", "userId": "ada", "anonymousId": "a9", "messageId": "i1"})
        assert one.members("buyers") == ["ada"]
        one.send(*(anonymous | {"event": "view", "messageId": f"v{number}"} for number in range(9)))
        one.clock.advance_to(START + SECOND)
        one.put({"id": "u1", "name": "$unmerge", "profile": "ada", "properties": {"loser": "anonymous_id:a9"}})
        assert one.members("buyers") == ["anonymous_id:a9"]
        assert held(one, "ada")["cluster.habits"] == "lookers"
        newest = {record.profile: record.received_at for _, record in records_of(log(one))}
        assert newest["anonymous_id:a9"] == newest["ada"] > START + SECOND  # both are looked at anew
        checked(one)


def test_an_erased_person_is_in_no_record(tmp_path: Path) -> None:
    root, rng = make(tmp_path / "p", SEGMENTS), Random(7)
    hold(root, artefact())
    with served(root) as one:
        busy(one, rng, 10)
        receipt = Erasures(one.runner).erase(Asked(who=["u3"]))
        assert receipt.is_complete, receipt
        assert "u3" not in {record.profile for _, record in records_of(log(one))}
        before = len(records_of(log(one)))
        one.at(one.runner.status().advanced_to + 3 * HOUR)
        busy(one, Random(8), 4)
        assert len(records_of(log(one))) > before
        assert "u3" not in {event.profile for event in log(one)}


def test_offline_everybody_is_where_the_model_says_and_a_server_goes_on_from_there(tmp_path: Path) -> None:
    root, rng, clock = make(tmp_path / "p", SEGMENTS), Random(9), ManualClock(START)
    with served(root, clock) as one:
        busy(one, rng, 10)
        with pytest.raises(Held):
            publish_clusters(one.project, "habits")
    project = Project(root, clock)
    models_of(project).save(artefact())
    done = publish_clusters(project, "habits")
    assert done.written == done.people == sum(done.sizes.values()) > 8
    again = publish_clusters(project, "habits")
    assert again.written <= again.people // 2
    with served(root, clock) as one:
        assert sorted(one.members("buyers")) == sorted(
            who for who in one.runner.profiles().rows if held(one, who)["cluster.habits"] == "buyers"
        )
        busy(one, rng, 5)
        checked(one)


def test_a_model_that_fails_takes_no_event_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(tmp_path / "p", SEGMENTS)
    hold(root, artefact())
    with served(root) as one:
        one.send(track("view", "ada"))
        assert held(one, "ada")

        def fail(self: Standing, measured: object) -> None:
            raise ZeroDivisionError("planted")

        with monkeypatch.context() as broken:
            broken.setattr(Standing, "judge", fail)
            one.send(track("order", "ada"), track("view", "eve"))
        assert one.members("shoppers") == ["ada"]
        assert held(one, "eve") == {}
        assert any("planted" in text for text in one.runner.status().warnings)
        one.send(track("view", "eve", 1))
        assert held(one, "eve") == {}
        switch = Switch(one.runner)
        switch.apply_folder()
        publish_served(one.runner, switch, "habits")
        one.send(track("view", "eve", 2))
        assert held(one, "eve")["cluster.habits"]


def test_a_live_model_may_not_look_at_what_models_write(tmp_path: Path) -> None:
    root = make(tmp_path / "p", SEGMENTS)
    project = Project(root, ManualClock(START))
    models_of(project).save(artefact(population="buyers"))
    with pytest.raises(InvalidDefinition, match="what live models write"):
        publish_clusters(project, "habits")
    models_of(project).save(artefact(population="nobody-knows"))
    with pytest.raises(InvalidDefinition, match="not evaluated live"):
        publish_clusters(project, "habits")


def test_live_and_batch_say_the_same_of_everybody(tmp_path: Path) -> None:
    root, rng = make(tmp_path / "p", SEGMENTS), Random(10)
    hold(root, artefact())
    with served(root) as one:
        busy(one, rng, 20)
        live, rows, profiles = one.runner.between(
            lambda state: (
                state.live.copy(),
                state.live.known_rows(),
                state.live.profiles.ids_of(state.live.known_rows()).to_pylist(),
            )
        ).result()
        one.runner.land()
        from coterie.engine.learning.publishing import measured

        model = standing(models_of(one.project).load("clusters", "habits"), definitions.context(one.project))
        who, batch = measured(Project(root, one.clock), model, live.now)
        order = np.argsort(profiles)
        assert [profiles[place] for place in order] == who
        found = live.measure("habits", rows)[order]
        np.testing.assert_array_equal(found, batch)
        one_by_one = np.concatenate([model.judge(found[row : row + 1]).distances for row in range(len(found))])
        np.testing.assert_array_equal(one_by_one, model.judge(found).distances)
