"""What is erased is in no file, the rest is as it was, and a crash at any point is mended by doing it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coterie.storage.changes import SCHEMA as CHANGES
from coterie.storage.changes import ChangeStore
from coterie.storage.erased import Erased
from coterie.storage.events import EventStore
from coterie.storage.lake import erasing
from coterie.storage.lake.place import Place, local_place
from coterie.storage.lake.table import LakeTable
from coterie.storage.mirrors import Mirror
from coterie.storage.quarantine import SCHEMA as QUARANTINE
from coterie.storage.quarantine import QuarantineStore
from coterie.storage.state import mirrored
from tests.storage.lake.logs import contents, events, landed, person, store

GONE = [person(3), person(50)]


class Crash(Exception):
    """The process is gone."""


def mentions(folder: Path, *texts: str) -> list[str]:
    """Return the files below a folder in which a text stands, as it is or inside compressed columns."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".parquet":
                import pyarrow.parquet as pq

                data += str(pq.read_table(path).to_pylist()).encode()
            if any(text.encode() in data for text in texts):
                found.append(path.name)
    return found


@pytest.fixture(params=["open", "divided"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> EventStore:
    made = store(tmp_path / "log")
    for first in range(0, 2_600, 200):
        landed(made, first, 200)
    if request.param == "divided":
        made.compact()
    return made


def test_people_are_in_no_file_and_others_are_as_they_were(log: EventStore, tmp_path: Path) -> None:
    others = [row for row in contents(log) if row["profile"] not in GONE]
    assert mentions(tmp_path, *GONE)
    files = {path.name for path in (tmp_path / "log").rglob("*.parquet")}
    done = log.erase(GONE)
    assert done.rows == 2_600 - len(others)
    assert done.files > 0
    assert done.bytes > 0
    assert contents(log) == others
    assert contents(store(tmp_path / "log")) == others
    assert (log.count(), log.length()) == (len(others), 2_600), "positions stay"
    assert not mentions(tmp_path, *GONE)
    kept = {path.name for path in (tmp_path / "log").rglob("*.parquet")} & files
    assert log.erase(GONE) == Erased()
    landed(log, 2_600, 50)
    assert log.scan(profiles=[person(2_600)])["position"].to_pylist()[-1] == 2_600
    assert kept or log._table.files()[0].bucket == -1, "files without these people are not touched"


@pytest.mark.parametrize("point", ["before the commit", "after the commit", "while removing"])
def test_a_crash_leaves_all_or_nothing_and_doing_it_again_finishes(
    log: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    before = contents(log)
    others = [row for row in before if row["profile"] not in GONE]

    def crash(*_: Any, **__: Any) -> Any:
        raise Crash

    where, name = {
        "before the commit": (LakeTable, "commit"),
        "after the commit": (LakeTable, "vacuum"),
        "while removing": (LakeTable, "forget_versions"),
    }[point]
    with monkeypatch.context() as patched:
        patched.setattr(where, name, crash)
        with pytest.raises(Crash):
            log.erase(GONE)
    again = store(tmp_path / "log")
    assert contents(again) == (before if point == "before the commit" else others)
    again.erase(GONE)
    assert contents(again) == others
    assert not mentions(tmp_path, *GONE)


def test_rows_at_positions_go_too_and_rows_can_be_mended(log: EventStore, tmp_path: Path) -> None:
    rows = contents(log)
    log.erase([], [7, 2_599])
    assert [row["position"] for row in contents(log)] == [n for n in range(2_600) if n not in (7, 2_599)]
    mended = [{**rows[n], "properties": '{"product":"[erased]"}'} for n in (8, 9, 1_500)]
    assert log.amend(pa.Table.from_pylist(mended)).rows == 3
    expected = {row["position"]: row for row in mended}
    assert contents(log) == [expected.get(row["position"], row) for row in rows if row["position"] not in (7, 2_599)]
    told = log.scan(properties=["product"])
    assert told["p.product"].to_pylist().count("[erased]") == 3


def test_old_rows_go_but_not_those_that_say_who_somebody_is(log: EventStore) -> None:
    since = log.extent().first_received_at + 1_000
    log.append(events(3_000, 1).set_column(4, events(0, 1).schema.field("name"), pa.array(["$set"])))
    assert log.older(since) == 1_000
    assert log.retain(since).rows == 1_000
    assert log.older(since) == 0
    assert log.extent().first_received_at == since
    assert log.older(1 << 60) == 1_600
    log.retain(1 << 60)
    assert [row["name"] for row in contents(log)] == ["$set"]
    assert log.length() == 2_601


def test_files_that_a_crash_left_uncommitted_go_with_an_erasure(log: EventStore, tmp_path: Path) -> None:
    orphan = erasing.joined(log._table, [(events(3, 1), ())], -1)
    assert orphan[0].path in log._table.unneeded(0)
    log.erase(GONE)
    assert not log._table.unneeded(0)
    assert not mentions(tmp_path, *GONE)


def test_a_compaction_that_an_erasure_overtakes_does_nothing(log: EventStore) -> None:
    table = log._table
    files = table.files()
    written = erasing.joined(table, [(log.scan(), ())], files[0].bucket)
    log.erase(GONE)
    others = contents(log)
    assert not table.move(written, files)
    assert contents(log) == others
    assert not table.unneeded(0), "what was written for nothing is gone too"


def test_every_other_table_forgets_people_too(tmp_path: Path) -> None:
    changes = ChangeStore(tmp_path / "changes")
    told = pa.Table.from_pylist(
        [
            {"segment": "vip", "version": 1, "profile": person(n), "direction": "entered", "at": n, "cause": "event",
             "event_id": f"e{n}", "position": n, "sequence": n + 1}
            for n in range(100)
        ],
        schema=CHANGES,
    )  # fmt: skip
    changes.extend(told.slice(0, 60), 60, {})
    changes.extend(told.slice(60), 100, {})
    assert changes.erase(GONE).rows == 2
    assert changes.length() == 100
    assert changes.page(48, 52, 10)["sequence"].to_pylist() == [49, 50, 52]
    refused = pa.table(
        [["1", "2", "3"], ["r"] * 3, ["a.csv"] * 3, [""] * 3, ['{"mail":"ada@x.io"}', "{}", '{"who":"ada"}'], [1, 2, 3], ["s"] * 3],
        schema=QUARANTINE,
    )  # fmt: skip
    quarantine = QuarantineStore(tmp_path / "quarantine")
    quarantine.add(refused)
    assert quarantine.erase(["ada@x.io"]).rows == 1
    assert quarantine.older(3) == 1
    assert quarantine.retain(3).rows == 1
    assert quarantine.rows()["id"].to_pylist() == ["3"]
    people = Mirror(local_place(tmp_path / "profiles"), "profiles")
    people.replace(
        [mirrored.table_of("profiles", [("a", 1, None, "{}"), (GONE[0], 2, "a", "{}"), ("c", 3, GONE[0], "{}")])], 9
    )
    assert people.erase(GONE).rows == 2
    assert people.table()["profile"].to_pylist() == ["a"]
    assert not mentions(tmp_path, *GONE, "ada@x.io")


def test_the_log_of_commits_names_nobody(log: EventStore, tmp_path: Path) -> None:
    log.append(events(5_000, 100))
    log._table.open().create_checkpoint()  # type: ignore[union-attr]
    logs = [path for path in (tmp_path / "log" / "_delta_log").iterdir() if path.is_file()]
    assert logs
    assert not [path for path in logs if b"person-" in path.read_bytes() or b"event-" in path.read_bytes()]


def test_a_place_says_what_it_is(tmp_path: Path) -> None:
    place: Place = local_place(tmp_path)
    assert place.is_local
    assert place.child("events").path == f"{tmp_path}/events"


def test_a_reader_whose_log_of_commits_is_tidied_away_meanwhile_asks_again(
    log: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening the newest version and asking it, another handle erases: the checkpoint that was opened is gone."""
    log.erase(log.profiles()[:1])
    reader = store(tmp_path / "log")
    table = reader._table
    stale, opened = table.open(), table.open
    log.erase(log.profiles()[:1])
    calls = iter([stale])
    monkeypatch.setattr(table, "open", lambda: next(calls, None) or opened())
    assert reader.length() == log.length()
    assert reader.count() == log.count()
