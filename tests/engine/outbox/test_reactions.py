"""A commit and what it sets off are kept together, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from coterie.engine.outbox.reactions import Reactions
from coterie.storage.state.outbox import Outbox
from coterie.storage.state.trigger_runs import TriggerRuns
from coterie.triggers.step import Triggers
from tests.triggers.world import DAY, NOON, People, changes, database, entered, rows, trigger


def test_deliveries_and_runs_are_part_of_the_transaction() -> None:
    connection, rung = database(), list[int]()
    reactions = Reactions(Triggers([trigger(), trigger(key="held", holdout="99%")]), lambda: rung.append(1))
    reactions.begin(connection, NOON)
    for ending, kept in (("ROLLBACK", 0), ("COMMIT", 2), ("COMMIT", 2)):
        connection.execute("BEGIN")
        count = reactions.apply(connection, rows(), entered("ada"), NOON, People())
        connection.execute(ending)
        assert len(Outbox(connection).letters()) == kept
        assert count == (2 if kept == 0 or not rung else 0)
        if count and ending == "COMMIT":
            reactions.wake()
    assert len(rung) == 1
    assert {(one.trigger, one.state) for one in Outbox(connection).letters()} == {
        ("care", "waiting"),
        ("held", "held_out"),
    }


def test_triggers_are_on_from_their_first_start_and_off_when_their_file_is_gone() -> None:
    connection = database()
    Reactions(Triggers([trigger()])).begin(connection, NOON)
    both = Reactions(Triggers([trigger(), trigger(key="news")]))
    both.begin(connection, NOON + DAY)
    found = TriggerRuns(connection).standings()
    assert {key: one.started_at for key, one in found.items()} == {"care": NOON, "news": NOON + DAY}
    Reactions(Triggers([trigger(key="news")])).begin(connection, NOON + 2 * DAY)
    assert list(TriggerRuns(connection).standings()) == ["news"]


def test_e3_those_who_are_in_already_are_met_once() -> None:
    connection = database()
    reactions = Reactions(Triggers([trigger(existing=True), trigger(key="news")]))
    assert reactions.begin(connection, NOON) == ["care"]
    people = People()
    assert reactions.existing(connection, "care", ["ada", "brook"], NOON, people) == 2
    assert reactions.begin(connection, NOON + DAY) == []
    assert reactions.existing(connection, "care", ["ada", "brook"], NOON + DAY, people) == 0
    assert [one.payload for one in Outbox(connection).letters()]
    assert reactions.apply(connection, rows(), changes(), NOON, people) == 0


def test_without_triggers_nothing_is_looked_at() -> None:
    assert Reactions(Triggers([])).apply(database(), None, None, NOON, People()) == 0  # type: ignore[arg-type]


def test_a_trigger_that_fails_takes_no_other_down_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = database()
    bad = trigger(key="bad", frequency={"at_most": 1, "per": "1d"}, priority=9)
    reactions = Reactions(Triggers([bad, trigger()]))
    reactions.begin(connection, NOON)
    count = TriggerRuns.count

    def broken(self: TriggerRuns, trigger: str | None, profiles: Sequence[str], after: int) -> int:
        count(self, trigger, profiles, after)
        raise ValueError("a bug")

    monkeypatch.setattr(TriggerRuns, "count", broken)
    connection.execute("BEGIN")
    assert reactions.apply(connection, rows(), entered("ada"), NOON, People()) == 1
    connection.execute("COMMIT")
    assert [one.trigger for one in Outbox(connection).letters()] == ["care"]
    assert TriggerRuns(connection).tallies()["bad"] == {"runs": 0, "held_out": 0, "refused:fault": 1}
    assert TriggerRuns(connection).tallies()["care"]["runs"] == 1


def test_a_database_that_cannot_be_written_fails_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = database()
    reactions = Reactions(Triggers([trigger()]))
    reactions.begin(connection, NOON)
    connection.execute("DROP TABLE trigger_runs")
    with pytest.raises(sqlite3.OperationalError):
        reactions.apply(connection, rows(), entered("ada"), NOON, People())
