"""Scheduled segments: computed when due, as a live twin would say, once for what was missed, and again by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coterie.clock import ManualClock
from coterie.engine.running.refreshing import Refreshes
from coterie.engine.running.switching import Switch
from coterie.errors import NotFound
from coterie.segments.instants import instant_of
from coterie.segments.parse import parse
from tests.engine.running.served import HOUR, SECOND, START, Served, make, served, track
from tests.engine.running.test_switching import calls

WHEN = "{did: {event: view, at_least: 3, within: 20m}}"


def project(folder: Path, refresh: str = "{every: 1h}") -> Path:
    root = make(folder, {"live-twin": WHEN})
    (root / "segments" / "twin.yaml").write_text(f"key: twin\nrefresh: {refresh}\nwhen: {WHEN}\n")
    return root


@contextmanager
def refreshing(root: Path, clock: ManualClock | None = None) -> Iterator[tuple[Served, Switch, Refreshes]]:
    with served(root, clock) as one:
        switch = Switch(one.runner)
        yield one, switch, Refreshes(one.runner, switch)


def tick(one: Served, refreshes: Refreshes) -> list[str]:
    return [done.segment for done in refreshes.refresh_due(one.runner.status().advanced_to)]


def test_a_scheduled_segment_says_at_its_refresh_what_a_live_twin_says(tmp_path: Path) -> None:
    with refreshing(project(tmp_path / "p", "{every: 10m}")) as (one, _, refreshes):
        assert "twin" not in one.runner.between(lambda state: state.live.made.keys).result()
        sizes = []
        for round_ in range(8):
            one.send(*calls(round_, 60))
            one.at(one.runner.status().advanced_to + 7 * 60 * SECOND)
            before = one.members("twin")
            if tick(one, refreshes):
                assert one.members("twin") == one.members("live-twin")
            else:
                assert one.members("twin") == before
            sizes.append(len(one.members("twin")))
        assert len(set(sizes)) > 2
        found = list(one.runner.changes(segment="twin", limit=10_000).rows)
        assert {row.cause for row in found} == {"refresh"}
        assert len(found) > 20


def test_it_is_due_at_once_then_by_its_schedule_and_says_so(tmp_path: Path) -> None:
    with refreshing(project(tmp_path / "p")) as (one, _, refreshes):
        one.send(*calls(1, 100))
        [state] = refreshes.states()
        assert (state.segment, state.next_at, state.last, state.schedule) == ("twin", 0, None, "computed every hour")
        assert tick(one, refreshes) == ["twin"]
        [state] = refreshes.states()
        assert state.last is not None
        assert state.next_at == state.last.at + HOUR
        assert state.last.size == len(one.members("twin")) == state.last.entered
        assert state.last.seconds > 0
        one.at(state.next_at - 1)
        assert tick(one, refreshes) == []
        one.at(state.next_at)
        assert tick(one, refreshes) == ["twin"]
        assert one.members("twin") == []


def test_cron_is_read_on_the_clocks_of_the_projects_time_zone(tmp_path: Path) -> None:
    root = project(tmp_path / "p", '{cron: "30 3 * * *"}')
    (root / "coterie.yaml").write_text("name: served\npresent: clock\ntime_zone: Europe/Berlin\n")
    begin = instant_of("2026-05-01T12:00:00Z")
    assert begin is not None
    with refreshing(root, ManualClock(begin)) as (one, _, refreshes):
        assert tick(one, refreshes) == ["twin"]
        assert refreshes.states()[0].next_at == instant_of("2026-05-02T01:30:00Z")


def test_what_was_missed_while_nothing_ran_is_made_up_for_once(tmp_path: Path) -> None:
    root = project(tmp_path / "p")
    with refreshing(root) as (one, _, refreshes):
        one.send(*calls(1, 200))
        assert tick(one, refreshes) == ["twin"]
        held = one.members("twin")
        now = one.runner.status().advanced_to
    with refreshing(root, ManualClock(now + 50 * HOUR)) as (one, _, refreshes):
        one.at(now + 50 * HOUR)
        assert one.members("twin") == held
        assert tick(one, refreshes) == ["twin"]
        assert tick(one, refreshes) == []
        assert one.members("twin") == []


def test_by_hand_it_is_refreshed_whether_it_is_due_or_not(tmp_path: Path) -> None:
    with refreshing(project(tmp_path / "p")) as (one, _, refreshes):
        refreshes.refresh("twin")
        one.send(*calls(3, 200))
        assert one.members("twin") == []
        done = refreshes.refresh("twin")
        assert done.entered == len(one.members("twin")) > 0
        with pytest.raises(NotFound):
            refreshes.refresh("live-twin")


def test_an_edit_makes_it_due_and_a_live_segment_may_become_scheduled_and_back(tmp_path: Path) -> None:
    with refreshing(project(tmp_path / "p")) as (one, switch, refreshes):
        one.send(*calls(4, 200))
        switch.apply_folder()
        tick(one, refreshes)
        held = one.members("live-twin")
        assert held
        before = one.runner.status().sequence
        rule = {"did": {"event": "view", "at_least": 3, "within": "20m"}}
        switch.put(parse({"key": "live-twin", "refresh": {"every": "1d"}, "when": rule}))
        assert one.members("live-twin") == held
        assert one.runner.status().sequence == before
        assert tick(one, refreshes) == ["live-twin"]
        assert one.runner.status().sequence == before
        one.at(one.runner.status().advanced_to + HOUR // 2)
        assert one.members("live-twin") == held
        edited = switch.put(parse({"key": "live-twin", "when": rule}))
        assert one.members("live-twin") == []
        assert next(row.exited for row in edited.rows if row.key == "live-twin") == len(held)
        switch.remove("twin")
        assert refreshes.states() == []
        assert "twin" not in one.runner.counts()


def test_a_merge_before_the_refresh_is_committed_leaves_one_person(tmp_path: Path) -> None:
    with refreshing(project(tmp_path / "p")) as (one, _, refreshes):
        for number in range(3):
            one.send(track("view", "a", number), track("view", "b", number))
        refreshes.refresh("twin")
        assert one.members("twin") == ["a", "b"]
        one.put({"id": "m", "name": "$merge", "profile": "b", "properties": {"loser": "a"}})
        refreshes.refresh("twin")
        assert one.members("twin") == ["b"]


def test_the_thread_refreshes_what_is_due(tmp_path: Path) -> None:
    with refreshing(project(tmp_path / "p")) as (one, _, refreshes):
        one.send(*calls(5, 200))
        refreshes.start()
        try:
            one.until(lambda: refreshes.states()[0].last is not None)
            one.at(START + 3 * HOUR)
            one.until(lambda: one.members("twin") == [])
        finally:
            refreshes.stop()
