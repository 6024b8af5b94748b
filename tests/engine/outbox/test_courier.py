"""Delivery in virtual time: tries, order, outages, dead letters."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from coterie.clock import SystemClock
from coterie.connectors.destinations.destination import Later, Message, Way
from coterie.engine.outbox.checks import Checks
from coterie.engine.outbox.courier import Courier
from coterie.engine.outbox.health import Condition
from coterie.errors import Terminal, Transient
from coterie.storage.state import outbox, trigger_runs
from coterie.storage.state.outbox import Outbox
from coterie.triggers.step import Triggers
from tests.engine.outbox.world import Inbox, World, letter
from tests.triggers.world import DAY, HOUR, NOON, People, trigger

SECOND = 1_000_000


def test_what_is_due_is_sent_once_and_what_is_not_waits() -> None:
    world = World()
    now, later = world.add(("ada", NOON), ("brook", NOON + 1))
    assert world.pump() == 1
    assert world.states() == {now: "sent", later: "waiting"}
    world.pump(until=NOON + SECOND)
    assert [key for _, key in world.inbox.got()] == [now, later]
    assert world.pump(until=NOON + DAY) == 0


def test_the_same_key_is_kept_once() -> None:
    world = World()
    world.add(("ada", NOON))
    assert world.outbox.add([letter("ada", NOON)]) == 0
    world.pump()
    assert world.outbox.add([letter("ada", NOON)]) == 0
    assert len(world.inbox.taken) == 1


def test_higher_priority_goes_first() -> None:
    world = World(triggers=[trigger(), trigger(key="news", priority=2)], way=Way(concurrency=1))
    world.add(("ada", NOON), ("brook", NOON), trigger="news", priority=2)
    world.add(("cleo", NOON), priority=9)
    world.pump()
    assert [who for who, _ in world.inbox.got()] == ["cleo", "ada", "brook"]


def test_no_more_than_the_concurrency_is_under_way() -> None:
    world = World(Inbox(delay_s=0.001), way=Way(concurrency=3))
    world.add(*[(f"p{n}", NOON) for n in range(30)])
    assert world.pump() == 30
    assert world.inbox.most_under_way == 3


def test_one_person_gets_one_after_the_other_in_order_while_others_go_on() -> None:
    refused = {"first": 3}

    def answer(message: Message) -> None:
        if message.profile == "ada" and refused["first"]:
            refused["first"] -= 1
            raise Transient("busy")

    world = World(Inbox(answer))
    keys = world.add(("ada", NOON), ("ada", NOON), ("ada", NOON + 1), ("brook", NOON))
    world.pump()
    assert [who for who, _ in world.inbox.got()] == ["brook"]
    world.pump(until=NOON + HOUR)
    assert [key for who, key in world.inbox.got() if who == "ada"] == keys[:3]


def test_pauses_between_tries_are_jittered_and_grow_to_their_bound() -> None:
    def answer(message: Message) -> None:
        raise Transient("no")

    world = World(Inbox(answer), way=Way(tries=8, retry_first="2s", retry_longest="30s"))
    world.courier._lanes["inbox"].breaker._limits = world.courier._limits.__class__(breaker_failures=1_000)
    world.add(("ada", NOON))
    world.pump(until=NOON + HOUR)
    pauses = [b.at - a.at for a, b in zip(world.inbox.seen, world.inbox.seen[1:], strict=False)]
    bounds = [2, 4, 8, 16, 30, 30, 30]
    assert len(pauses) == len(bounds)
    assert all(0 <= pause <= bound * SECOND + 1 for pause, bound in zip(pauses, bounds, strict=True))
    assert len(set(pauses)) == len(pauses)
    assert len({one.key for one in world.inbox.seen}) == 1
    assert [one.attempt for one in world.inbox.seen] == list(range(1, 9))


def test_a_refusal_for_good_is_a_dead_letter_at_once_and_can_be_replayed() -> None:
    closed = {"door": True}

    def answer(message: Message) -> None:
        if closed["door"]:
            raise Terminal("no such person")

    world = World(Inbox(answer))
    keys = world.add(("ada", NOON), ("brook", NOON))
    world.pump()
    dead = world.outbox.letters(state="dead")
    assert [(one.profile, one.last_error, one.attempts) for one in dead] == [
        ("brook", "no such person", 1), ("ada", "no such person", 1),
    ]  # fmt: skip
    closed["door"] = False
    assert world.outbox.replay(NOON, ids=[dead[1].id]) == 1
    world.pump()
    assert world.states() == dict(zip(keys, ("sent", "dead"), strict=True))
    assert world.outbox.replay(NOON, destination="elsewhere") == 0
    assert world.outbox.replay(NOON) == 1
    world.pump()
    assert set(world.states().values()) == {"sent"}
    assert world.inbox.seen[-1].key == keys[1]


def test_a_message_that_alone_fails_dies_after_its_tries_and_stops_nobody() -> None:
    def answer(message: Message) -> None:
        if message.profile == "poison":
            raise Transient("500")

    world = World(Inbox(answer), way=Way(tries=4))
    world.add(("poison", NOON), *[(f"p{n}", NOON + n * SECOND) for n in range(600)])
    world.pump(until=NOON + HOUR)
    (dead,) = world.outbox.letters(state="dead")
    assert (dead.profile, dead.attempts) == ("poison", 4)
    assert dead.last_error == "given up after 4 tries: 500"
    assert len(world.inbox.taken) == 600


def test_a_poisoned_probe_does_not_keep_a_destination_down() -> None:
    def answer(message: Message) -> None:
        if message.profile.startswith("poison"):
            raise Transient("500")

    world = World(Inbox(answer))
    world.add(*[(f"poison{n}", NOON) for n in range(6)])
    world.pump(until=NOON + HOUR)
    assert world.courier.health()["inbox"].condition == Condition.DOWN
    world.add(*[(f"p{n}", NOON + HOUR + n * 60 * SECOND) for n in range(240)])
    world.pump(until=NOON + HOUR + 61 * SECOND)
    assert "p0" in [who for who, _ in world.inbox.got()]
    world.pump(until=NOON + 6 * HOUR)
    assert len(world.inbox.taken) == 240
    assert {one.profile for one in world.outbox.letters(state="dead")} == {f"poison{n}" for n in range(6)}
    assert world.courier.health()["inbox"].condition == Condition.HEALTHY


def test_an_hour_of_outage_loses_nothing_keeps_the_order_and_is_over_within_a_minute() -> None:
    down = {"until": NOON + HOUR}

    def answer(message: Message) -> None:
        if message.at < down["until"]:
            raise Transient("connection refused")

    world = World(Inbox(answer))
    keys = []
    for minute in range(90):
        keys += world.add(*[(f"p{n}", NOON + minute * 60 * SECOND) for n in range(10)])
    world.pump(until=NOON + 30 * 60 * SECOND)
    health = world.courier.health()["inbox"]
    assert (health.condition, health.sent, health.last_error) == (Condition.DOWN, 0, "connection refused")
    assert health.since < NOON + 60 * SECOND
    world.pump(until=NOON + HOUR + 61 * SECOND)
    assert world.courier.health()["inbox"].condition != Condition.DOWN
    world.pump(until=NOON + 3 * HOUR)
    assert set(world.states().values()) == {"sent"}
    assert sorted(key for _, key in world.inbox.got()) == sorted(keys)
    for n in range(10):
        assert [key for who, key in world.inbox.got() if who == f"p{n}"] == keys[n::10]
    failed = len(world.inbox.seen) - len(world.inbox.taken)
    assert failed < 200, "a destination that is down is probed, not stormed"
    assert world.courier.health()["inbox"].condition == Condition.HEALTHY


def test_a_destination_that_is_back_too_late_leaves_dead_letters() -> None:
    def answer(message: Message) -> None:
        raise Transient("gone")

    world = World(Inbox(answer), way=Way(give_up_after="2h"))
    world.add(("ada", NOON))
    world.pump(until=NOON + 4 * HOUR)
    (dead,) = world.outbox.letters(state="dead")
    assert dead.tried_at - NOON >= 2 * HOUR


def test_retry_after_is_honoured_by_the_whole_destination() -> None:
    def answer(message: Message) -> None:
        if message.at < NOON + 300 * SECOND:
            raise Later("slow down", retry_after_s=300)

    world = World(Inbox(answer), way=Way(concurrency=1))
    world.add(("ada", NOON), ("brook", NOON), ("cleo", NOON + 100 * SECOND))
    world.pump(until=NOON + 299 * SECOND)
    assert [one.profile for one in world.inbox.seen] == ["ada"]
    assert world.courier.health()["inbox"].condition == Condition.DEGRADED
    world.pump(until=NOON + HOUR)
    assert len(world.inbox.taken) == 3


def test_an_unexpected_fault_of_a_destination_is_a_failed_try() -> None:
    def answer(message: Message) -> None:
        if message.attempt == 1:
            raise ValueError("a bug")

    world = World(Inbox(answer))
    world.add(("ada", NOON))
    world.pump()
    (one,) = world.outbox.letters()
    assert (one.state, one.last_error) == ("failed", "ValueError a bug")
    world.pump(until=NOON + HOUR)
    assert len(world.inbox.taken) == 1


def test_what_a_paused_trigger_left_waits_and_holds_up_no_other() -> None:
    world = World(triggers=[trigger(), trigger(key="news")])
    runs = trigger_runs.TriggerRuns(world.connection)
    runs.begin("care", NOON)
    runs.pause("care", NOON)
    world.add(("ada", NOON))
    world.add(("ada", NOON + 1), trigger="news")
    world.clock.advance_to(NOON + 2)
    world.pump()
    assert [one.trigger for one in world.inbox.taken] == ["news"]
    runs.resume("care", NOON + 2)
    world.pump()
    assert [one.trigger for one in world.inbox.taken] == ["news", "care"]


def test_the_held_out_are_never_sent() -> None:
    world = World()
    world.outbox.add(
        [
            letter("ada", NOON).__class__(
                **{
                    **{name: getattr(letter("ada", NOON), name) for name in letter("ada", NOON).__struct_fields__},
                    "state": "held_out",
                }
            )
        ]
    )
    assert world.pump(until=NOON + DAY) == 0
    assert set(world.states().values()) == {"held_out"}


def test_old_letters_are_forgotten_and_dead_ones_stay() -> None:
    def answer(message: Message) -> None:
        if message.profile == "ada":
            raise Terminal("no")

    world = World(Inbox(answer))
    world.add(("ada", NOON), ("brook", NOON), ("cleo", NOON + DAY))
    world.pump()
    assert world.outbox.forget(NOON) == 0
    assert world.outbox.forget(NOON + 1) == 1
    assert sorted(one.profile for one in world.outbox.letters()) == ["ada", "cleo"]


# ── as a thread, in real time ────────────────────────────────────────────────────────────────────────────────────


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript(trigger_runs.SCHEMA + outbox.SCHEMA)
    return connection


def _until(done: object, what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def test_the_thread_delivers_at_once_when_woken_and_stops(tmp_path: Path) -> None:
    writer, inbox = _connect(tmp_path / "state.db"), Inbox()
    checks = Checks(Triggers([trigger()]), {}, People(), lambda ids: [])
    courier = Courier(lambda: _connect(tmp_path / "state.db"), {"inbox": (inbox, Way())}, checks)
    courier.start()
    now = SystemClock().now()
    Outbox(writer).add([letter(f"p{n}", now) for n in range(50)])
    began = time.monotonic()
    courier.wake()
    _until(lambda: len(inbox.taken) == 50, "50 letters")
    assert time.monotonic() - began < 2
    _until(lambda: Outbox(writer).counts() == {("inbox", "care", "sent"): 50}, "50 marks")
    courier.stop(2)
    assert "coterie-outbox" not in {thread.name for thread in threading.enumerate()}
    writer.close()


def test_it_stops_in_time_with_a_long_queue_and_a_slow_destination(tmp_path: Path) -> None:
    writer, inbox = _connect(tmp_path / "state.db"), Inbox(delay_s=0.05)
    writer.execute("BEGIN")
    Outbox(writer).add([letter(f"p{n}", SystemClock().now()) for n in range(5_000)])
    writer.execute("COMMIT")
    checks = Checks(Triggers([trigger()]), {}, People(), lambda ids: [])
    courier = Courier(lambda: _connect(tmp_path / "state.db"), {"inbox": (inbox, Way())}, checks)
    courier.start()
    _until(lambda: len(inbox.taken) > 20, "some letters")
    began = time.monotonic()
    courier.stop(2)
    assert time.monotonic() - began < 2
    sent = Outbox(writer).counts()[("inbox", "care", "sent")]
    assert sent == len(inbox.taken) < 5_000
    writer.close()


def test_cancelled_letters_do_not_end_a_round() -> None:
    world = World(triggers=[trigger(consent="marketing")], people=People({"last": {"consent.marketing": True}}))
    world.add(*[(f"p{n}", NOON) for n in range(100)], ("last", NOON))
    assert world.pump() == 101
    assert [who for who, _ in world.inbox.got()] == ["last"]


def test_a_writer_that_holds_the_database_delays_marks_but_repeats_nothing(tmp_path: Path) -> None:
    writer, inbox = _connect(tmp_path / "state.db"), Inbox()

    def impatient() -> sqlite3.Connection:
        connection = _connect(tmp_path / "state.db")
        connection.execute("PRAGMA busy_timeout=10")
        return connection

    checks = Checks(Triggers([trigger()]), {}, People(), lambda ids: [])
    courier = Courier(impatient, {"inbox": (inbox, Way())}, checks)
    Outbox(writer).add([letter("ada", SystemClock().now())])
    writer.execute("BEGIN IMMEDIATE")
    courier.start()
    _until(lambda: len(inbox.taken) == 1, "the letter")
    time.sleep(1.2)
    assert len(inbox.seen) == 1
    writer.execute("COMMIT")
    _until(lambda: Outbox(writer).counts() == {("inbox", "care", "sent"): 1}, "its mark")
    courier.stop(2)
    assert len(inbox.seen) == 1
    writer.close()


@pytest.mark.parametrize("how", ["before the mark"])
def test_a_kill_between_sending_and_marking_sends_again_with_the_same_key(how: str) -> None:
    class Killed(BaseException):
        """As if the process ended."""

    def answer(message: Message) -> None:
        if len(world.inbox.seen) == 1:
            world.outbox.mark = _die  # type: ignore[method-assign]

    def _die(marks: object) -> None:
        raise Killed

    world = World(Inbox(answer))
    world.courier._lanes["inbox"]._outbox = world.outbox
    (key,) = world.add(("ada", NOON))
    with pytest.raises(Killed):
        world.pump()
    again = World(connection=world.connection)
    again.pump()
    assert [one.key for one in world.inbox.seen + again.inbox.seen] == [key, key]
    assert again.states() == {key: "sent"}
