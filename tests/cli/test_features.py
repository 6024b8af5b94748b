"""``coterie features`` as somebody types it."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.running import Shell, made


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(made(tmp_path / "shop"), capsys)


def test_sets_are_listed_shown_built_and_frozen(shell: Shell) -> None:
    listed = shell.json("features", "list")
    assert [(one["key"], one["is_frozen"]) for one in listed] == [("shoppers", False)]
    assert "when frozen" in shell("features", "list").out
    shown = shell("features", "show", "shoppers")
    assert "bought_of_carts" in shown.out
    assert "fifths of recency are taken from the population anew" in " ".join(shown.out.split())
    path = shell.folder / "table.parquet"
    told = shell.json("features", "build", "shoppers", "--to", str(path))
    table = pq.read_table(path)
    assert table.num_rows == told["people"] > 10
    assert table.column_names == ["profile", *(one["name"] for one in told["features"])]
    recency = next(one for one in told["features"] if one["name"] == "recency")
    assert recency["known"] == table.num_rows - table["recency"].null_count
    before = (shell.folder / "features" / "shoppers.yaml").read_text()
    assert shell("features", "build", "shoppers", "--freeze").code == 0
    after = (shell.folder / "features" / "shoppers.yaml").read_text()
    assert after.startswith(before)
    assert "frozen:" in after
    assert shell.json("features", "show", "shoppers")["refusals"] == []
    assert shell.json("features", "build", "shoppers")["features"] == told["features"]
    again = shell("features", "build", "shoppers", "--freeze")
    assert (again.code, "it is frozen already" in again.err) == (2, True)


def test_a_table_of_the_past_is_smaller_and_written_as_csv(shell: Shell) -> None:
    path = shell.folder / "past.csv"
    told = shell.json("features", "build", "shoppers", "--at", "2026-01-12T00:00:00Z", "--to", str(path))
    lines = path.read_text().splitlines()
    assert len(lines) == told["people"] + 1 < shell.json("features", "build", "shoppers")["people"] + 1
    members = shell.json("features", "build", "shoppers", "--population", "nordic-plus")
    assert 0 < members["people"] < told["people"] + 1000
    assert shell("features", "build", "shoppers", "--to", "table.xlsx").code == 2
    assert shell("features", "build", "shoppers", "--population", "nobody").code == 3
    assert shell("features", "build", "shopers").code == 3


def test_mistakes_are_told_all_at_once(shell: Shell) -> None:
    assert shell("features", "check").out.startswith("✓ 1 feature set valid")
    folder = shell.folder / "features"
    (folder / "bad.yaml").write_text("key: bad\nfeatures: {a: {formula: b}, c: {formula: d}}\n")
    (folder / "lost.yaml").write_text("key: lost\npopulation: nobody\nfeatures: {a: {trait: b}}\n")
    told = shell("--json", "features", "check")
    assert told.code == 2
    assert len(told.json()["problems"]) == 3
    whole = shell("validate")
    assert (whole.code, "no segment has this key" in whole.out) == (2, True)
    (folder / "bad.yaml").write_text("key: bad\nfeatures: {a: {aggregate: {kind: count, event: ordr_completed}}}\n")
    (folder / "lost.yaml").unlink()
    strange = shell("--json", "features", "check").json()
    assert strange["unheard"] == {"bad": ["ordr_completed"]}
