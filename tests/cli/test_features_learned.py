"""``coterie features explore | scales | interests | text`` as somebody types them; the page on psychographics runs the whole way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Shell

TASTES = (
    "key: tastes\nkind: interests\nlooked: product_viewed\ncategory: category\npeople_min: 2\nleast: 1\ndimensions: 2\n"
)


@pytest.fixture
def tastes(shell: Shell) -> Shell:
    (shell.folder / "models").mkdir(exist_ok=True)
    (shell.folder / "models" / "tastes.yaml").write_text(TASTES)
    return shell


def test_features_are_looked_at_before_they_are_modelled(reading: Shell, tmp_path: Path) -> None:
    page = tmp_path / "explore.html"
    told = reading.json("features", "explore", "shoppers", "--html", str(page))
    assert told["people"] > 10
    assert {one["name"] for one in told["numbers"]} >= {"recency", "frequency", "monetary"}
    assert told["hopkins"]["value"]["undetermined"].endswith("it takes 100")
    assert "<svg" in page.read_text()
    shown = reading("features", "explore", "shoppers").out
    assert "skewness" in shown
    assert "• " in shown
    assert reading("features", "explore", "shopers").code == 3


def test_no_survey_is_said(reading: Shell) -> None:
    assert reading.json("features", "scales") == []
    assert "no scales" in reading("features", "scales").out


def test_interests_go_all_the_way(tastes: Shell, tmp_path: Path) -> None:
    fitted = tastes.json("features", "interests", "fit", "tastes")
    assert (fitted["kind"], fitted["version"]) == ("interests", 1)
    assert fitted["quality"]["categories"] >= 2
    table = tmp_path / "tastes.parquet"
    scored = tastes.json("features", "interests", "score", "tastes", "--to", str(table))
    assert scored["people"] == fitted["people"]
    assert table.is_file()
    published = tastes.json("features", "interests", "publish", "tastes")
    assert published["written"] == fitted["people"]
    assert tastes.json("features", "interests", "publish", "tastes")["written"] == 0
    assert tastes.json("models", "list")[0]["state"] == "published"
    assert tastes.json("features", "interests", "withdraw", "tastes")["people"] == fitted["people"]
    assert tastes("features", "interests", "withdraw", "tastes").code == 3


def test_what_is_wrong_is_told(tastes: Shell) -> None:
    missing = tastes("features", "text", "fit", "tastes")
    assert missing.code == 3
    assert "no model 'tastes' of kind text" in missing.err
    file = tastes.folder / "models" / "tastes.yaml"
    file.write_text(file.read_text() + "live: {every: 1d}\n")
    refused = tastes("features", "interests", "fit", "tastes")
    assert refused.code == 2
    assert "published at times" in refused.err
