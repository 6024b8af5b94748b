"""Drift beside a server: models are looked at when they are due, refits go on as the policy says, people are told once."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from coterie.clock import ManualClock
from coterie.engine.learning.drift import recalibration
from coterie.engine.learning.drift import watch as watching
from coterie.engine.learning.drift.alerts import letters
from coterie.engine.learning.drift.keeping import book_of
from coterie.engine.learning.drift.rates import SegmentAlarm
from coterie.engine.learning.drift.watch import DriftWatch
from coterie.engine.learning.models import models_of
from coterie.engine.outbox.notices import DRIFT
from coterie.engine.running.switching import Switch
from coterie.limits import DAY_US
from coterie.monitoring.drift.rates import RateAlarm
from tests.engine.learning.test_drift import at, project_of
from tests.engine.running.served import Served, served
from tests.servers import wait_until

SETTINGS = "name: habits\nquality: {alerts: [sent], owner: data@example.org, every_s: 0}\n"
SENT = "key: sent\nkind: file\npath: sent.jsonl\n"


def _watch(one: Served, clock: ManualClock, woken: list[int]) -> DriftWatch:
    return DriftWatch(one.project, one.runner, Switch(one.runner), clock, lambda: woken.append(1))


def _root(folder: Path, policy: str, changed_from: int | None) -> Path:
    project, _ = project_of(folder, policy, changed_from)
    (folder / "coterie.yaml").write_text(SETTINGS)
    (folder / "destinations").mkdir()
    (folder / "destinations/sent.yaml").write_text(SENT)
    return project.root


def _waiting(one: Served) -> list[dict[str, object]]:
    found = one.runner.database.reader().execute("SELECT payload FROM outbox").fetchall()
    return [msgspec.json.decode(row[0]) for row in found]


def test_a_stale_model_is_refitted_promoted_and_told_once(tmp_path: Path) -> None:
    clock, woken = ManualClock(at(4)), []
    with served(_root(tmp_path / "p", "auto", changed_from=2), clock) as one:
        watch = _watch(one, clock, woken)
        assert watch.due(at(3) - DAY_US) == []
        assert watch.due(at(4)) == ["habits"]
        (found,) = watch.run_due()
        assert found.decision == "promoted"
        store = models_of(one.project)
        assert store.published_version("clusters", "habits") == 2
        assert [record.deed for record in store.history("clusters", "habits")][-2:] == ["published", "promoted"]
        assert book_of(one.project, "habits").looks()[-1].candidate == 2
        assert woken == [1]
        (payload,) = [payload for payload in _waiting(one) if payload["trigger"] == DRIFT]
        assert "was stale; a refit took its place" in payload["alert"]["title"]  # type: ignore[index]
        assert payload["profile"]["traits"] == {"email": "data@example.org"}  # type: ignore[index]
        assert watch.run_due() == []
        assert watch.health().looks == 1
        assert watch.health().stale == ()


def test_a_model_that_holds_is_told_to_nobody(tmp_path: Path) -> None:
    clock, woken = ManualClock(at(4)), []
    with served(_root(tmp_path / "p", "auto", changed_from=None), clock) as one:
        watch = _watch(one, clock, woken)
        (found,) = watch.run_due()
        assert (found.decision, woken) == ("fresh", [])
        assert watch.due(at(4) + 6 * DAY_US) == []
        assert watch.due(at(4) + 7 * DAY_US) == ["habits"]


def test_a_model_that_cannot_be_looked_at_waits_for_its_next_turn(tmp_path: Path) -> None:
    clock = ManualClock(at(4))
    root = _root(tmp_path / "p", "by_hand", changed_from=2)
    with served(root, clock) as one:
        watch = _watch(one, clock, [])
        path = root / ".coterie/models/clusters/habits/1.json"
        kept = path.read_bytes()
        (found,) = watch.run_due()
        assert (found.decision, watch.health().stale) == ("told", ("habits",))
        path.write_bytes(re.sub(rb'"people":\s*\d+', b'"people":1', kept))
        clock.advance_to(at(4) + 8 * DAY_US)
        assert watch.run_due() == []
        assert "habits" in watch.health().error


def test_a_server_that_stops_waits_for_no_refit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*args: object, **named: object) -> None:
        raise AssertionError("it is fitted although the server stops")

    clock = ManualClock(at(4))
    with served(_root(tmp_path / "p", "auto", changed_from=2), clock) as one:
        watch = _watch(one, clock, [])
        going = watching.recalibrate

        def stopped(*args: object, **named: object) -> object:
            watch.stop()
            return going(*args, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(watching, "recalibrate", stopped)
        monkeypatch.setattr(recalibration.clustering, "fit", fit)
        assert watch.run_due() == []
        assert (watch.health().error, watch.due(at(4))) == ("", ["habits"]), "it is due when the server is back"


def test_a_failure_that_nobody_foresaw_waits_for_its_next_turn_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the same fit would be tried, and fail, every half minute."""

    def fail(*args: object, **named: object) -> None:
        raise KeyError("centres")

    clock = ManualClock(at(4))
    with served(_root(tmp_path / "p", "auto", changed_from=None), clock) as one:
        watch = _watch(one, clock, [])
        monkeypatch.setattr(watching, "recalibrate", fail)
        assert watch.run_due() == []
        assert "habits: KeyError" in watch.health().error
        assert watch.due(at(4) + 6 * DAY_US) == []
        monkeypatch.undo()
        clock.advance_to(at(4) + 7 * DAY_US)
        assert len(watch.run_due()) == 1
        assert watch.health().error == ""


def test_the_watch_goes_on_after_a_failure_that_nobody_foresaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def fail(*args: object) -> None:
        calls.append(1)
        raise RuntimeError("never seen")

    clock = ManualClock(at(4))
    monkeypatch.setattr(watching, "LOOK_S", 0.01)
    with served(_root(tmp_path / "p", "auto", changed_from=None), clock) as one:
        watch = _watch(one, clock, [])
        monkeypatch.setattr(watch, "run_due", fail)
        watch.start()
        try:
            wait_until(lambda: len(calls) > 2)
            assert watch.health().error == "RuntimeError: never seen"
        finally:
            watch.stop()


def test_letters_name_what_happened_and_are_one_per_destination(tmp_path: Path) -> None:
    project, _ = project_of(tmp_path / "p")
    (project.root / "coterie.yaml").write_text(SETTINGS)
    project = type(project)(project.root)
    alarm = SegmentAlarm(
        segment="buyers", direction="entered", alarm=RateAlarm(detector="adwin", at=5, before=3.0, now=9.0)
    )
    (letter,) = letters(project, [], [alarm], {}, 9)
    assert letter.payload["alert"]["title"] == "9 people an hour enter buyers, 3 did in the weeks before"
    assert letters(project, [], [alarm], {}, 10)[0].key == letter.key
    assert letters(project, [], [], {}, 9) == []
