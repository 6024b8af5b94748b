"""The tables of committed state, and the file they are in."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coterie.errors import Transient
from coterie.identity.resolution import Row as IdentityRow
from coterie.storage.log import SCHEMA as LOG
from coterie.storage.state import arrivals, changes, identifiers, memberships, profiles, progress, refusals
from coterie.storage.state.database import Damaged, StateDatabase, salvage, set_aside
from coterie.storage.state.profiles import Write
from coterie.storage.state.progress import Lake, Progress

TABLES = (arrivals, changes, identifiers, memberships, profiles, progress, refusals)
SCHEMA = "".join(table.SCHEMA for table in TABLES)


@pytest.fixture
def database(tmp_path: Path) -> Any:
    made = StateDatabase(tmp_path / "state.db", SCHEMA)
    yield made
    made.close()


def rows(first: int, count: int) -> pa.Table:
    columns = [
        pa.array(range(first, first + count)), pa.array([f"e{n}" for n in range(count)]), pa.array(range(count)),
        pa.array(["ada"] * count), pa.array(["view"] * count), pa.array(range(count)), pa.array(range(count)),
        pa.array(["{}"] * count), pa.array([""] * count),
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=LOG)


def moved(segment: str, profile: str, direction: str, at: int) -> changes.Moved:
    return (segment, 1, profile, direction, at, "event", f"e{at}", at)


def test_arrivals_come_back_in_order_cut_where_asked(database: StateDatabase) -> None:
    with database.transaction() as connection:
        for first in (0, 10, 20):
            arrivals.add(connection, first, 10, 1, arrivals.pack(rows(first, 10)))
    reader = database.reader()
    assert arrivals.waiting(reader) == 30
    found = [one for table in arrivals.tables(reader, 5, 23) for one in table["position"].to_pylist()]
    assert found == list(range(5, 23))
    with database.transaction() as connection:
        arrivals.forget(connection, 20)
    assert arrivals.waiting(reader) == 10


def test_memberships_follow_the_last_change_of_each_pair(database: StateDatabase) -> None:
    told = changes.numbered(
        [
            moved("a", "ada", "entered", 1),
            moved("b", "ada", "entered", 2),
            moved("a", "ada", "exited", 3),
            moved("a", "bob", "entered", 4),
            moved("a", "ada", "entered", 5),
            moved("b", "ada", "exited", 6),
        ],
        0,
    )
    with database.transaction() as connection:
        memberships.keep_sizes(connection, ["a", "b", "c"])
        changes.add(connection, told)
        memberships.fold(connection, 0, 6)
    reader = database.reader()
    assert memberships.sizes(reader) == {"a": 2, "b": 0, "c": 0}
    assert memberships.of_profile(reader, "ada") == [("a", 1, 5, "event", "e5")]
    assert [row[0] for row in memberships.of_segment(reader, "a", "", 10)] == ["ada", "bob"]
    assert memberships.of_segment(reader, "a", "ada", 10)[0][0] == "bob"
    assert memberships.all_of(reader) == {"a": {"ada", "bob"}}
    assert [row[0] for row in changes.page(reader, 2, 2)] == [3, 4]
    assert [row[0] for row in changes.page(reader, 0, 9, segment="b")] == [2, 6]
    assert [row[0] for row in changes.page(reader, 0, 9, profile="bob")] == [4]
    assert changes.table_of(changes.page(reader, 0, 9))["sequence"].to_pylist() == [1, 2, 3, 4, 5, 6]
    with database.transaction() as connection:
        changes.forget(connection, 4)
    assert changes.first(reader) == 5


def test_traits_do_not_depend_on_the_order_of_writes_and_merges(database: StateDatabase) -> None:
    with database.transaction() as connection:
        profiles.add(connection, [("ada", 50), ("anon", 10)])
        profiles.add(connection, [("ada", 99)])
        profiles.fold(connection, [], [Write("anon", {"plan": "free", "size": 4}, 100, 1)], 100)
        profiles.fold(
            connection,
            [("ada", "anon")],
            [Write("ada", {"plan": "pro"}, 90, 2), Write("ada", {"size": None}, 120, 3)],
            120,
        )
    ada = profiles.canonical(database.reader(), "anon")
    assert ada is not None
    assert (ada.profile, ada.first_seen) == ("ada", 10)
    assert {name: one[0] for name, one in ada.traits.items()} == {"plan": "free", "size": None}
    assert profiles.absorbed(database.reader(), "ada") == ("anon",)
    assert profiles.names(database.reader(), "", 10) == ["ada"]
    assert profiles.count(database.reader()) == 1
    assert profiles.canonical(database.reader(), "nobody") is None


def test_identifiers_are_kept_as_told_last(database: StateDatabase) -> None:
    with database.transaction() as connection:
        identifiers.fold(connection, [IdentityRow("identifier", "a:1", "ada"), IdentityRow("left", "x", "y")])
        identifiers.fold(connection, [IdentityRow("left", "x", None), IdentityRow("identifier", "a:1", "bob")])
    assert list(identifiers.rows(database.reader())) == [IdentityRow("identifier", "a:1", "bob")]


def test_progress_and_what_was_seen_of_the_lake(database: StateDatabase) -> None:
    assert progress.read(database.reader()) is None
    assert progress.read_lake(database.reader()) == Lake()
    reached = Progress(journal=1, log=2, advanced_to=3, sequence=4, catalog=b"x")
    with database.transaction() as connection:
        progress.write(connection, reached)
        progress.write_lake(connection, Lake(events=1, changes=2, sequence=3))
    assert progress.read(database.reader()) == reached
    assert progress.read_lake(database.reader()).sequence == 3


def test_refusals_wait_until_they_are_forgotten(database: StateDatabase) -> None:
    with database.transaction() as connection:
        refusals.add(connection, [("1:0", "why", "journal 1", "how", "{}", 5, "key")])
    number, table = refusals.waiting(database.reader())
    assert table["reason"].to_pylist() == ["why"]
    with database.transaction() as connection:
        refusals.forget(connection, number)
    assert refusals.waiting(database.reader())[1].num_rows == 0


def test_a_transaction_is_all_or_nothing_and_readers_see_one_state(database: StateDatabase) -> None:
    def fail() -> None:
        with database.transaction() as connection:
            profiles.add(connection, [("ada", 1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert profiles.count(database.reader()) == 0
    with database.snapshot() as reader:
        with database.transaction() as connection:
            profiles.add(connection, [("ada", 1)])
        assert profiles.count(reader) == 0
    assert profiles.count(database.reader()) == 1


def test_a_full_disk_is_transient_and_leaves_nothing_behind(database: StateDatabase) -> None:
    pages = database.writer.execute("PRAGMA page_count").fetchone()[0]
    database.writer.execute(f"PRAGMA max_page_count={pages}")

    def fill() -> None:
        with database.transaction() as connection:
            for number in range(2_000):
                profiles.add(connection, [(f"p{number}-{'x' * 200}", 1)])

    with pytest.raises(Transient):
        fill()
    database.writer.execute("PRAGMA max_page_count=1073741823")
    assert profiles.count(database.reader()) == 0


def test_a_file_that_is_cut_is_damaged_and_what_is_readable_can_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    made = StateDatabase(path, SCHEMA)
    with made.transaction() as connection:
        refusals.add(connection, [(str(n), "why", "", "", "x" * 200, n, "") for n in range(3_000)])
    made.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Damaged):
        StateDatabase(path, SCHEMA)
    aside = set_aside(path)
    assert aside.name == "state.db.damaged-1"
    fresh = StateDatabase(path, SCHEMA)
    assert 0 <= salvage(aside, fresh, ["refusals"]) < 3_000
    fresh.close()


def test_garbage_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"this is no database at all" * 1_000)
    with pytest.raises(Damaged):
        StateDatabase(path, SCHEMA)


def test_checkpoints_move_the_log_into_the_file(database: StateDatabase) -> None:
    with database.transaction() as connection:
        profiles.add(connection, [(f"p{number}", 1) for number in range(5_000)])
    assert database.log_bytes() > 0
    database.checkpoint()
    database.checkpoint(restart=True)
    assert sqlite3.connect(database.path).execute("SELECT count(*) FROM profiles").fetchone()[0] == 5_000
