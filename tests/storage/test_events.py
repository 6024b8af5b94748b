from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from coterie.errors import InvalidDefinition, Problem
from coterie.limits import MINUTE_US
from coterie.storage.events import EventStore
from coterie.values import event_key
from tests.storage.logs import rows


def ids(store: EventStore) -> list[str]:
    return store.scan()["event_id"].to_pylist()


def test_an_event_id_lives_once_in_a_batch_across_batches_and_across_openings(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    first = store.append(rows({"event_id": "a"}, {"event_id": "b"}, {"event_id": "a", "name": "second"}))
    assert (first.added, first.duplicates) == (2, 1)
    again = EventStore(tmp_path / "log").append(
        rows({"event_id": "b"}, {"event_id": "c", "received_at": 9, "occurred_at": 9})
    )
    assert (again.added, again.duplicates) == (1, 1)
    assert ids(store) == ["a", "b", "c"]
    assert store.scan(names=["second"]).num_rows == 0, "the first of two equal ids stays"


def test_of_equal_ids_the_one_that_arrived_first_stays(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    store.append(rows(*({"event_id": "a", "occurred_at": 1, "received_at": at, "name": f"n{at}"} for at in (9, 3, 5))))
    assert store.scan()["name"].to_pylist() == ["n3"]


def test_positions_are_dense_and_arrivals_never_decrease_even_when_history_comes_later(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    store.append(rows(*({"event_id": f"new{at}", "occurred_at": at, "received_at": at} for at in (50, 30, 40))))
    store.append(rows(*({"event_id": f"old{at}", "occurred_at": at, "received_at": at} for at in (35, 10, 60))))
    log = store.scan()
    assert log["position"].to_pylist() == [0, 1, 2, 3, 4, 5]
    assert ids(store) == ["old10", "new30", "old35", "new40", "new50", "old60"]
    assert log["event_key"].to_pylist() == [event_key(one) for one in ids(store)]


def test_equal_arrivals_keep_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    store.append(rows(*({"event_id": one, "received_at": 5, "occurred_at": 5} for one in "zya")))
    store.append(rows({"event_id": "b", "received_at": 5, "occurred_at": 1}))
    assert ids(store) == ["z", "y", "a", "b"]


def test_a_skewed_clock_is_corrected_and_the_far_future_refused_whole(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    store.append(rows({"event_id": "skewed", "occurred_at": 1_000 + MINUTE_US, "received_at": 1_000}))
    assert store.scan()["occurred_at"].to_pylist() == [1_000]
    with pytest.raises(Problem, match="future"):
        store.append(rows({"event_id": "ok"}, {"event_id": "tomorrow", "occurred_at": 6 * MINUTE_US, "received_at": 0}))
    assert ids(store) == ["skewed"]


def test_hot_columns_are_folded_into_canonical_json_and_lifted_out_again(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    table = rows({"properties": '{"b":"x","m":1}'}, {"properties": "{}"}, {"properties": '{"m":"text"}'})
    table = table.append_column("p.a", pa.array([2.0, None, 0.5])).append_column("p.b/c~", pa.array(["t", "u", None]))
    store.append(table)
    log = store.scan(properties=["a", "b/c~", "m", "b", "absent"])
    assert log["properties"].to_pylist() == ['{"a":2,"b":"x","b/c~":"t","m":1}', '{"b/c~":"u"}', '{"a":0.5,"m":"text"}']
    assert log["p.a"].to_pylist() == [2.0, None, 0.5]
    assert log["p.b/c~"].to_pylist() == ["t", "u", None]
    assert log["p.b"].to_pylist() == ["x", None, None]
    assert "p.m" not in log.column_names, "mixed types stay in JSON"
    assert "p.absent" not in log.column_names


def test_a_scan_narrows_by_profile_name_and_arrival(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    store.append(
        rows(
            {"profile": "ada", "name": "bought", "received_at": 1, "occurred_at": 1},
            {"profile": "bob", "name": "bought", "received_at": 2, "occurred_at": 2},
            {"profile": "ada", "name": "viewed", "received_at": 3, "occurred_at": 3},
        )
    )
    assert store.scan(profiles=["ada"])["position"].to_pylist() == [0, 2]
    assert store.scan(names=["bought"], until=1)["position"].to_pylist() == [0]
    assert [batch.num_rows for batch in store.batches(2)] == [2, 1]
    assert store.profiles() == ["ada", "bob"]
    extent = store.extent()
    assert (extent.events, extent.first_received_at, extent.last_received_at) == (3, 1, 3)
    assert store.people() == 2


def test_an_empty_log_answers_everything(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    assert len(store.files()) == 0
    assert store.scan(properties=["a"]).num_rows == 0
    assert store.extent().events == 0
    assert store.merges().num_rows == 0
    assert list(store.batches()) == []


def test_merges_come_in_log_order(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    store.append(
        rows(
            {}, {"event_id": "m", "name": "$merge", "properties": '{"loser":"eve"}', "received_at": 7, "occurred_at": 7}
        )
    )
    told = {"name": "$merge", "at": 7, "position": 1, "survivor": "ada", "loser": "eve"}
    assert store.merges().to_pylist() == [told]


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    def write(who: int) -> None:
        for n in range(4):
            EventStore(tmp_path / "log").append(rows({"event_id": f"{who}-{n}", "occurred_at": 1, "received_at": 1}))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    log = EventStore(tmp_path / "log").scan()
    assert log["position"].to_pylist() == list(range(12))
    assert len(set(log["event_id"].to_pylist())) == 12


def test_many_small_appends_stay_a_few_files(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "log")
    for at in range(20):
        store.append(rows({"event_id": f"e{at}", "occurred_at": at, "received_at": at}))
    assert len(store.files()) < 10
    assert ids(store) == [f"e{at}" for at in range(20)]


def test_a_table_without_its_columns_is_refused_with_all_of_them(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        EventStore(tmp_path / "log").append(pa.table({"event_id": ["a"], "profile": ["b"]}))
    assert {problem.where for problem in caught.value.problems} == {"name", "occurred_at", "received_at"}
