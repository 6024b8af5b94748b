"""``coterie plan infer|check|diff|clients|violations`` on the starter shop."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cli.running import Shell

CALL = {"type": "track", "event": "order_completed", "userId": "ada", "properties": {"value": "12"}}


def test_a_plan_from_the_first_draft_to_the_first_violation(shell: Shell) -> None:
    assert shell("plan", "check").code == 3
    shown = shell("plan", "infer", "order_completed", "--dry-run")
    assert "event: order_completed" in shown.out
    assert not (shell.folder / "tracking").exists()
    drafted = shell.json("plan", "infer")
    assert {one["event"] for one in drafted} == {
        "$identify", "add_to_cart", "checkout_started", "order_completed", "product_viewed",
    }  # fmt: skip
    assert shell.json("plan", "infer") == []
    checked = shell.json("plan", "check")
    assert (checked["checked"]["events"], checked["checked"]["violations"]) == (355, [])
    assert shell("plan", "infer", "nothing").code == 3


def test_wrong_files_are_told_with_every_problem(shell: Shell) -> None:
    folder = shell.folder / "tracking"
    folder.mkdir()
    (folder / "order.yaml").write_text(
        "event: order\nproperties:\n  a: {type: text}\n  b: {type: number, pattern: x}\n  c: {schema: {type: 7}}\n", encoding="utf-8"
    )  # fmt: skip
    (folder / "plan.yaml").write_text("on_unknown_event: drop\n", encoding="utf-8")
    done = shell("plan", "check", "--files-only")
    assert done.code == 2
    for word in (
        "4 problems",
        "order.yaml:3",
        "pattern says nothing about this type",
        "not a JSON Schema",
        "on_unknown_event",
    ):
        assert word in done.err, word


def test_calls_of_a_test_run_are_checked(shell: Shell, tmp_path: Path) -> None:
    shell.json("plan", "infer")
    calls = tmp_path / "calls.jsonl"
    calls.write_text(json.dumps(CALL) + "\n", encoding="utf-8")
    done = shell("--json", "plan", "check", "--events", str(calls))
    assert done.code == 6
    kinds = {(one["kind"], one["property"]) for one in done.json()["checked"]["violations"]}
    assert ("wrong type", "value") in kinds
    assert ("missing property", "cart_id") in kinds
    calls.write_text("no event\n", encoding="utf-8")
    assert shell("plan", "check", "--events", str(calls)).code == 2
    assert shell("plan", "check", "--events", str(tmp_path / "none")).code == 3


def test_two_versions_in_a_folder_and_in_git(shell: Shell, tmp_path: Path) -> None:
    shell.json("plan", "infer")
    git = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org", "-C", str(shell.folder)]
    for words in (["init", "-q"], ["add", "tracking"], ["commit", "-q", "-m", "plan"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    file = shell.folder / "tracking" / "order_completed.yaml"
    text = file.read_text(encoding="utf-8")
    assert shell("plan", "diff", "HEAD").code == 0
    file.write_text(text.replace("value: {type: number", "value: {type: integer"), encoding="utf-8")
    done = shell("--json", "plan", "diff", "HEAD")
    assert done.code == 7
    assert [(one["event"], one["property"], one["what"], one["breaking"]) for one in done.json()] == [
        ("order_completed", "value", "type narrowed", True)
    ]
    assert shell("plan", "diff", "HEAD:tracking").code == 7
    file.write_text("version: 2\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert shell("plan", "diff", "HEAD").code == 0
    assert shell("plan", "diff", str(shell.folder / "tracking"), "HEAD").code == 0
    assert shell("plan", "diff", "nowhere").code == 3
    assert shell("plan", "diff", "--upload-pack=x").code != 0


def test_clients_are_written(shell: Shell, tmp_path: Path) -> None:
    shell.json("plan", "infer")
    assert "export type OrderCompleted" in shell("plan", "clients", "--language", "typescript").out
    shell.json("plan", "clients", "--language", "python", "--out", str(tmp_path))
    assert "def order_completed(" in (tmp_path / "tracking.py").read_text(encoding="utf-8")


def test_violations_of_an_import_are_listed_and_replayed(shell: Shell) -> None:
    assert shell.json("plan", "violations") == []
    shell.json("plan", "infer")
    file = shell.folder / "tracking" / "order_completed.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("type: number", "type: integer") + "on_violation: quarantine\n", encoding="utf-8")
    more = shell.folder / "more.csv"
    rows = (shell.folder / "data" / "shop.csv").read_text(encoding="utf-8").splitlines()
    order = next(row for row in rows if ",order_completed," in row)
    more.write_text(f"{rows[0]}\n{order.replace('2026', '2025')}\n", encoding="utf-8")
    shell.json("ingest", str(more), "--map", "shop")
    (told,) = shell.json("plan", "violations")
    assert (told["kind"], told["event"], told["property"], told["count"], told["action"]) == (
        "wrong type", "order_completed", "value", 1, "quarantine",
    )  # fmt: skip
    assert "quarantine replay" in shell("plan", "violations").err
    assert shell.json("quarantine", "replay")["refused"] == 1
    file.write_text(text, encoding="utf-8")
    assert shell.json("quarantine", "replay")["added"] == 1
