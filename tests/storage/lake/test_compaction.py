"""Compaction moves rows and loses none: a few files, people in their bucket, the log in its order."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.storage.lake.compaction import BUCKETS, OPEN, TOGETHER, bucket_of, next_step
from coterie.storage.lake.table import File
from tests.storage.lake.logs import contents, events, landed, person, store


def file(first: int, rows: int, bucket: int | None = OPEN) -> File:
    return File(f"{bucket}/{first}", bucket, rows, rows * 40, {"position": first}, {"position": first + rows - 1})


def test_neighbours_of_one_size_become_one() -> None:
    files = [file(n * 10, 10) for n in range(TOGETHER)]
    step = next_step(files, 1_000)
    assert step is not None
    assert (step.files, step.is_divided) == (tuple(files), False)
    assert next_step(files[:-1], 1_000) is None, "one less is left alone"


def test_a_large_file_between_small_ones_is_not_merged_with_them() -> None:
    small, large = [file(n, 1) for n in range(TOGETHER - 1)], file(100, 500)
    after = [file(700 + n, 1) for n in range(TOGETHER)]
    assert next_step([*small, large, *after[1:]], 10_000) is None
    assert next_step([large, *after], 10_000).files == tuple(after)  # type: ignore[union-attr]
    mixed = [file(n * 100, 100 if n % 2 else 10) for n in range(TOGETHER)]
    assert next_step(mixed, 10_000).files == tuple(mixed)  # type: ignore[union-attr]


def test_a_full_span_is_divided_by_person_and_no_more_than_that() -> None:
    files = [file(n * 400, 400) for n in range(5)]
    step = next_step(files, 1_000)
    assert step is not None
    assert step.is_divided
    assert step.rows == 1_200


def test_everything_is_divided_when_asked_for_and_then_there_is_nothing_to_do() -> None:
    assert next_step([file(0, 3)], 1_000, everything=True).is_divided  # type: ignore[union-attr]
    done = [file(bucket, 50, bucket) for bucket in range(BUCKETS)]
    assert next_step(done, 1_000, everything=True) is None
    assert next_step([*done, file(99, 2, 7)], 1_000, everything=True).files == (done[7], file(99, 2, 7))  # type: ignore[union-attr]


def test_a_table_without_buckets_is_merged_only() -> None:
    step = next_step([file(n, 5, None) for n in range(TOGETHER)], 10)
    assert step is not None
    assert not step.is_divided


@pytest.mark.parametrize("everything", [False, True])
def test_rows_and_their_order_stay(tmp_path: Path, everything: bool) -> None:
    log = store(tmp_path / "log")
    for first in range(0, 5_000, 250):
        landed(log, first, 250)
    before = contents(log)
    done = log.compact(everything=everything)
    assert done.before
    assert done.after
    assert contents(log) == before
    assert [row["position"] for row in before] == list(range(5_000))
    assert contents(store(tmp_path / "log")) == before
    again = log.compact(everything=everything)
    assert (again.before, again.after) == (0, 0)


def test_a_person_lies_in_the_files_of_one_bucket(tmp_path: Path) -> None:
    log = store(tmp_path / "log")
    for first in range(0, 4_000, 500):
        landed(log, first, 500)
    log.compact()
    table = log._table
    assert {one.bucket for one in table.files()} == {bucket_of(person(n)) for n in range(97)}
    assert len(log.files()) <= 4 * BUCKETS
    mine = [one for one in table.files() if one.bucket == bucket_of(person(3))]
    found = table.query("SELECT count(*) AS n FROM stored WHERE profile = ?", [person(3)], lambda one: one in mine)
    assert found["n"][0].as_py() == log.scan(profiles=[person(3)]).num_rows > 30
    assert [row["position"] for row in log.scan(profiles=[person(3), person(90)]).to_pylist()] == [
        n for n in range(4_000) if n % 97 in (3, 90)
    ]


def test_old_events_take_their_place_among_those_that_are_divided_already(tmp_path: Path) -> None:
    log = store(tmp_path / "log")
    log.append(events(0, 2_500, step=2))
    before = log.length()
    done = log.append(events(1, 1_000, step=4))
    assert done.added == 1_000
    rows = contents(log)
    assert [row["received_at"] for row in rows] == sorted(row["received_at"] for row in rows)
    assert [row["position"] for row in rows] == list(range(3_500))
    assert log.length() == before + 1_000
    assert {row["event_id"] for row in rows} == {f"event-{n}" for n in [*range(0, 5_000, 2), *range(1, 4_001, 4)]}
    assert log.append(events(1, 1_000, step=4)).added == 0


def test_a_landing_is_done_once(tmp_path: Path) -> None:
    log = store(tmp_path / "log")
    landed(log, 0, 10)
    landed(log, 0, 10)
    assert (log.count(), log.length(), log.said("journal")) == (10, 10, 10)
    assert log.edition() == 0, "a landing does not make what was read before wrong"
    log.append(events(10, 5))
    assert (log.count(), log.length(), log.edition()) == (15, 15, 1)
