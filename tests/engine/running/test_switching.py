"""Definitions change while events come in: the same members and the same changes as if the log had been read again."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from coterie.engine import definitions
from coterie.engine.publication import publish
from coterie.engine.running import applying, snapshots
from coterie.engine.running.switching import Edited, Switch
from coterie.errors import Conflict, InvalidDefinition, NotFound
from coterie.segments.definition import Segment
from coterie.segments.live import Live
from coterie.segments.parse import parse
from coterie.storage.applied import AppliedStore
from coterie.storage.state import applies
from tests.engine.running.served import HOUR, SECOND, SEGMENTS, START, Served, make, served, track


def segment(key: str, when: dict[str, Any], **fields: Any) -> Segment:
    return parse({"key": key, "when": when, **fields}, f"{key}.yaml")


OFTEN = {"did": {"event": "view", "at_least": 3}}
ONCE = {"did": {"event": "view", "at_least": 1}}
BUYER = {"did": {"event": "order", "where": {"total": {"greater_than": 10}}}}


def calls(seed: int, count: int, people: int = 40) -> list[dict[str, Any]]:
    """Return calls of busy people."""
    rng, found = Random(seed), []
    for number in range(count):
        name = rng.choice(("view", "view", "add_to_cart", "order", "other"))
        found.append(track(name, f"u{rng.randrange(people)}", f"{seed}-{number}", total=rng.randrange(30)))
    return found


def agrees_with_a_replay(one: Served) -> None:
    """The members are those of a reader that began with the present definitions and read the whole log; the change log retells them."""
    state = one.runner.between(lambda state: (state.live.catalog, state.now, state.live.copy())).result()
    catalog, now, live = state
    done = 0
    fresh = Live(catalog, history=lambda ids: one.runner.log.of_profiles(ids, done))
    for table in one.runner.history(rows_max=100):
        fresh.apply(table)
        done += table.num_rows
    fresh.advance(now)
    told: set[tuple[str, str]] = set()
    for row in one.runner.changes(limit=1_000_000).rows:
        here = (row.segment, row.profile)
        assert (here in told) == (row.direction == "exited"), f"a change that changes nothing: {row}"
        told ^= {here}
    for key in catalog.keys:
        assert live.members(key) == fresh.members(key) == one.members(key), key
        assert {profile for segment, profile in told if segment == key} == set(fresh.members(key)), key
    assert {segment for segment, _ in told} <= set(one.runner.counts())


def moved(edited: Edited) -> dict[str, tuple[str, int, int, int]]:
    return {
        row.key: (row.difference, row.version, row.entered, row.exited)
        for row in edited.rows
        if row.difference != "same"
    }


def test_a_new_segment_finds_dormant_people_and_its_file_is_written(tmp_path: Path) -> None:
    with served(make(tmp_path / "p", {"twice": SEGMENTS["twice"]})) as one:
        one.send(*calls(1, 400))
        switch = Switch(one.runner)
        before = one.runner.status().sequence
        edited = switch.put(segment("buyers", BUYER))
        assert moved(edited)["buyers"][:2] == ("new", 1)
        assert edited.rows[0].entered == len(one.members("buyers")) > 10
        assert (edited.after, edited.until) == (before, before + edited.rows[0].entered)
        causes = {row.cause for row in one.runner.changes(after=before, limit=10_000).rows}
        assert causes == {"edit"}
        assert definitions.on_disk(one.project) == definitions.in_force(one.project)
        agrees_with_a_replay(one)
        one.send(track("view", "late", 1), track("view", "late", 2))
        assert "late" in one.members("twice")


def test_a_changed_rule_gets_the_next_version_and_tells_who_leaves_and_enters(tmp_path: Path) -> None:
    with served(
        make(tmp_path / "p", {"some": "{did: {event: view, at_least: 3}}", "none": "{not: {in_segment: some}}"})
    ) as one:
        one.send(*calls(2, 120))
        switch = Switch(one.runner)
        assert switch.apply_folder().number == 1
        held, outside = set(one.members("some")), set(one.members("none"))
        edited = switch.put(segment("some", ONCE))
        now = set(one.members("some"))
        assert held < now
        assert moved(edited) == {"some": ("changed", 2, len(now - held), 0), "none": ("follows", 1, 0, len(now - held))}
        assert set(one.members("none")) == outside - now
        again = switch.put(segment("some", OFTEN))
        assert moved(again)["some"][1:3] == (3, 0)
        assert set(one.members("some")) == held
        agrees_with_a_replay(one)
        assert switch.put(segment("some", OFTEN, version=3)).number == 0


def test_a_removed_segment_is_gone_and_one_that_is_referred_to_stays(tmp_path: Path) -> None:
    with served(make(tmp_path / "p", {"some": "{did: {event: view}}", "none": "{not: {in_segment: some}}"})) as one:
        one.send(*calls(3, 80))
        switch = Switch(one.runner)
        switch.apply_folder()
        before = one.runner.status().sequence
        with pytest.raises(InvalidDefinition):
            switch.remove("some")
        with pytest.raises(NotFound):
            switch.remove("unknown")
        assert one.runner.status().sequence == before
        held = len(one.members("none"))
        edited = switch.remove("none")
        assert moved(edited) == {"none": ("removed", 1, 0, held)}
        assert "none" not in one.runner.counts()
        assert not (one.project.root / "segments" / "none.yaml").exists()
        with pytest.raises(NotFound):
            one.runner.members("none")
        agrees_with_a_replay(one)


def test_a_plan_says_what_the_edit_then_does_and_changes_nothing(tmp_path: Path) -> None:
    with served(make(tmp_path / "p")) as one:
        one.send(*calls(4, 300))
        switch = Switch(one.runner)
        switch.apply_folder()
        wanted = switch.with_one(segment("twice", OFTEN))
        before = one.runner.status().sequence
        plan = switch.plan(wanted)
        assert one.runner.status().sequence == before
        edited = switch.edit(wanted)
        said = {row.key: (row.difference, row.version, len(row.entered), len(row.exited)) for row in plan.rows}
        assert {key: said[key] for key in moved(edited)} == moved(edited)


def test_a_version_that_is_not_in_force_is_a_conflict(tmp_path: Path) -> None:
    with served(make(tmp_path / "p")) as one:
        switch = Switch(one.runner)
        switch.put(segment("new", ONCE), expected=0)
        with pytest.raises(Conflict):
            switch.put(segment("new", OFTEN), expected=0)
        assert moved(switch.put(segment("new", OFTEN), expected=1))["new"][:2] == ("changed", 2)


def test_backfill_races_with_live_traffic_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    """Story E1."""
    with served(make(tmp_path / "p")) as one:
        one.send(*calls(5, 2_000))
        switch, stop = Switch(one.runner), threading.Event()

        def traffic() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                one.clock.advance_to(one.clock.now() + SECOND)
                one.send(*calls(100 + number, 40))

        thread = threading.Thread(target=traffic)
        thread.start()
        try:
            rows = []
            for wanted in (
                segment("buyers", BUYER),
                segment("twice", OFTEN),
                segment("twice", ONCE),
                segment("pro", BUYER),
            ):
                rows.append(switch.put(wanted))
            rows.append(switch.remove("left-cart"))
            one.until(lambda: one.runner.status().log_position > 6_000)
        finally:
            stop.set()
            thread.join()
        agrees_with_a_replay(one)
        assert all(one.after <= one.until for one in rows)
        assert [a.until <= b.after for a, b in pairwise(rows)] == [True] * 4


def test_arrivals_between_copy_and_switch_are_caught_up(tmp_path: Path) -> None:
    with served(make(tmp_path / "p")) as one:
        one.send(*calls(6, 500))
        sent: list[str] = []

        def told(stage: str) -> None:
            sent.append(stage)
            one.clock.advance_to(one.clock.now() + SECOND)
            if stage in ("copied", "filled", "caught up"):
                one.send(*calls(200 + len(sent), 100))

        edited = Switch(one.runner, told).put(segment("buyers", BUYER))
        assert sent == ["planned", "copied", "filled", "caught up", "committed", "written"]
        assert edited.rows_caught_up >= 300
        agrees_with_a_replay(one)


def test_merges_and_what_undoes_them_between_copy_and_switch(tmp_path: Path) -> None:
    with served(make(tmp_path / "p")) as one:
        one.send(*calls(12, 300, people=6))
        one.put({"id": "m0", "name": "$merge", "profile": "u0", "properties": {"loser": "u1"}})
        one.send(*calls(13, 100, people=6))
        facts = {
            "copied": {"id": "m1", "name": "$merge", "profile": "u2", "properties": {"loser": "u3"}},
            "filled": {"id": "n0", "name": "$unmerge", "profile": "u0", "properties": {"loser": "u1"}},
            "caught up": {"id": "n1", "name": "$unmerge", "profile": "u2", "properties": {"loser": "u3"}},
        }

        def told(stage: str) -> None:
            if stage in facts:
                one.clock.advance_to(one.clock.now() + SECOND)
                one.put(facts[stage])
                one.send(*calls(len(stage), 30, people=6))

        Switch(one.runner, told).edit([segment("twice", OFTEN), segment("buyers", BUYER)])
        agrees_with_a_replay(one)
        assert {"u0", "u1", "u2", "u3"} <= set(one.members("twice"))


class Crash(BaseException):
    """The process is gone here."""


@pytest.mark.parametrize("stage", ["planned", "copied", "filled", "caught up", "committed", "written"])
def test_a_crash_leaves_the_old_definitions_or_the_new_ones(tmp_path: Path, stage: str) -> None:
    one = Served(make(tmp_path / "p", {"twice": SEGMENTS["twice"], "pro": SEGMENTS["pro"]}), _clock()).start()
    one.send(*calls(7, 300))
    Switch(one.runner).apply_folder()
    old = definitions.in_force(one.project)

    def told(found: str) -> None:
        if found == stage:
            raise Crash

    with pytest.raises(Crash):
        Switch(one.runner, told).edit([segment("twice", OFTEN), segment("buyers", BUYER)], own=("twice", "buyers"))
    image = frozen(one, tmp_path / "image")
    one.stop()
    with served(image, _clock()) as again:
        new = stage in ("committed", "written")
        found = definitions.in_force(again.project)
        assert [one.key for one in found] == (["buyers", "twice"] if new else ["pro", "twice"])
        assert new or found == old
        assert set(again.runner.counts()) == ({"buyers", "twice"} if new else {"pro", "twice"})
        assert not new or definitions.on_disk(again.project)[0].key == "buyers"
        agrees_with_a_replay(again)
        again.send(*calls(8, 100))
        agrees_with_a_replay(again)


@pytest.mark.parametrize("step", ["definition", "record", "forget"])
def test_a_crash_while_the_files_are_written_is_made_good_by_the_next_start(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any) -> None:
        raise Crash

    one = Served(make(tmp_path / "p", {"twice": SEGMENTS["twice"]}), _clock()).start()
    one.send(*calls(7, 100))
    with monkeypatch.context() as patch:
        homes = {
            "definition": (applying, "write_definition"),
            "record": (AppliedStore, "record"),
            "forget": (applies, "forget"),
        }
        patch.setattr(*homes[step], crash)
        with pytest.raises(Crash):
            Switch(one.runner).put(segment("twice", OFTEN))
    image = frozen(one, tmp_path / "image")
    one.stop()
    with served(image, _clock()) as again:
        found = definitions.in_force(again.project)
        assert found == definitions.on_disk(again.project)
        assert len(again.project.applied.history()) == 1
        assert applies.waiting(again.runner.database.reader()) == []
        agrees_with_a_replay(again)


def test_the_folder_and_its_lists_are_applied_as_one(tmp_path: Path) -> None:
    root = make(tmp_path / "p", {"twice": SEGMENTS["twice"]})
    with served(root) as one:
        one.send(*calls(11, 50))
        switch = Switch(one.runner)
        (root / "lists").mkdir()
        (root / "lists" / "vips.csv").write_text("profile\nu1\nu2\nnobody-yet\n")
        (root / "segments" / "vip.yaml").write_text("key: vip\nwhen: {in_list: vips}\n")
        edited = switch.apply_folder()
        assert moved(edited)["vip"] == ("new", 1, 3, 0)
        (root / "lists" / "vips.csv").write_text("profile\nu1\n")
        assert switch.apply_folder().number == 0
        assert one.members("vip") == ["u1"]
        agrees_with_a_replay(one)


def test_published_thresholds_come_into_force_with_the_version_that_names_them(tmp_path: Path) -> None:
    root = make(tmp_path / "p", {"twice": SEGMENTS["twice"]})
    with served(root) as one:
        switch, sizes = Switch(one.runner), []
        for version in (1, 2):
            one.send(*calls(20 + version, 300, people=30 * version))
            by = "{kind: sum, property: total, event: order}"
            rule = f"{{top: {{percent: 20, by: {by}, thresholds: {version}}}}}"
            (root / "segments" / "best.yaml").write_text(f"key: best\nversion: {version}\nwhen: {rule}\n")
            one.runner.land()
            publish(one.project, "best", one.runner.status().advanced_to)
            edited = switch.apply_folder()
            assert moved(edited)["best"][1] == version
            sizes.append(len(one.members("best")))
            agrees_with_a_replay(one)
        assert 0 < sizes[0] < sizes[1]


def _clock() -> Any:
    from coterie.clock import ManualClock

    return ManualClock(START)


def frozen(one: Served, target: Path) -> Path:
    """Return a copy of the project's folder as a crash of the process at this instant would have left it."""
    import shutil

    def copied() -> None:
        shutil.copytree(one.project.root, target, ignore=shutil.ignore_patterns("serving"))

    one.runner.between(lambda state: copied()).result(60)
    return target


