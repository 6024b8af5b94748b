"""An erasure and what was learned: who was where goes, the models stay as they were signed, and the search finds nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from coterie.engine.learning.models import models_of
from coterie.engine.privacy.access import access
from coterie.engine.privacy.erasure import Asked, erase
from coterie.engine.project import HIDDEN, Project
from coterie.errors import Conflict
from coterie.privacy.needles import Needles
from coterie.storage.search import search
from tests.engine.privacy.people import BOB, fill
from tests.learned.models import AT, artefact


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    project = fill(tmp_path / "shop")
    people = pa.table({"profile": ["u-20931", BOB], "cluster": ["loyal", "loyal"], "role": ["typical", None]})
    store = models_of(project)
    for _ in range(2):
        store.save(artefact(), people)
    store.publish("clusters", "rfm", 2, AT)
    return project


def test_who_was_where_goes_and_the_models_stay(shop: Project) -> None:
    store = models_of(shop)
    before = store.load("clusters", "rfm")
    receipt = erase(shop, Asked(who=["u-20931"], by="tests"))
    assert receipt.is_complete, receipt
    assert {place.name: (place.found, place.left) for place in receipt.places}["models: who was where"] == (2, 0)
    for version in (1, 2):
        left = store.assignments("clusters", "rfm", version)
        assert left is not None
        assert left["profile"].to_pylist() == [BOB]
    assert store.load("clusters", "rfm") == before
    assert search(shop.root / HIDDEN, Needles(("u-20931", "ada@example.com"))).found == []


def test_a_draft_that_a_crash_left_goes_too(shop: Project) -> None:
    folder = shop.root / HIDDEN / "models/clusters/rfm"
    draft = folder / ".2.people.parquet.draft"
    draft.write_bytes((folder / "2.people.parquet").read_bytes())
    assert erase(shop, Asked(who=["u-20931"], by="tests")).is_complete
    assert not draft.exists()


def test_who_asks_is_told_where_they_were(shop: Project) -> None:
    told = access(shop, BOB)
    assert [(one["key"], one["version"], one["cluster"], one["profile"]) for one in told.models] == [
        ("rfm", 1, "loyal", BOB), ("rfm", 2, "loyal", BOB),
    ]  # fmt: skip


@pytest.mark.parametrize("named", ["features/cities.yaml", "models/rfm.yaml"])
def test_a_file_that_names_somebody_is_theirs_to_change_first(shop: Project, named: str) -> None:
    (shop.root / named).parent.mkdir(exist_ok=True)
    (shop.root / named).write_text("frozen: {city: [Bern, ada@example.com]}\n")
    with pytest.raises(Conflict, match=named):
        erase(shop, Asked(who=["u-20931"], by="tests"))
    (shop.root / named).unlink()
    assert erase(shop, Asked(who=["u-20931"], by="tests")).is_complete


def test_a_version_that_names_somebody_goes_and_a_published_one_is_seen_to_first(shop: Project) -> None:
    """A category of the data may be anything, also somebody's address."""
    store = models_of(shop)
    levels = {"preparation": {"levels": ["Bern", "Ada@Example.com"]}}
    for _ in range(2):
        store.save(artefact(parameters=levels))
    store.publish("clusters", "rfm", 4, AT)
    with pytest.raises(Conflict, match="version 4 of the model rfm"):
        erase(shop, Asked(who=["u-20931"], by="tests"))
    store.publish("clusters", "rfm", 2, AT)
    receipt = erase(shop, Asked(who=["u-20931"], by="tests"))
    assert receipt.is_complete, receipt
    assert {place.name: (place.found, place.left) for place in receipt.places}["models: versions"] == (2, 0)
    assert store.versions("clusters", "rfm") == [1, 2]
    assert search(shop.root / HIDDEN, Needles(("u-20931", "ada@example.com"))).found == []


def test_without_the_shelf_the_search_would_find_them(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from coterie.engine.privacy import shelves

    rest = tuple(one for one in shelves.BUILDERS if one is not shelves.models)
    monkeypatch.setattr(shelves, "BUILDERS", rest)
    receipt = erase(shop, Asked(who=["u-20931"], by="tests"))
    assert not receipt.is_complete
    assert any("people.parquet" in place for place in receipt.searched.places)
