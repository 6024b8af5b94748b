"""The outbox and the runs of triggers as tables: what is due without reading everything, paging, replay, tallies."""

from __future__ import annotations

import pytest

from coterie.errors import Transient
from coterie.storage.state.outbox import _FIRST, Mark, Outbox
from coterie.storage.state.trigger_runs import TriggerRuns
from coterie.triggers.delivery import Run
from tests.engine.outbox.world import letter
from tests.triggers.world import DAY, NOON, database


def filled(count: int = 10) -> Outbox:
    box = Outbox(database())
    box.add(letter(f"p{n}", NOON + n, priority=n % 3) for n in range(count))
    return box


def test_what_is_due_is_found_by_the_index() -> None:
    plan = database().execute(f"EXPLAIN QUERY PLAN SELECT id {_FIRST} AND not_before <= ? ORDER BY not_before, id LIMIT ?",
                              ("inbox", 5, NOON, 8)).fetchall()  # fmt: skip
    steps = [row[3] for row in plan]
    assert any("USING INDEX outbox_due (destination=? AND priority=? AND not_before<?)" in step for step in steps)
    assert any("USING" in step and "outbox_person (destination=? AND profile=?" in step for step in steps)
    assert {step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step} == {"SCAN triggers"}


def test_due_is_by_priority_then_instant_and_leaves_out_what_is_under_way() -> None:
    box = filled()
    assert [one.profile for one in box.due("inbox", NOON + 100, 5)] == ["p2", "p5", "p8", "p1", "p4"]
    under_way = [one.id for one in box.due("inbox", NOON + 100, 2)]
    assert [one.profile for one in box.due("inbox", NOON + 100, 2, under_way)] == ["p8", "p1"]
    assert [one.profile for one in box.due("inbox", NOON, 5)] == ["p0"]
    assert box.due("elsewhere", NOON + 100, 5) == []
    assert box.next_at("elsewhere") is None


def test_letters_are_paged_and_narrowed_newest_first() -> None:
    box = filled()
    first = box.letters(limit=4)
    assert [one.profile for one in first + box.letters(limit=4, before=first[-1].id)] == [
        f"p{n}" for n in range(9, 1, -1)
    ]
    assert [one.profile for one in box.letters(profile="p3", destination="inbox", trigger="care", state="waiting")] == [
        "p3"
    ]
    assert box.letters(state="dead") == []


def test_a_letter_is_found_by_its_key_or_its_number() -> None:
    box = filled(2)
    (second, first) = box.letters()
    assert box.letter(first.key) == box.letter(str(first.id)) == first
    assert box.letter("0") is None
    assert box.letter(f"{second.id}x") is None


def test_a_mark_changes_only_what_is_still_open() -> None:
    box = filled(1)
    (one,) = box.letters()
    box.mark([Mark(id=one.id, state="sent", at=NOON + 5, payload=b'{"more": 1}')])
    box.mark([Mark(id=one.id, state="failed", at=NOON + 6, error="late")])
    (now,) = box.letters()
    assert (now.state, now.attempts, now.tried_at, now.finished_at, now.last_error) == (
        "sent",
        1,
        NOON + 5,
        NOON + 5,
        "",
    )
    assert now.payload == b'{"more": 1}'
    assert box.counts() == {("inbox", "care", "sent"): 1}


def test_a_database_that_refuses_is_transient() -> None:
    box = filled(1)
    box._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(Transient, match="outbox"):
        box.mark([Mark(id=1, state="sent", at=NOON)])
    box._connection.execute("PRAGMA query_only = OFF")
    assert box.letters()[0].state == "waiting"


def test_runs_are_counted_over_all_ids_of_a_person() -> None:
    runs = TriggerRuns(database())
    for place, (who, run) in enumerate([("ada", '"c1"'), ("anon", '"c2"'), ("brook", '"c1"')]):
        started = Run(
            trigger="care", profile=who, run=run, started_at=NOON + place, held_out=place == 2, delivery=f"k{place}"
        )
        runs.start(started, 7)
    assert runs.count("care", ["ada", "anon"], NOON - 1) == 2
    assert runs.count(None, ["ada", "anon"], NOON) == 1
    assert runs.count("other", ["ada"], NOON - 1) == 0
    assert runs.latest("care", ["ada", "anon"], None) == NOON + 1
    assert runs.latest("care", ["ada", "anon"], '"c1"') == NOON
    assert runs.latest("care", ["ada"], '"c9"') is None
    assert (runs.count_day("care", 7), runs.count_day("care", 8)) == (3, 0)
    assert [one.profile for one in runs.runs(limit=2)] == ["brook", "anon"]
    assert [one.profile for one in runs.runs(before=runs.runs(limit=2)[-1].id)] == ["ada"]
    runs.refuse("care", "consent")
    runs.refuse("care", "consent")
    assert runs.tallies() == {"care": {"runs": 3, "held_out": 1, "refused:consent": 2}}


def test_pauses() -> None:
    runs = TriggerRuns(database())
    assert not runs.pause("care", NOON)
    assert runs.begin("care", NOON)
    assert not runs.begin("care", NOON + 1)
    assert runs.active_since("care") == NOON
    assert runs.pause("care", NOON + 2)
    assert runs.active_since("care") is None
    assert runs.resume("care", NOON + DAY)
    assert not runs.resume("care", NOON + DAY)
    assert runs.active_since("care") == NOON + DAY
    runs.met_existing("care", NOON)
    assert runs.standings()["care"].existing_at == NOON
    runs.end("care")
    assert runs.standings() == {}