def test_a_start_after_a_switch_reads_a_snapshot_and_not_the_whole_log(tmp_path: Path) -> None:
    one = Served(make(tmp_path / "p", {"twice": SEGMENTS["twice"]}), _clock()).start()
    one.send(*calls(7, 300))
    Switch(one.runner).put(segment("buyers", BUYER))
    image = frozen(one, tmp_path / "image")
    one.stop()
    with served(image, _clock()) as again:
        assert 0 < again.runner.status().snapshot_position <= 300
        found = [snapshots.read_head(path) for path in snapshots.paths_of(image / ".coterie" / "snapshots")]
        now = again.runner.between(lambda state: state.catalog).result()
        assert any(head.catalog == now and head.log == 300 for head in found)
        agrees_with_a_replay(again)


def test_timers_go_on_exactly_after_a_switch(tmp_path: Path) -> None:
    with served(make(tmp_path / "p")) as one:
        one.send(track("add_to_cart", "ann"), track("view", "ann"))
        arrived = one.runner.status().advanced_to
        one.at(arrived + HOUR // 2)
        switch = Switch(one.runner)
        switch.put(
            segment(
                "waiting", {"then_not": {"first": {"event": "add_to_cart"}, "absent": {"event": "order"}, "for": "45m"}}
            )
        )
        one.at(arrived + 3 * HOUR)
        found = {(row.segment, row.direction): row for row in one.runner.changes(limit=100).rows}
        at = next(iter(one.runner.history()))["received_at"][0].as_py()
        assert found["left-cart", "entered"].at == at + HOUR
        assert found["waiting", "entered"].at == at + HOUR * 3 // 4
        assert found["waiting", "entered"].cause == "timer"
        agrees_with_a_replay(one)


def test_the_runner_does_not_stand_still_while_a_copy_is_filled(tmp_path: Path) -> None:
    with served(make(tmp_path / "p")) as one:
        one.send(*calls(9, 200))
        position = 0

        def told(stage: str) -> None:
            nonlocal position
            if stage == "filled":
                began = time.monotonic()
                position = one.send(*calls(10, 10))
                assert time.monotonic() - began < 5

        Switch(one.runner, told).put(segment("buyers", BUYER))
        assert position
