"""A runner from end to end: what it says, what it keeps, and that nothing of it depends on batches, crashes or landings."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from coterie.clock import ManualClock
from coterie.engine import definitions
from coterie.engine.project import Project
from coterie.engine.running import snapshots
from coterie.engine.running.files import snapshots_path
from coterie.errors import Held, NotFound, Problem
from coterie.segments.live import Live
from tests.engine.running.served import HOUR, SECOND, START, Served, make, served, track


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "p")


def replayed(root: Path) -> list[tuple[Any, ...]]:
    """Return the changes of a clean replay of the landed log."""
    project = Project(root, ManualClock(START))
    live = Live(definitions.catalog(project), history=project.events.history)
    tables = [live.apply(table).table() for table in project.events.batches()]
    return [tuple(row.values()) for table in tables for row in table.to_pylist()]


def plain(changes: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return changes as ``replayed`` has them."""
    return [(s, 1, p, d, at, cause, event, position) for s, p, d, at, cause, event, position in changes]


def test_events_become_rows_changes_and_people(root: Path) -> None:
    with served(root) as one:
        one.send(track("view", "ada", 1), track("view", "ada", 2), track("add_to_cart", "bob"))
        assert one.members("twice") == ["ada"]
        one.at(START + 2 * HOUR)
        assert one.members("left-cart") == ["bob"]
        one.send({"type": "identify", "userId": "ada", "messageId": "i1", "traits": {"plan": "pro", "age": 30}})
        ada = one.runner.profile("ada")
        assert ada is not None
        assert {name: trait.value for name, trait in ada.traits.items()} == {"age": 30, "plan": "pro"}
        assert [(m.segment, m.cause, m.event_id) for m in ada.memberships] == [
            ("pro", "trait", "i1"),
            ("twice", "event", "ada-view-2"),
        ]
        assert one.runner.counts() == {"lately": 0, "left-cart": 1, "pro": 1, "twice": 1}
        assert one.runner.profile("nobody") is None
        assert one.runner.outlook("ada") == dict.fromkeys(("lately", "left-cart", "pro", "twice"))
        with pytest.raises(NotFound):
            one.runner.members("thrice")
        one.runner.land()
        assert one.runner.status().landed_position == 4
        changes = plain(one.changes())
    assert [row for row in changes if row[5] != "timer"] == [row for row in replayed(root) if row[5] != "timer"]


def test_an_event_is_counted_once_also_across_lives(root: Path) -> None:
    clock = ManualClock(START)
    with served(root, clock) as one:
        one.send(track("view", "ada", 1), track("view", "ada", 1))
        one.send(track("view", "ada", 1))
        assert one.members("twice") == []
        assert one.runner.tallies().duplicates >= 1
    second = Served(root, clock).start()
    second.send(track("view", "ada", 1))
    second.crash()
    with served(root, clock) as third:
        third.send(track("view", "ada", 1))
        assert third.members("twice") == []
        third.send(track("view", "ada", 2))
        assert third.members("twice") == ["ada"]
        assert third.runner.status().log_position == 2


def test_an_alias_that_is_sent_again_after_a_restart_adds_nothing(root: Path) -> None:
    clock = ManualClock(START)
    alias = {"type": "alias", "previousId": "anon-1", "userId": "ada", "messageId": "a1"}
    with served(root, clock) as one:
        one.send({"type": "track", "event": "view", "anonymousId": "anon-1", "messageId": "v1"}, alias)
        rows = one.runner.status().log_position
    with served(root, clock) as one:
        one.send(alias)
        assert one.runner.status().log_position == rows


