"""A log with holes: rows were erased or grew too old. Live, batch and oracle agree on what is left, and every start finds it so."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from coterie.clock import ManualClock
from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.engine.readers import by_live, by_oracle
from coterie.engine.records import event_of
from coterie.engine.running.files import snapshots_path
from coterie.engine.running.switching import Switch
from coterie.storage.state.progress import Lake, read_lake, write_lake
from tests.engine.running.served import HOUR, SECOND, START, Served, make, served, track

PEOPLE = [f"user{number}" for number in range(8)]
SETTINGS = "lake:\n  columns: {n: number}\n"


def busy(one: Served, first: int) -> None:
    """Everybody looks at something, some buy, and time goes by."""
    for number in range(first, first + 4):
        one.at(one.clock.now() + 60 * SECOND)
        calls = [track("view", who, number, n=number) for who in PEOPLE if (len(who) + number) % 3 or who != "user3"]
        one.send(*calls, track("add_to_cart", PEOPLE[number % 8], number))


def holes(root: Path) -> list[int]:
    """Erase two people and return the positions that are left."""
    project = Project(root, ManualClock(START))
    assert project.events.erase(["user2", "user5"]).rows > 8
    project.changes.erase(["user2", "user5"])
    left: list[int] = project.events.scan()["position"].to_pylist()
    assert len(left) == project.events.count() < project.events.length()
    return left


def agree(root: Path, one: Served) -> None:
    """Live, as it runs, live over the log, batch and oracle say the same of the present."""
    one.runner.land()
    project = Project(root, one.clock)
    catalog, at = definitions.catalog(project), one.clock.now()
    rows = project.events.scan()
    instants = [at - HOUR, at]
    oracle = by_oracle(catalog, [event_of(row) for row in rows.to_pylist()], instants)
    assert by_live(catalog, project.events.batches(7), instants, history=project.events.history) == oracle
    with History(project.events) as history:
        batch = {
            (key, t): found for key in catalog.keys for t, found in history.members(catalog, key, instants).items()
        }
    assert batch == oracle
    assert {key: set(one.members(key)) for key in catalog.keys} == {key: oracle[key, at] for key in catalog.keys}


def test_every_reader_and_every_start_finds_the_same(tmp_path: Path) -> None:
    root = make(tmp_path / "p", settings=SETTINGS)
    clock = ManualClock(START)
    with served(root, clock) as one:
        busy(one, 0)
    left = holes(root)
    assert list(snapshots_path(Project(root)).glob("*.snapshot")), "there are snapshots of what was"
    with served(root, clock) as one:
        assert any("changed from outside" in note for note in one.runner.status().warnings), one.runner.status()
        assert "user2" not in {who for key in ("twice", "lately", "left-cart") for who in one.members(key)}
        busy(one, 4)
        agree(root, one)
        reached = one.runner.status().log_position
    after = Project(root).events
    assert after.length() == reached
    assert after.scan()["position"].to_pylist()[: len(left)] == left, "nobody's position moved"
    with served(root, clock) as one:
        assert not any("outside" in note for note in one.runner.status().warnings)
        assert one.runner.status().log_position == reached
        agree(root, one)


def test_a_crash_after_a_start_over_holes_reads_no_snapshot_of_before(tmp_path: Path) -> None:
    root = make(tmp_path / "p", settings=SETTINGS)
    clock = ManualClock(START)
    with served(root, clock) as one:
        busy(one, 0)
    holes(root)
    one = Served(root, clock).start()
    one.crash()
    with served(root, clock) as one:
        assert "user5" not in one.members("twice")
        agree(root, one)


def test_a_start_reads_on_over_holes_behind_its_snapshot(tmp_path: Path) -> None:
    """Whoever carries an erasure through everything says so; the next start believes it, snapshot and all."""
    root = make(tmp_path / "p", settings=SETTINGS)
    clock = ManualClock(START)
    with served(root, clock) as one:
        busy(one, 0)
    one = Served(root, clock).start()
    one.at(clock.now() + 60 * SECOND)
    one.send(*[track("order", who, 9) for who in PEOPLE])
    one.runner.land()
    one.crash()
    project = Project(root, clock)
    assert project.events.erase([], [project.events.length() - 3]).rows == 1
    from coterie.engine.running.files import open_state

    database = open_state(project)
    with database.transaction() as connection:
        seen = read_lake(connection)
        write_lake(connection, Lake(events=project.events.edition(), changes=seen.changes, sequence=seen.sequence))
    database.close()
    with served(root, clock) as one:
        assert not any("outside" in note for note in one.runner.status().warnings)
        assert one.runner.status().log_position == project.events.length()
        busy(one, 20)
        agree(root, one)


def test_definitions_are_switched_over_a_log_with_holes(tmp_path: Path) -> None:
    root = make(tmp_path / "p", settings=SETTINGS)
    clock = ManualClock(START)
    with served(root, clock) as one:
        busy(one, 0)
    holes(root)
    with served(root, clock) as one:
        busy(one, 4)
        (root / "segments" / "often.yaml").write_text(
            "key: often\nwhen: {did: {event: view, where: {n: {greater_than: 2}}, at_least: 3}}\n"
        )
        Switch(one.runner).apply_folder()
        assert one.members("often") == PEOPLE, "who came back is there for what came since"
        agree(root, one)


def test_the_tables_of_people_follow(tmp_path: Path) -> None:
    root = make(tmp_path / "p", settings=SETTINGS)
    with served(root) as one:
        one.send(
            {"type": "identify", "userId": "ada", "messageId": "i1", "traits": {"plan": "pro", "age": 30, "gone": None}}
        )
        one.send({"type": "track", "event": "view", "userId": "ada", "anonymousId": "b1", "messageId": "v1"})
        one.runner.land()
        from coterie.engine.running.mirroring import mirror, publish

        told = mirror(one.project, one.runner.database)
        assert told.until == one.runner.status().log_position
        people = one.project.mirrors["profiles"].table()
        served_rows = sorted(map(str, people.to_pylist()))
        assert {"profile": "ada", "traits": '{"age":30,"plan":"pro"}'}.items() <= people.to_pylist()[0].items()
        known = {
            (row["kind"], row["value"], row["profile"]) for row in one.project.mirrors["identities"].table().to_pylist()
        }
        assert ("anonymous_id", "b1", "ada") in known
    project = Project(root)
    for table in project.mirrors.values():
        table.replace([], -1)
    (root / ".coterie" / "state.db").unlink()
    publish(project)
    assert sorted(map(str, project.mirrors["profiles"].table().to_pylist())) == served_rows
    assert {
        (row["kind"], row["value"], row["profile"]) for row in project.mirrors["identities"].table().to_pylist()
    } == known
    assert isinstance(project.mirrors["triggers"].table(), pa.Table)
