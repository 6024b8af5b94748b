"""What a batch sets off, and what holds it back."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest

from coterie.triggers.delivery import lot_of
from coterie.triggers.step import Triggers
from tests.triggers.world import DAY, HOUR, NOON, People, changes, entered, rows, started, trigger

NOTHING = rows()
QUIET = {"from": "21:00", "to": "08:00"}


def refused(runs: object, key: str = "care") -> dict[str, int]:
    return {name: n for name, n in runs.tallies().get(key, {}).items() if name.startswith("refused")}  # type: ignore[attr-defined]


def test_an_entry_sets_off_one_delivery_with_all_that_is_known() -> None:
    care = trigger()
    runs = started(care)
    log = rows((7, "ada", "add_to_cart", NOON, {"cart_id": "c1"}))
    told = entered("ada", cause="event", position=7)
    (one,) = Triggers([care]).step(log, told, NOON, People({"ada": {"plan": "pro"}}), runs)
    assert (one.trigger, one.destination, one.profile, one.state, one.due_at) == (
        "care",
        "inbox",
        "ada",
        "waiting",
        NOON,
    )
    assert one.payload["key"] == one.key
    assert one.payload["profile"] == {
        "id": "ada", "traits": {"plan": "pro"}, "identifiers": [{"kind": "user_id", "value": "ada"}],
    }  # fmt: skip
    assert one.payload["change"] == {
        "segment": "at-risk", "version": 1, "direction": "entered", "at": "2026-03-18T12:00:00Z", "cause": "event",
        "event_id": "e7",
    }  # fmt: skip
    assert one.payload["event"]["properties"] == {"cart_id": "c1"}
    assert [run.delivery for run in runs.runs()] == [one.key]


def test_the_key_is_a_function_of_what_caused_it() -> None:
    care = trigger()
    told = [Triggers([care]).step(NOTHING, entered("ada"), now, People(), started(care)) for now in (NOON, NOON + DAY)]
    assert told[0][0].key == told[1][0].key
    other = Triggers([care]).step(NOTHING, entered("ada", at=NOON + 1), NOON, People(), started(care))
    assert other[0].key != told[0][0].key


def test_exits_and_other_segments_set_off_only_their_own() -> None:
    care, bye = trigger(), trigger(key="bye", when={"exited": "at-risk"})
    both = changes(
        ("ada", "entered", "at-risk", NOON, "timer", -1),
        ("ada", "exited", "at-risk", NOON + 1, "event", 3),
        ("ada", "entered", "buyers", NOON + 1, "event", 3),
    )
    found = Triggers([care, bye]).step(NOTHING, both, NOON, People(), started(care, bye))
    assert [(one.trigger, one.payload["change"]["direction"]) for one in found] == [
        ("care", "entered"),
        ("bye", "exited"),
    ]


def test_s5_the_same_key_is_one_run_and_different_keys_are_independent() -> None:
    booked = trigger(key="remind", when={"event": "booked"}, key_by="appointment")
    runs = started(booked)
    reader = Triggers([booked])
    log = rows(
        (0, "u1", "booked", NOON, {"appointment": 1}),
        (1, "u1", "booked", NOON, {"appointment": 1}),
        (2, "u1", "booked", NOON + HOUR, {"appointment": 2}),
        (3, "u1", "booked", NOON + HOUR, {}),
        (4, "u2", "booked", NOON + HOUR, {"appointment": 1}),
    )
    found = reader.step(log, changes(), NOON, People(), runs)
    assert [(one.profile, one.run) for one in found] == [("u1", "1"), ("u1", "2"), ("u2", "1")]
    assert refused(runs, "remind") == {"refused:reentry": 1, "refused:no_key": 1}
    assert reader.step(log.slice(0, 1), changes(), NOON, People(), runs) == []


def test_events_are_picked_as_in_the_segment_language() -> None:
    big = trigger(when={"event": "order", "where": {"total": {"at_least": 100}}})
    log = rows(
        (0, "ada", "order", NOON, {"total": 99}),
        (1, "ada", "order", NOON, {"total": 100}),
        (2, "ada", "page", NOON, {"total": 500}),
    )
    found = Triggers([big]).step(log, changes(), NOON, People(), started(big))
    assert [one.payload["event"]["id"] for one in found] == ["e1"]


def test_patterns_pick_events_of_many_names_but_none_of_ours() -> None:
    any_order = trigger(when={"like": "order*"})
    log = rows((0, "ada", "order_paid", NOON, {}), (1, "ada", "$set", NOON, {}), (2, "ada", "page", NOON, {}))
    found = Triggers([any_order]).step(log, changes(), NOON, People(), started(any_order))
    assert [one.payload["event"]["name"] for one in found] == ["order_paid"]


def test_old_events_that_arrive_now_set_nothing_off() -> None:
    told = trigger(when={"event": "order"})
    log = rows((0, "ada", "order", (NOON - DAY - 1, NOON), {}), (1, "ada", "order", (NOON - DAY, NOON), {}))
    found = Triggers([told]).step(log, changes(), NOON, People(), started(told))
    assert [one.payload["event"]["id"] for one in found] == ["e1"]


def test_nothing_before_the_start_and_nothing_while_paused() -> None:
    care = trigger()
    runs = started(care, at=NOON)
    reader = Triggers([care])
    assert reader.step(NOTHING, entered("ada", at=NOON - 1), NOON, People(), runs) == []
    assert len(reader.step(NOTHING, entered("ada", at=NOON), NOON, People(), runs)) == 1
    runs.pause("care", NOON)
    assert reader.step(NOTHING, entered("ada", at=NOON + 1), NOON, People(), runs) == []
    runs.resume("care", NOON + 5)
    assert reader.step(NOTHING, entered("ada", at=NOON + 4), NOON, People(), runs) == []
    assert len(reader.step(NOTHING, entered("ada", at=NOON + 6), NOON, People(), runs)) == 1


# ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_filter_sees_who_was_in_what_at_the_instant() -> None:
    """Within one batch: bought before and after; the answer must not depend on where batches end."""
    told = trigger(when={"event": "ping"}, if_={"in_segment": "buyers", "not_in_segment": "banned"})
    log = rows(*[(n, "ada", "ping", NOON + n, {}) for n in range(6)])
    moves = changes(
        ("ada", "entered", "buyers", NOON + 1, "event", 1),
        ("ada", "entered", "banned", NOON + 3, "event", 3),
        ("ada", "exited", "banned", NOON + 4, "timer", -1),
        ("ada", "exited", "buyers", NOON + 5, "event", 5),
    )
    people = People(segments={"buyers": set(), "banned": set()})
    found = Triggers([told]).step(log, moves, NOON, people, started(told))
    assert [one.payload["event"]["id"] for one in found] == ["e1", "e2", "e4"]


@pytest.mark.parametrize(("default", "trait", "told"), [
    ("out", None, 0), ("out", True, 1), ("out", False, 0), ("out", "yes", 0), ("in", None, 1), ("in", False, 0), ("in", True, 1),
])  # fmt: skip
def test_consent_means_what_the_condition_means(default: str, trait: object, told: int) -> None:
    care = trigger(consent={"purpose": "marketing", "default": default})
    traits = {} if trait is None else {"consent.marketing": trait}
    runs = started(care)
    assert len(Triggers([care]).step(NOTHING, entered("ada"), NOON, People({"ada": traits}), runs)) == told  # type: ignore[dict-item]
    assert refused(runs) == ({} if told else {"refused:consent": 1})


def test_a_bare_purpose_is_opt_in() -> None:
    care = trigger(consent="marketing")
    assert Triggers([care]).step(NOTHING, entered("ada"), NOON, People(), started(care)) == []


# ── caps, re-entry, lots ─────────────────────────────────────────────────────────────────────────────────────────


def test_c4_every_entry_is_one_run() -> None:
    care = trigger()
    runs, reader = started(care), Triggers([care])
    for at in (NOON, NOON + 10, NOON + 20):
        assert len(reader.step(NOTHING, entered("ada", at=at), at, People(), runs)) == 1


@pytest.mark.parametrize(("reentry", "after", "told"), [
    ("once", 365 * DAY, 0), ({"after": "30d"}, 30 * DAY - 1, 0), ({"after": "30d"}, 30 * DAY, 1), ("every", 1, 1),
])  # fmt: skip
def test_reentry(reentry: object, after: int, told: int) -> None:
    care = trigger(reentry=reentry)
    runs, reader = started(care), Triggers([care])
    assert len(reader.step(NOTHING, entered("ada"), NOON, People(), runs)) == 1
    assert len(reader.step(NOTHING, entered("ada", at=NOON + after), NOON, People(), runs)) == told


def test_frequency_counts_the_window_before_each_instant_also_inside_a_batch() -> None:
    care = trigger(frequency={"at_most": 2, "per": "7d"})
    runs = started(care)
    told = pa.concat_tables([entered("ada", at=NOON + day * DAY) for day in range(10)])
    found = Triggers([care]).step(NOTHING, told, NOON, People(), runs)
    days = [one.payload["change"]["at"][8:10] for one in found]
    assert days == ["18", "19", "25", "26"]
    assert refused(runs) == {"refused:frequency": 6}


def test_frequency_across_all_triggers_goes_to_the_higher_priority() -> None:
    each = {"frequency": {"at_most": 1, "per": "1d", "across": "all"}}
    low, high = trigger(key="low", priority=1, **each), trigger(key="high", priority=8, **each)
    found = Triggers([low, high]).step(NOTHING, entered("ada"), NOON, People(), started(low, high))
    assert [one.trigger for one in found] == ["high"]


def test_the_cap_of_a_day_counts_everybody_on_the_projects_day() -> None:
    care = trigger(cap_per_day=2)
    runs, reader = started(care), Triggers([care], "Europe/Oslo")
    told = pa.concat_tables([entered(who) for who in ("ada", "brook", "cleo")])
    assert [one.profile for one in reader.step(NOTHING, told, NOON, People(), runs)] == ["ada", "brook"]
    midnight = NOON + 11 * HOUR
    assert reader.step(NOTHING, entered("dora", at=midnight - 1), NOON, People(), runs) == []
    assert len(reader.step(NOTHING, entered("dora", at=midnight), NOON, People(), runs)) == 1


def test_the_held_out_are_recorded_and_always_the_same() -> None:
    care = trigger(holdout={"percent": 30, "salt": "x7"})
    runs = started(care)
    names = [f"p{n}" for n in range(500)]
    found = Triggers([care]).step(NOTHING, pa.concat_tables([entered(who) for who in names]), NOON, People(), runs)
    held = {one.profile for one in found if one.state == "held_out"}
    assert held == {who for who in names if lot_of("x7", who) < 30}
    assert 100 < len(held) < 200
    assert runs.tallies()["care"] == {"runs": 500, "held_out": len(held)}


def test_a_merged_person_has_the_runs_of_both() -> None:
    care = trigger(reentry="once")
    runs, reader = started(care), Triggers([care])
    assert len(reader.step(NOTHING, entered("anonymous_id:9f"), NOON, People(), runs)) == 1
    merged = People(absorbed={"anonymous_id:9f": "ada"})
    assert reader.step(NOTHING, entered("ada", at=NOON + 1), NOON, merged, runs) == []


# ── merges, edits ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_membership_that_a_merge_moves_sets_nothing_off() -> None:
    care, bye = trigger(), trigger(key="bye", when={"exited": "at-risk"})
    moved = changes(("anon", "exited", "at-risk", NOON, "merge", 4), ("ada", "entered", "at-risk", NOON, "merge", 4))
    people = People(absorbed={"anon": "ada"}, segments={"at-risk": {"ada"}})
    assert Triggers([care, bye]).step(NOTHING, moved, NOON, people, started(care, bye)) == []


def test_a_member_who_absorbs_a_member_did_not_leave() -> None:
    bye = trigger(key="bye", when={"exited": "at-risk"})
    moved = changes(("anon", "exited", "at-risk", NOON, "merge", 4))
    still = People(absorbed={"anon": "ada"}, segments={"at-risk": {"ada"}})
    assert Triggers([bye]).step(NOTHING, moved, NOON, still, started(bye)) == []
    gone = People(absorbed={"anon": "ada"})
    (one,) = Triggers([bye]).step(NOTHING, moved, NOON, gone, started(bye))
    assert one.profile == "ada"


def test_an_entry_that_only_the_merged_history_makes_is_an_entry() -> None:
    care = trigger()
    told = changes(("ada", "entered", "at-risk", NOON, "merge", 4))
    assert len(Triggers([care]).step(NOTHING, told, NOON, People(absorbed={"anon": "ada"}), started(care))) == 1


def test_edits_and_unmerges_set_off_only_when_asked_for() -> None:
    for cause in ("edit", "unmerge"):
        usual, asked = trigger(), trigger(causes=["edit", "unmerge"])
        assert Triggers([usual]).step(NOTHING, entered("ada", cause=cause), NOON, People(), started(usual)) == []
        assert len(Triggers([asked]).step(NOTHING, entered("ada", cause=cause), NOON, People(), started(asked))) == 1


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_delay_and_quiet_hours_move_the_instant_of_sending() -> None:
    care = trigger(delay="2h", quiet_hours=QUIET)
    people = People({"ada": {"time_zone": "Asia/Tokyo"}})
    found = Triggers([care], "UTC").step(NOTHING, entered("ada", at=NOON - 2 * HOUR), NOON, people, started(care))
    assert found[0].due_at == NOON + 11 * HOUR  # noon UTC is 21:00 in Tokyo; 08:00 there is 23:00 UTC
    found = Triggers([care], "UTC").step(NOTHING, entered("brook", at=NOON - 2 * HOUR), NOON, people, started(care))
    assert found[0].due_at == NOON


def test_quiet_hours_may_drop() -> None:
    care = trigger(quiet_hours={**QUIET, "then": "drop"})
    runs = started(care)
    assert Triggers([care]).step(NOTHING, entered("ada", at=NOON + 10 * HOUR), NOON, People(), runs) == []
    assert refused(runs) == {"refused:quiet_hours": 1}
    assert runs.runs() == []


# ── existing members ─────────────────────────────────────────────────────────────────────────────────────────────


def test_e3_existing_members_are_met_once_ever() -> None:
    care = trigger(existing=True, holdout="40%")
    runs, reader = started(care, at=NOON), Triggers([care])
    members = [f"p{n}" for n in range(20)]
    first = list(reader.existing(care, members, NOON, People(), runs))
    assert [one.profile for one in first] == members
    assert {one.state for one in first} == {"waiting", "held_out"}
    assert list(reader.existing(care, members, NOON + DAY, People(), runs)) == []
    assert [one.profile for one in reader.existing(care, ["new", *members], NOON + DAY, People(), runs)] == ["new"]


# ── cost ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_in_which_nothing_is_set_off_asks_about_nobody() -> None:
    triggers = [trigger(key=f"t{n}", when={"event": f"rare_{n}"}) for n in range(20)] + [
        trigger(key=f"s{n}", when={"entered": f"seg-{n}"}) for n in range(20)
    ]
    log = rows(*[(n, f"p{n}", ("page", "view", "search")[n % 3], NOON, {"a": n}) for n in range(10_000)])
    told = pa.concat_tables([entered(f"p{n}", segment="other") for n in range(200)]).combine_chunks()
    people, runs, reader = People(), started(*triggers), Triggers(triggers)
    best = min(_seconds(lambda: reader.step(log, told, NOON, people, runs)) for _ in range(20))
    assert people.asked == []
    assert best < 0.01, f"{best * 1e3:.2f} ms"


def _seconds(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began