def test_two_halves_become_one_person_and_two_again(root: Path) -> None:
    with served(root) as one:
        anonymous = {"type": "track", "event": "view", "anonymousId": "a9", "messageId": "v1"}
        one.send(anonymous, {"type": "identify", "anonymousId": "b7", "messageId": "i0", "traits": {"plan": "pro"}})
        assert one.members("pro") == ["anonymous_id:b7"]
        one.send(track("view", "ada", 1), {**anonymous, "userId": "ada", "messageId": "v2", "event": "other"})
        assert one.members("twice") == ["ada"]
        assert one.runner.find("anonymous_id:a9") == "ada"
        ada = one.runner.profile("anonymous_id:a9")
        assert ada is not None
        assert ada.profile == "ada"
        assert ada.absorbed == ("anonymous_id:a9",)
        assert ada.first_seen == START + 1
        one.put({"id": "u1", "name": "$unmerge", "profile": "ada", "properties": {"loser": "anonymous_id:a9"}})
        assert one.members("twice") == []
        assert [row[4] for row in one.changes() if row[0] == "twice"] == ["merge", "unmerge"]
        alone = one.runner.profile("anonymous_id:a9")
        assert alone is not None
        assert alone.profile == "anonymous_id:a9"
        changes = one.changes()
        one.runner.land()
    assert plain(changes) == replayed(root)


def test_traits_of_an_unmerge_are_those_of_each_side(root: Path) -> None:
    with served(root) as one:
        one.send({"type": "identify", "anonymousId": "a9", "messageId": "i1", "traits": {"plan": "pro", "size": 4}})
        one.send(
            {"type": "identify", "userId": "ada", "anonymousId": "a9", "messageId": "i2", "traits": {"plan": "free"}}
        )
        ada = one.runner.profile("ada")
        assert ada is not None
        assert {n: t.value for n, t in ada.traits.items()} == {"plan": "free", "size": 4}
        one.put({"id": "u1", "name": "$unmerge", "profile": "ada", "properties": {"loser": "anonymous_id:a9"}})
        ada, anonymous = one.runner.profile("ada"), one.runner.profile("anonymous_id:a9")
        assert ada is not None
        assert {n: t.value for n, t in ada.traits.items()} == {"plan": "free"}
        assert anonymous is not None
        assert {n: t.value for n, t in anonymous.traits.items()} == {"plan": "pro", "size": 4}


def test_what_cannot_be_an_event_is_quarantined_and_its_neighbours_are_not(root: Path) -> None:
    with served(root) as one:
        one.send(
            track("view", "ada", 1),
            {"type": "track", "userId": "ada", "messageId": "x"},
            track("view", "ada", 2),
            track("view", "null", 3),
        )
        one.journal.append_now("facts", "t", b"[{]")
        one.send(track("view", "ada", 4))
        assert one.members("twice") == ["ada"]
        one.runner.land()
        reasons = one.project.quarantine.reasons().to_pylist()
        assert sum(row["rows"] for row in reasons) == 3, reasons
        assert "no identifier of the event is anybody's" in {row["reason"] for row in reasons}
        assert one.runner.tallies().refused == 3
        with pytest.raises(Problem):
            one.runner.put([{"id": "", "name": "$set", "profile": "ada"}])


def test_an_event_that_breaks_a_stage_is_found_and_the_others_are_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = Live.apply

    def fragile(self: Live, table: Any) -> Any:
        if "poison" in table["name"].to_pylist():
            raise ZeroDivisionError("a stage that fails")
        return apply(self, table)

    with served(root) as one:
        one.send(track("view", "ada", 0))
        monkeypatch.setattr(Live, "apply", fragile)
        calls = [track("view", "ada", n) for n in range(1, 9)]
        calls[4] = track("poison", "ada")
        one.send(*calls)
        one.send(track("order", "ada"))
        assert one.runner.status().log_position == 9
        assert one.members("twice") == ["ada"]
        assert one.runner.tallies().failed_events == 1
        one.runner.land()
        rows = one.project.quarantine.rows().to_pylist()
        assert [row["reason"] for row in rows] == ["a stage failed on the event"]
        assert "poison" in rows[0]["row"]


