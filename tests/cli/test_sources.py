"""``coterie sources``: list, check, try, pull, status, reset."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Shell

SOURCE = """
kind: files
path: in/*.csv
every: 15m
mapping: {profile: who, occurred_at: at, event: bought, properties: {n: {column: n, type: integer}}}
"""


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    (tmp_path / "coterie.yaml").write_text("{}\n")
    for name in ("sources", "in"):
        (tmp_path / name).mkdir()
    (tmp_path / "sources" / "shop.yaml").write_text(SOURCE)
    (tmp_path / "in" / "a.csv").write_text("who,at,n\nada,2026-01-01,1\nbob,2026-01-02,x\n")
    return Shell(tmp_path, capsys)


def test_a_source_from_its_file_to_its_status(shell: Shell) -> None:
    listed = shell("sources")
    assert listed.code == 0
    assert "every 15m" in listed.out
    assert "not read yet" in shell("sources", "status").out
    assert shell.json("sources", "check")["shop"]["columns"] == {"who": "text", "at": "text", "n": "text"}
    tried = shell.json("sources", "try", "shop")
    assert [(one["name"], one["properties"]) for one in tried["events"]] == [("bought", {"n": 1})]
    assert [one["reason"] for one in tried["refused"]] == ["wrong type"]
    assert "wrong type" in shell("sources", "try", "shop").out
    done = shell.json("sources", "pull", "shop")
    assert (done["rows"], done["added"], done["refused"]) == (2, 1, 1)
    assert shell.json("sources", "status", "shop")["shop"]["position"]["files"].keys() == {"in/a.csv"}
    assert "1 events, 1 refused" in shell("sources", "status").out
    mended = SOURCE.replace("type: integer", "type: text")
    (shell.folder / "sources" / "shop.yaml").write_text(mended)
    assert shell.json("sources", "replay", "shop")["added"] == 1
    (shell.folder / "sources" / "shop.yaml").write_text(SOURCE)
    assert shell.json("sources", "reset", "shop") == {"reset": True}
    assert shell("sources", "pull", "shop", "--strict").code == 5
    assert shell.json("sources", "list")[0]["events"] == 1


def test_mistakes_are_told(shell: Shell) -> None:
    missing = shell("sources", "pull", "shap")
    assert missing.code == 3
    assert "did you mean 'shop'" in missing.err
    (shell.folder / "in" / "a.csv").unlink()
    (shell.folder / "sources" / "shop.yaml").write_text(SOURCE.replace("in/*.csv", "in/a.csv"))
    absent = shell("sources", "pull", "shop")
    assert absent.code != 0
    assert "no such file" in absent.err
    (shell.folder / "sources" / "shop.yaml").write_text("kind: fils\nmapping: {profile: who}\n")
    assert "did you mean 'files'" in shell("validate").out
    wrong = shell("sources")
    assert wrong.code == 2
    assert "did you mean 'files'" in wrong.err
    assert "occurred_at: missing" in wrong.err
