"""A fit goes on for minutes: who is erased meanwhile is not in what it keeps."""

from __future__ import annotations

from pathlib import Path

from coterie.engine.learning import clustering
from coterie.engine.learning.models import definition, models_of
from coterie.engine.privacy.erasure import Asked, erase
from coterie.engine.project import HIDDEN
from coterie.learned.definition import ClustersModel
from coterie.privacy.needles import Needles
from coterie.storage.search import search
from tests.engine.learning.planted import NOW, planted

GONE = "regular-03"


def test_who_was_erased_while_a_fit_went_on_is_not_kept(tmp_path: Path) -> None:
    project = planted(tmp_path / "shop")
    model = definition(project, "buyers", "clusters")
    assert isinstance(model, ClustersModel)
    found = clustering.fit(project, model, NOW)
    assert erase(project, Asked(who=[GONE], by="tests")).is_complete
    kept = clustering.keep(project, found)
    people = models_of(project).assignments("clusters", "buyers", kept.version)
    assert people is not None
    assert people.num_rows == 89
    assert GONE not in people["profile"].to_pylist()
    assert search(project.root / HIDDEN, Needles((GONE,))).found == []