@pytest.mark.parametrize("seed", range(3))
def test_any_life_gives_the_changes_of_a_clean_replay(root: Path, seed: int) -> None:
    dice, clock = random.Random(seed), ManualClock(START)
    one = Served(root, clock).start()
    for number in range(60):
        roll = dice.random()
        if roll < 0.1:
            one.crash()
            one = Served(root, clock).start()
        elif roll < 0.15:
            one.stop()
            one = Served(root, clock).start()
        elif roll < 0.2:
            one.runner.land()
        elif roll < 0.25:
            one.runner.snapshot()
        elif roll < 0.45:
            one.at(one.clock.now() + dice.randrange(1, HOUR))
        else:
            one.send(*(drawn(dice, f"{number}-{n}") for n in range(dice.randrange(1, 6))))
    changes, counts = plain(one.changes()), one.runner.counts()
    sizes = {key: len(one.members(key)) for key in counts}
    one.stop()
    assert sizes == counts
    found = replayed(root)
    last = max((row[4] for row in found), default=0)
    assert [row for row in changes if row[4] <= last] == found
    assert [row[0] for row in Project(root).changes.table()["sequence"].to_pylist() and []] == []
    assert Project(root).changes.table()["sequence"].to_pylist() == list(range(1, len(changes) + 1))


def drawn(dice: random.Random, number: str) -> dict[str, Any]:
    """Return some call of some of few people."""
    person, browser = dice.choice(["ada", "bob", "cyd"]), dice.choice(["b1", "b2", "b3", "b4"])
    call: dict[str, Any] = {
        "type": "track",
        "event": dice.choice(["view", "add_to_cart", "order"]),
        "messageId": number,
    }
    if dice.random() < 0.2:
        call = {"type": "identify", "traits": {"plan": dice.choice(["pro", "free", None])}, "messageId": number}
    if dice.random() < 0.6:
        call["userId"] = person
    if dice.random() < 0.5 or "userId" not in call:
        call["anonymousId"] = browser
    return call


def test_a_log_made_by_the_command_line_is_taken_up(root: Path) -> None:
    from coterie.storage.log import conform
    from tests.engine.projects import rows

    project = Project(root, ManualClock(START))
    project.events.append(
        conform(
            rows(
                *(
                    {"name": "view", "profile": who, "occurred_at": START - at, "received_at": START - at}
                    for who, at in (("ada", 3 * HOUR), ("ada", 2 * HOUR), ("bob", HOUR))
                )
            )
        )
    )
    with served(root) as one:
        assert one.members("twice") == ["ada"]
        assert [m.since for m in one.runner.members("twice").rows] == [START - 2 * HOUR]
        assert one.runner.find("bob") == "bob"
        before = one.changes()
        one.send(track("view", "bob", 1))
        assert one.members("twice") == ["ada", "bob"]
        assert len(one.changes()) > len(before) > 0


def test_a_log_that_changed_while_no_server_ran_is_noticed_and_reconciled(root: Path) -> None:
    from coterie.storage.log import conform
    from tests.engine.projects import rows

    clock = ManualClock(START)
    with served(root, clock) as one:
        one.send(track("view", "ada", 1))
    added = rows({"name": "view", "profile": "ada", "occurred_at": START - HOUR, "received_at": START - HOUR})
    Project(root, clock).events.append(conform(added))
    with served(root, clock) as one:
        assert any("changed from outside" in text for text in one.runner.status().warnings)
        assert one.members("twice") == ["ada"]
        assert one.changes()[-1][:5] == ("twice", "ada", "entered", one.changes()[-1][3], "edit")
        one.send(track("view", "ada", 1))
        assert one.runner.status().log_position == 2
    with served(root, clock) as one:
        assert one.runner.status().warnings == ()
        assert one.members("twice") == ["ada"]


def test_definitions_that_changed_while_no_server_ran_are_reconciled(root: Path) -> None:
    clock = ManualClock(START)
    with served(root, clock) as one:
        one.send(track("view", "ada", 1), track("view", "ada", 2), track("view", "bob", 1))
        one.at(START + HOUR)
    (root / "segments" / "twice.yaml").write_text("key: twice\nversion: 2\nwhen: {did: {event: view}}\n")
    (root / "segments" / "lately.yaml").unlink()
    with served(root, clock) as one:
        assert one.members("twice") == ["ada", "bob"]
        assert "lately" not in one.runner.counts()
        assert one.changes()[-1][:3] == ("twice", "bob", "entered")


