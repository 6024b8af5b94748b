"""``coterie quality`` and ``coterie reconcile`` as somebody types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Shell
from tests.engine.quality.shop import ORDERS, shop, spoilt, without_totals


def test_run_history_accept_and_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shop(
        tmp_path / "shop",
        spoilt(without_totals),
        "quality: {owner: data@shop.example}\n",
        {"quality/orders.yaml": ORDERS},
    )
    shell = Shell(tmp_path / "shop", capsys)
    first = shell("quality", "run")
    assert (first.code, "null rate" in first.out, "orders@shop.example" in first.out) == (8, True, True)
    assert shell("quality", "run").code == 0
    found = shell("quality", "history", "--json").json()
    assert {one["rule"] for one in found} == {"", "orders"}
    accepted = shell("quality", "accept", str(found[0]["id"]))
    assert accepted.out.startswith("accepted:")
    assert shell("quality", "accept", "999").code == 3
    assert "accepted" in shell("quality", "history").out
    assert shell("quality", "report", "--to", str(tmp_path / "page.html")).code == 0
    assert "shop: quality" in (tmp_path / "page.html").read_text()
    assert shell("validate").out.count("1 quality rule") == 1


def test_reconcile_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "coterie.yaml").write_text("name: shop\n")
    text = "kind: files\npath: sales.csv\nmapping: {profile: who, occurred_at: at, id: id, event: sale}\n"
    (tmp_path / "sources" / "till.yaml").write_text(text)
    (tmp_path / "sales.csv").write_text("id,who,at\n1,ada,2026-03-01T10:00:00Z\n2,bo,2026-03-02T10:00:00Z\n")
    shell = Shell(tmp_path, capsys)
    assert shell("sources", "pull", "till").code == 0
    exact = shell("reconcile")
    assert (exact.code, "exact" in exact.out) == (0, True)
    (tmp_path / "sales.csv").write_text("id,who,at\n1,ada,2026-03-01T10:00:00Z\n3,bo,2026-03-02T11:00:00Z\n")
    wrong = shell("reconcile", "till", "--day", "2026-03-02")
    assert wrong.code == 9
    assert "missing" in wrong.out
    assert "extra" in wrong.out
    told = shell("reconcile", "till", "--json").json()
    assert {one["event_id"]: one["what"] for one in told[0]["strange"]} == {"2": "extra", "3": "missing"}
    assert shell("reconcile", "nowhere").code == 3
    assert "reconciliation" in shell("quality", "history").out


def test_an_empty_project_is_told_so_and_not_that_all_is_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "coterie.yaml").write_text("name: shop\n", encoding="utf-8")
    shell = Shell(tmp_path, capsys)
    assert "not run yet" in shell("quality", "history").out
    assert "the log is empty" in shell("quality", "run").out
    for words, told in ((("reconcile",), "nothing to read again"), (("plan", "infer"), "nothing to draft")):
        done = shell(*words)
        assert (done.code, told in done.out + done.err) == (0, True)
