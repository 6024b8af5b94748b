from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from coterie.errors import InvalidDefinition, NotFound, Problem
from coterie.storage import changes, quarantine
from coterie.storage.applied import AppliedStore, Apply, Entry
from coterie.storage.changes import ChangeStore
from coterie.storage.lists import ListStore
from coterie.storage.project_file import load_settings
from coterie.storage.quarantine import QuarantineStore
from coterie.storage.thresholds import ThresholdStore


def refused(*ids: str, reason: str = "bad") -> pa.Table:
    one = {"reason": reason, "place": "f row 1", "detail": "d", "row": "{}", "received_at": 1, "source": "shop"}
    return pa.Table.from_pylist([{"id": name, **one} for name in ids], schema=quarantine.SCHEMA)


def test_a_refused_row_is_kept_once_and_forgotten_when_mended(tmp_path: Path) -> None:
    store = QuarantineStore(tmp_path / "q")
    assert store.add(refused("a", "b", "a")) == 2
    assert store.add(refused("b", "c", reason="worse")) == 1
    assert store.reasons().to_pylist() == [
        {"source": "shop", "reason": "bad", "rows": 2},
        {"source": "shop", "reason": "worse", "rows": 1},
    ]
    assert store.rows(reason="wor")["id"].to_pylist() == ["c"]
    assert store.rows(limit=1).num_rows == 1
    assert store.rows(source="other").num_rows == 0
    store.remove(["a", "c"])
    assert QuarantineStore(tmp_path / "q").rows()["id"].to_pylist() == ["b"]


def change(segment: str, profile: str, at: int) -> pa.Table:
    row = {"segment": segment, "version": 1, "profile": profile, "direction": "entered", "at": at, "cause": "event"}
    return pa.Table.from_pylist([{**row, "position": at}])


def test_changes_are_numbered_in_order_replaced_and_appended(tmp_path: Path) -> None:
    store = ChangeStore(tmp_path / "c")
    assert store.replace([]) == 0
    assert store.replace([change("s", "ada", 1), change("s", "bob", 2)]) == 2
    assert store.append([change("t", "ada", 3)]) == 1
    assert store.table()["sequence"].to_pylist() == [1, 2, 3]
    assert store.table().schema == changes.SCHEMA
    assert store.table(profile="ada")["segment"].to_pylist() == ["s", "t"]
    assert store.table(segment="s", profile="bob")["at"].to_pylist() == [2]
    assert store.replace([change("u", "ada", 9)]) == 1
    assert store.counts().to_pylist() == [{"segment": "u", "direction": "entered", "cause": "event", "changes": 1}]


def test_the_catalog_in_force_is_the_sum_of_all_applies(tmp_path: Path) -> None:
    store = AppliedStore(tmp_path / "a")
    assert store.current() == {}
    one = Entry(key="x", change="added", version=1, definition={"key": "x"})
    two = Entry(key="y", change="added", version=1, definition={"key": "y"})
    store.record(Apply(number=1, at=10, entries=(one, two)))
    newer = Entry(key="x", change="changed", version=2, definition={"key": "x", "title": "X"})
    store.record(Apply(number=2, at=20, entries=(newer, Entry(key="y", change="removed", version=1))))
    assert AppliedStore(tmp_path / "a").current() == {"x": newer}
    assert [apply.at for apply in store.history()] == [10, 20]
    with pytest.raises(FileExistsError):
        store.record(Apply(number=2, at=30, entries=()))


def test_a_list_tells_what_changed_since_it_was_taken(tmp_path: Path) -> None:
    store = ListStore(tmp_path / "lists", tmp_path / "taken")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "vip.csv").write_text("profile,note\nada,x\n bob ,y\n\nada,again\n")
    first = store.change("vip")
    assert (first.version, first.added, first.removed) == (1, ("ada", "bob"), ())
    store.take(first)
    (tmp_path / "lists" / "vip.csv").write_text("profile\nbob\neve\n")
    second = store.change("vip")
    assert (second.version, second.added, second.removed) == (2, ("eve",), ("ada",))
    assert store.members("vip", 1) == ["ada", "bob"]
    store.take(second)
    (tmp_path / "lists" / "vip.csv").unlink()
    assert store.names() == ["vip"]
    assert store.change("vip").removed == ("bob", "eve")


def test_thresholds_are_published_as_new_versions(tmp_path: Path) -> None:
    store = ThresholdStore(tmp_path / "thresholds")
    assert store.versions("top") == []
    assert [store.publish("top", {"cuts": {"by": [1.5]}}), store.publish("top", {"cuts": {"by": [2]}})] == [1, 2]
    assert store.load("top", 1) == {"cuts": {"by": [1.5]}}
    assert store.all()[("top", 2)] == {"cuts": {"by": [2]}}
    with pytest.raises(NotFound, match="coterie thresholds top"):
        store.load("top", 3)
    (tmp_path / "thresholds" / "top@3.yaml").write_text("- 1")
    with pytest.raises(Problem):
        store.load("top", 3)


def test_settings_tell_every_mistake_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="coterie init"):
        load_settings(tmp_path)
    (tmp_path / "coterie.yaml").write_text("nam: shop\ntime_zone: Mars/Base\npresent: later\n")
    with pytest.raises(InvalidDefinition) as caught:
        load_settings(tmp_path)
    assert len(caught.value.problems) == 3
    assert "did you mean 'name'?" in str(caught.value)
    (tmp_path / "coterie.yaml").write_text("name: shop\n")
    assert load_settings(tmp_path).present == "log"
