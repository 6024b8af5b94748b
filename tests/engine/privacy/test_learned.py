"""An erasure and what was learned: who was where goes, the models stay as they were signed, and the search finds nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from coterie.engine.learning.models import models_of
from coterie.engine.privacy.erasure import Asked, erase
from coterie.engine.project import HIDDEN, Project
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


def test_without_the_shelf_the_search_would_find_them(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from coterie.engine.privacy import shelves

    rest = tuple(one for one in shelves.BUILDERS if one is not shelves.models)
    monkeypatch.setattr(shelves, "BUILDERS", rest)
    receipt = erase(shop, Asked(who=["u-20931"], by="tests"))
    assert not receipt.is_complete
    assert any("people.parquet" in place for place in receipt.searched.places)
