"""Versions are kept and signed, one is published, people are erased, strangers are trusted by name only."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coterie.errors import Conflict, NotFound, Problem
from coterie.learned.envelope import bytes_in, sealed
from coterie.learned.record import Record
from coterie.storage.models import ModelStore
from tests.learned.models import AT, artefact, assignments

OURS, THEIRS = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", lambda: OURS)


@pytest.fixture
def elsewhere(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "elsewhere", lambda: THEIRS)


def test_versions_count_up_and_the_newest_is_loaded(store: ModelStore) -> None:
    first, second = store.save(artefact()), store.save(artefact(title="again"))
    assert (first.version, second.version) == (1, 2)
    assert store.load("clusters", "rfm") == second
    assert store.load("clusters", "rfm", 1) == first
    assert store.models() == [("clusters", "rfm")]


def test_saving_publishes_nothing(store: ModelStore) -> None:
    store.save(artefact())
    assert store.published("clusters", "rfm") is None
    assert store.all_published() == []


def test_one_version_is_published_until_another_or_none_is(store: ModelStore) -> None:
    store.save(artefact())
    store.save(artefact())
    store.publish("clusters", "rfm", 1, AT, by="ada")
    store.publish("clusters", "rfm", 2, AT + 1)
    assert store.published_version("clusters", "rfm") == 2
    store.publish("clusters", "rfm", 1, AT + 2, note="the new one was worse")
    assert [one.version for one in store.all_published()] == [1]
    store.withdraw("clusters", "rfm", AT + 3)
    assert store.published("clusters", "rfm") is None
    told = [(one.deed, one.version) for one in store.history("clusters", "rfm")]
    assert told == [
        ("saved", 1), ("saved", 2), ("published", 1), ("published", 2), ("published", 1), ("withdrawn", 1),
    ]  # fmt: skip


def test_a_version_that_was_removed_is_not_given_again(store: ModelStore) -> None:
    store.save(artefact())
    store.save(artefact(), assignments("ada"))
    store.remove("clusters", "rfm", 2, AT)
    assert store.assignments("clusters", "rfm", 2) is None
    assert store.save(artefact()).version == 3


def test_a_version_that_was_removed_comes_back_as_the_same_file(store: ModelStore) -> None:
    kept = store.save(artefact())
    data = store.file("clusters", "rfm", 1)
    store.remove("clusters", "rfm", 1, AT)
    assert store.add(data, "backup.json", AT) == kept


def test_what_is_no_model_any_more_can_be_removed(store: ModelStore) -> None:
    store.save(artefact())
    (store.path / "clusters/rfm/1.json").write_bytes(b"{")
    store.remove("clusters", "rfm", 1, AT)
    assert store.versions("clusters", "rfm") == []


def test_a_version_that_was_removed_is_not_taken_from_elsewhere(store: ModelStore, elsewhere: ModelStore) -> None:
    elsewhere.save(artefact(title="theirs"))
    store.signers.trust(elsewhere.signers.own(), "the other shop", AT)
    store.save(artefact())
    store.remove("clusters", "rfm", 1, AT)
    with pytest.raises(Conflict, match="a version 1"):
        store.add(elsewhere.file("clusters", "rfm", 1), "theirs.json", AT)


@pytest.mark.parametrize("version", [0, -1, 10**18])
def test_a_number_that_is_no_version_is_not_taken(store: ModelStore, version: int) -> None:
    data = bytes_in(sealed(artefact(version=version), OURS))
    with pytest.raises(Problem, match="no version"):
        store.add(data, "ours.json", AT)
    assert store.versions("clusters", "rfm") == []


@pytest.mark.parametrize("name", ["clusters/rfm/history.jsonl", "trusted.json"])
def test_a_damaged_file_is_told_and_stops_nobody_else(store: ModelStore, name: str) -> None:
    """A server that starts asks for what is published, and goes on without a model of which it cannot tell."""
    store.save(artefact())
    store.publish("clusters", "rfm", 1, AT)
    (store.path / name).write_bytes(b'{"at": 1, "deed"\xff')
    with pytest.raises(Problem, match=name.rpartition("/")[2]):
        store.published("clusters", "rfm")


def test_what_is_recorded_at_the_same_time_is_all_recorded(store: ModelStore) -> None:
    """A fit, the watch of drift and a person write the same history; none of them loses what another wrote."""

    def write(number: int) -> None:
        for _ in range(10):
            store.record("clusters", "rfm", Record(at=AT, deed="stale", version=number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(1, 5)))
    assert Counter(one.version for one in store.history("clusters", "rfm")) == dict.fromkeys(range(1, 5), 10)


def test_the_published_version_is_not_removed(store: ModelStore) -> None:
    store.save(artefact())
    store.publish("clusters", "rfm", 1, AT)
    with pytest.raises(Conflict, match="is published"):
        store.remove("clusters", "rfm", 1, AT)


def test_a_file_that_was_changed_is_refused(store: ModelStore) -> None:
    store.save(artefact())
    store.publish("clusters", "rfm", 1, AT)
    path = store.path / "clusters" / "rfm" / "1.json"
    path.write_bytes(path.read_bytes().replace(b'"people": 3', b'"people": 4'))
    with pytest.raises(Problem, match="changed after it was signed"):
        store.all_published()


def test_a_file_under_another_name_is_refused(store: ModelStore) -> None:
    store.save(artefact())
    store.save(artefact())
    folder = store.path / "clusters" / "rfm"
    (folder / "2.json").write_bytes((folder / "1.json").read_bytes())
    with pytest.raises(Problem, match="another model than its place says"):
        store.load("clusters", "rfm")


def test_a_model_from_elsewhere_is_taken_when_its_key_is_trusted(store: ModelStore, elsewhere: ModelStore) -> None:
    elsewhere.save(artefact())
    data = elsewhere.file("clusters", "rfm", 1)
    with pytest.raises(Problem, match="nobody here trusts"):
        store.add(data, "theirs.json", AT)
    assert store.models() == []
    store.signers.trust(elsewhere.signers.own(), "the other shop", AT)
    assert store.add(data, "theirs.json", AT) == elsewhere.load("clusters", "rfm")
    assert store.signer("clusters", "rfm", 1) == elsewhere.signers.own()
    with pytest.raises(Conflict, match="a version 1"):
        store.add(data, "theirs.json", AT)
    store.signers.distrust(elsewhere.signers.own())
    with pytest.raises(Problem, match="nobody here trusts"):
        store.load("clusters", "rfm")


@pytest.mark.parametrize("key", ["", "abc", "AAAA", "!" * 44])
def test_what_is_no_key_is_not_trusted(store: ModelStore, key: str) -> None:
    with pytest.raises(Problem, match="not a public key"):
        store.signers.trust(key, "nobody", AT)


def test_people_are_erased_from_every_version(store: ModelStore) -> None:
    store.save(artefact(), assignments("ada", "bob"))
    store.save(artefact(), assignments("bob", "eve"))
    store.save(artefact(key="other"), assignments("eve"))
    untouched = (store.path / "clusters" / "other" / "1.people.parquet").stat().st_mtime_ns
    assert store.people.about(("bob", "zoe")) == 2
    store.people.erase(("bob", "zoe"))
    assert store.people.about(("bob", "zoe")) == 0
    left = [store.assignments("clusters", "rfm", version) for version in (1, 2)]
    assert [table["profile"].to_pylist() for table in left if table is not None] == [["ada"], ["eve"]]
    assert not any(b"bob" in path.read_bytes() for path in store.path.rglob("*") if path.is_file())
    assert (store.path / "clusters" / "other" / "1.people.parquet").stat().st_mtime_ns == untouched
    assert store.load("clusters", "rfm", 1).version == 1


def test_people_that_cannot_be_read_are_told(store: ModelStore) -> None:
    store.save(artefact(), assignments("ada"))
    (store.path / "clusters/rfm/1.people.parquet").write_bytes(b"PAR1")
    for asked in (
        lambda: store.people.about(["ada"]),
        lambda: store.people.erase(["ada"]),
        lambda: list(store.about(["ada"])),
    ):
        with pytest.raises(Problem, match=r"1\.people\.parquet"):
            asked()


def test_assignments_say_whom_they_are_about(store: ModelStore) -> None:
    with pytest.raises(Problem, match="assignments of nobody"):
        store.save(artefact(), assignments("ada").drop_columns(["profile"]))


@pytest.mark.parametrize(("kind", "key"), [("clusters", "../up"), ("clusters", ""), ("pickle", "rfm")])
def test_no_name_leads_out_of_the_folder(store: ModelStore, kind: str, key: str) -> None:
    with pytest.raises(NotFound):
        store.load(kind, key)


def test_what_is_not_there_is_said_with_what_is(store: ModelStore) -> None:
    store.save(artefact())
    with pytest.raises(NotFound, match="did you mean 'rfm'"):
        store.load("clusters", "rfn")
    with pytest.raises(NotFound, match="there are: 1"):
        store.load("clusters", "rfm", 9)
