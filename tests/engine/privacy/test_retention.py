"""Retention: what is too old goes, by command and while serving; who somebody is stays; state is what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.clock import ManualClock
from coterie.engine.privacy.access import access
from coterie.engine.privacy.erasure import Asked, erase
from coterie.engine.privacy.retention import look, retain
from coterie.engine.privacy.served import Erasures
from coterie.engine.project import Project
from coterie.errors import InvalidDefinition
from coterie.privacy.policy import policy_of
from tests.engine.privacy.people import ADA, fill
from tests.engine.projects import NOW
from tests.engine.running.served import HOUR, START, make, served, track

DAY = 24 * HOUR


def test_old_events_go_by_command_and_who_somebody_is_stays(tmp_path: Path) -> None:
    fill(tmp_path / "shop")
    (tmp_path / "shop" / "coterie.yaml").write_text(
        "name: test\nprivacy: {retention: {events: 6.5, changes: 1, audit: 1}}\n"
    )
    shop = Project(tmp_path / "shop", ManualClock(NOW))
    told = {one.table: one.rows for one in look(shop)}
    assert (told["events"], told["changes"], told["audit"]) == (2, 0, 0)
    assert {one.table: one.rows for one in retain(shop)} == told
    assert {one.table: one.rows for one in look(shop)}["events"] == 0
    names = [event["name"] for event in access(shop, ADA).events]
    assert names == ["$identify", "$link", "$merge", "view"]


def test_a_running_server_forgets_what_goes_and_tells_who_leaves(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with served(make(tmp_path / "shop", settings="privacy: {retention: {events: 30}}\n"), clock) as one:
        one.send(
            track("view", "bob-77"),
            {"type": "identify", "userId": "bob-77", "messageId": "i", "traits": {"plan": "pro"}},
        )
        one.at(START + 20 * DAY)
        one.send(track("view", "bob-77", 1), track("view", "eve-31"), track("view", "eve-31", 1))
        assert one.members("twice") == ["bob-77", "eve-31"]
        erasures = Erasures(one.runner)
        assert sum(told.rows for told in erasures.retain()) == 0
        one.at(START + 31 * DAY)
        assert {told.table: told.rows for told in erasures.retain()}["events"] == 1
        assert one.members("twice") == ["eve-31"]
        assert one.members("pro") == ["bob-77"]
        assert one.changes()[-1][:3] + one.changes()[-1][4:5] == ("twice", "bob-77", "exited", "edit")
        one.send(track("view", "bob-77", 2))
        assert one.members("twice") == ["bob-77", "eve-31"]
    with served(tmp_path / "shop", clock) as again:
        assert again.members("twice") == ["bob-77", "eve-31"]
        assert not again.runner.status().warnings


def test_a_policy_tells_every_mistake() -> None:
    with pytest.raises(InvalidDefinition) as told:
        policy_of({"event": 30, "changes": 0})
    assert "did you mean 'events'" in str(told.value)
    assert "privacy.retention.changes" in str(told.value)


def test_an_export_after_an_erasure_has_nobody(tmp_path: Path) -> None:
    shop = fill(tmp_path / "shop")
    told = access(shop, "email:ada@example.com")
    assert (told.profile, told.lists, len(told.quarantine), len(told.audit), len(told.matches)) == (
        ADA,
        ("vip",),
        1,
        1,
        1,
    )
    assert told.traits == {"email": "Ada@Example.com"}
    assert [one["segment"] for one in told.membership_changes] == ["buyers"]
    erase(shop, Asked(who=[ADA]))
    from coterie.errors import NotFound

    with pytest.raises(NotFound):
        access(shop, ADA)
