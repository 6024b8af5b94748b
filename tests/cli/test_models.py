"""``coterie models`` as somebody types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.engine.learning.models import models_of
from coterie.engine.project import Project
from tests.cli.running import Shell
from tests.engine.learning.planted import planted
from tests.learned.models import AT, artefact, assignments

RFM = "key: rfm\nkind: clusters\ntitle: Who buys how\nfeatures: rfm\nk: 2\n"
CLV = "key: clv\nkind: value\npurchase: order_completed\namount: value\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "shop" / "models").mkdir(parents=True)
    (tmp_path / "shop" / "coterie.yaml").write_text("name: shop\npresent: clock\n")
    (tmp_path / "shop" / "models" / "rfm.yaml").write_text(RFM)
    (tmp_path / "shop" / "models" / "clv.yaml").write_text(CLV)
    return Project(tmp_path / "shop")


def test_what_is_written_fitted_and_published_is_listed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    shell, store = Shell(project.root, capsys), models_of(project)
    assert [one["state"] for one in shell.json("models", "list")] == ["not fitted", "not fitted"]
    store.save(artefact(valid_until=AT + 1), assignments("ada"))
    store.save(artefact(valid_until=None))
    assert {one["key"]: one["state"] for one in shell.json("models", "list")} == {"rfm": "fitted", "clv": "not fitted"}
    store.publish("clusters", "rfm", 2, AT)
    assert "published" in shell("models", "list").out
    store.publish("clusters", "rfm", 1, AT)
    assert "expired" in shell("models", "list").out
    shown = shell("models", "show", "rfm")
    assert shown.code == 0
    for words in ("version 1, published", "3 people", "signed by this project", "silhouette: 0.5", "too few people"):
        assert words in shown.out
    assert shell.json("models", "show", "rfm", "--version", "2")["is_published"] is False
    assert [one["deed"] for one in shell.json("models", "history", "rfm")] == [
        "published",
        "published",
        "saved",
        "saved",
    ]
    assert shell("models", "show", "rfn").code == 3
    assert "did you mean 'rfm'" in shell("models", "show", "rfn").err


def test_a_changed_file_shows_in_the_list_and_fails_the_check(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    shell, store = Shell(project.root, capsys), models_of(project)
    store.save(artefact())
    assert shell("models", "verify").code == 0
    path = store.path / "clusters" / "rfm" / "1.json"
    path.write_bytes(path.read_bytes().replace(b'"people": 3', b'"people": 4'))
    assert shell("models", "verify").code == 2
    assert "changed after it was signed" in shell("models", "verify").out
    assert "refused" in shell("models", "list").out


def test_a_model_goes_from_one_project_to_another(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models_of(project).save(artefact())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "coterie.yaml").write_text("name: other\n")
    here, there, file = Shell(project.root, capsys), Shell(tmp_path / "other", capsys), tmp_path / "rfm.json"
    assert here("models", "export", "rfm", "--to", str(file)).code == 0
    refused = there("models", "add", str(file))
    key = here("models", "key").out.strip()
    assert refused.code == 2
    assert f"coterie models trust {key}" in refused.err
    assert there("models", "trust", key, "--name", "the first shop").code == 0
    assert there("models", "add", str(file)).code == 0
    assert "signed by the first shop" in there("models", "show", "rfm").out
    assert there("models", "trust", key, "--remove").code == 0
    assert there("models", "verify").code == 2


def test_an_old_version_is_removed_for_good(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    shell, store = Shell(project.root, capsys), models_of(project)
    store.save(artefact())
    store.save(artefact())
    store.publish("clusters", "rfm", 2, AT)
    assert shell("models", "remove", "rfm", "2").code == 1
    assert shell("models", "remove", "rfm", "1").code == 0
    assert store.versions("clusters", "rfm") == [2]


def test_any_kind_is_published_and_withdrawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(planted(tmp_path / "shop").root, capsys)
    assert shell("cluster", "fit", "buyers").code == 0
    assert shell("value", "fit", "worth").code == 0
    for key in ("buyers", "worth"):
        done = shell.json("models", "publish", key)
        assert (done["version"], done["people"], done["written"]) == (1, 90, 90)
        assert shell.json("models", "publish", key)["written"] <= 90
        assert shell.json("models", "withdraw", key)["written"] == 90
        assert shell("models", "withdraw", key).code == 3


def test_what_models_name_is_checked_with_everything_else(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(project.root, capsys)
    told = shell("validate")
    assert told.code == 2
    assert "no feature set has this key" in told.out
    (project.root / "features").mkdir()
    (project.root / "features" / "rfm.yaml").write_text("key: rfm\nbuilt_in: [{tenure: {}}]\n")
    assert shell("validate").out.count("2 models") == 1
    (project.root / "models" / "rfm.yaml").write_text(f"{RFM}columns: [recency]\npopulation: buyers\n")
    wrong = shell("validate").out
    assert "no feature has this key" in wrong
    assert "no segment has this key" in wrong
    assert "Coterie model" in shell("schema", "model").out