def test_damaged_snapshots_are_passed_over_and_told(root: Path) -> None:
    clock = ManualClock(START)
    with served(root, clock) as one:
        one.send(track("view", "ada", 1))
        one.runner.snapshot()
        one.send(track("view", "ada", 2))
    files = snapshots.paths_of(snapshots_path(Project(root)))
    assert len(files) == 2
    data = bytearray(files[0].read_bytes())
    data[len(data) // 2] ^= 1
    files[0].write_bytes(data)
    with served(root, clock) as one:
        assert [text for text in one.runner.status().warnings if "passed over" in text and "checksum" in text]
        assert one.members("twice") == ["ada"]
    for file in snapshots.paths_of(snapshots_path(Project(root))):
        file.write_bytes(file.read_bytes()[:40])
    with served(root, clock) as one:
        assert one.members("twice") == ["ada"]
        one.send(track("view", "bob", 1))


def test_damaged_state_is_computed_again_with_the_same_changes(root: Path) -> None:
    clock = ManualClock(START)
    one = Served(root, clock).start()
    one.send(track("view", "ada", 1), track("add_to_cart", "bob"))
    one.runner.land()
    one.send(track("view", "ada", 2))
    before = one.changes()
    one.crash()
    state = root / ".coterie" / "state.db"
    state.write_bytes(state.read_bytes()[: state.stat().st_size // 2])
    for side in ("-wal", "-shm"):
        Path(f"{state}{side}").unlink(missing_ok=True)
    with served(root, clock) as one:
        assert any("set aside" in text for text in one.runner.status().warnings)
        one.until(lambda: one.runner.status().journal_position == one.journal.head)
        assert one.changes() == before
        assert one.members("twice") == ["ada"]


def test_a_project_is_held_by_one_server(root: Path) -> None:
    with served(root), pytest.raises(Held):
        Served(root, ManualClock(START)).runner.start()


def test_waiting_for_entries_and_changes(root: Path) -> None:
    async def look(one: Served) -> tuple[bool, bool, bool]:
        waiting = asyncio.create_task(one.runner.changed(0, 10.0))
        position = await asyncio.to_thread(
            one.journal.append_now,
            "batch",
            "t",
            b'{"batch":[{"type":"track","event":"view","userId":"u","messageId":"1"}]}',
        )
        return await one.runner.reached(position, 10.0), await waiting, await one.runner.changed(99, 0.05)

    with served(root) as one:
        assert asyncio.run(look(one)) == (True, True, False)


def test_pages_go_through_everybody_once(root: Path) -> None:
    with served(root) as one:
        one.send(*(track("view", f"u{n:03}", m) for n in range(25) for m in range(2)))
        found, after = [], ""
        while True:
            page = one.runner.members("twice", after, 10)
            found += [row.profile for row in page.rows]
            if page.next is None:
                break
            after = str(page.next)
        assert found == [f"u{n:03}" for n in range(25)]
        first = one.runner.changes(0, 20)
        rest = one.runner.changes(int(first.next or 0), 1000)
        assert [row.sequence for row in (*first.rows, *rest.rows)] == list(range(1, 51))
        assert {row.segment for row in one.runner.changes(segment="twice").rows} == {"twice"}
        assert len(one.runner.changes(profile="u003").rows) == 2
        assert one.runner.profiles(limit=3).rows == ("u000", "u001", "u002")


def test_journal_files_are_let_go_when_nothing_needs_them(tmp_path: Path) -> None:
    root = make(tmp_path / "p", settings="collect: {retention_days: 0}\n")
    with served(root) as one:
        one.send(track("view", "ada", 1))
        one.runner.snapshot()
        one.runner.land()
        assert one.journal.oldest() >= 1


def test_time_goes_on_for_timers_without_arrivals(root: Path) -> None:
    clock = ManualClock(START)
    with served(root, clock) as one:
        one.send(track("view", "ada", 1))
        assert one.members("lately") == ["ada"]
        one.at(START + 600 * SECOND + 1)
        assert one.members("lately") == []
        assert one.changes()[-1][2:5] == ("exited", START + 600 * SECOND + 1, "timer")
