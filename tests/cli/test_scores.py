"""``coterie value``, ``propensity`` and ``lookalike`` as somebody types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Shell
from tests.engine.learning.buying import rows, shop


def test_from_a_fit_to_traits_and_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shop(tmp_path / "shop", rows(300))
    shell = Shell(tmp_path / "shop", capsys)
    assert shell("apply").code == 0
    shown = shell("value", "fit", "worth", "--html", str(tmp_path / "worth.html"))
    assert shown.code == 0
    assert "held out" in shown.out
    page = (tmp_path / "worth.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http-equiv", ""), "the page fetches nothing"
    scores = shell.json("value", "score", "worth", "--top", "3", "--to", str(tmp_path / "worth.csv"))
    assert len(scores["scores"]) == 3
    assert scores["scores"][0]["clv"] >= scores["scores"][2]["clv"]
    assert len((tmp_path / "worth.csv").read_text().splitlines()) == scores["people"] + 1
    done = shell.json("value", "publish", "worth")
    assert done["written"] == done["people"] == scores["people"]
    who = scores["scores"][0]["profile"]
    assert "clv.worth" in shell("profile", who).out
    told = shell.json("propensity", "fit", "soon")
    assert 0.5 < told["quality"]["auc"]["low"] < told["quality"]["auc"]["high"] < 1
    assert "AUC" in shell("propensity", "report", "soon").out
    assert "withdrawn" in shell("value", "withdraw", "worth").out
    assert shell("value", "withdraw", "worth").code == 3


def test_too_little_is_said_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shop(tmp_path / "shop", rows(300)[:60])
    shell = Shell(tmp_path / "shop", capsys)
    told = shell("propensity", "fit", "soon")
    assert (told.code, "nothing can be said" in told.out) == (2, True)
    few = shell("value", "fit", "worth")
    assert few.code == 2
    assert "too few people bought more than once" in few.err
    assert shell("lookalike", "score", "like").code == 3
    assert shell("value", "fit", "wort").code == 3
