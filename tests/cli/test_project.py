"""From an empty folder to definitions in force, and everything that can go wrong on the way."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from coterie.cli.exits import FAILED, INVALID, NOT_FOUND, REFUSED_ROWS
from tests.cli.running import Shell


def test_init_makes_a_project_that_is_valid_and_never_writes_over_anything(shell: Shell, tmp_path: Path) -> None:
    files = {file.relative_to(shell.folder).as_posix() for file in shell.folder.rglob("*") if file.is_file()}
    assert {"coterie.yaml", "README.md", "segment.schema.json", "mappings/shop.yaml", "data/shop.csv"} <= files
    assert len([file for file in files if file.startswith("segments/")]) >= 5
    assert shell.json("validate")["problems"] == []
    again = shell("init", str(shell.folder))
    assert again.code == INVALID
    assert "there is a project already" in again.err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert shell("init", str(tmp_path / "full")).code == INVALID
    assert shell("init", str(tmp_path / "bare"), "--bare").code == 0
    assert (tmp_path / "bare" / "segments").is_dir()


def test_a_second_ingest_adds_nothing_and_bad_rows_are_listed(shell: Shell) -> None:
    file = str(shell.folder / "data" / "shop.csv")
    done = shell.json("ingest", file, "--map", "shop")
    assert (done["rows"], done["added"], done["duplicates"], done["refused"], done["quarantined"]) == (
        317,
        0,
        355,
        2,
        0,
    )
    assert done["reasons"] == {"occurred_at cannot be read": 1, "profile is missing": 1}
    assert shell("ingest", file, "--map", "shop", "--strict").code == REFUSED_ROWS
    rows = shell.json("quarantine", "list")
    assert [row["place"] for row in rows] == ["shop.csv row 59", "shop.csv row 93"]
    assert rows[0]["row"]["time"] == "2026-01-20 25:70"
    assert [(one["reason"], one["rows"]) for one in shell.json("quarantine")] == [
        ("occurred_at cannot be read", 1),
        ("profile is missing", 1),
    ]


def test_quarantined_rows_come_back_through_a_mended_mapping(shell: Shell) -> None:
    mapping = shell.folder / "mappings" / "shop.yaml"
    mended = mapping.read_text().replace("profile: customer ", "profile: {column: customer, anonymous: product} ")
    mapping.write_text(mended)
    done = shell.json("quarantine", "replay", "--map", "shop")
    assert (done["rows"], done["added"], done["refused"]) == (2, 1, 1)
    assert [row["reason"] for row in shell.json("quarantine", "list")] == ["occurred_at cannot be read"]
    assert shell.json("ingest", str(shell.folder / "data" / "shop.csv"), "--map", "shop")["added"] == 0


def test_every_mistake_in_a_project_is_told_at_once(shell: Shell) -> None:
    (shell.folder / "segments" / "big-spenders.yaml").write_text("key: big-spenders\nwhen: {didd: {event: a}}\n")
    (shell.folder / "segments" / "care.yaml").write_text("key: care\nwhen: {did: {event: a, within: 0s}}\nowner: 3\n")
    (shell.folder / "mappings" / "shop.yaml").write_text("source: x\n")
    done = shell("--json", "validate")
    assert done.code == INVALID
    told = [f"{one['where']} {one['what']} {one['hint']}" for one in done.json()["problems"]]
    assert len(told) >= 6
    assert any("did" in one and "didd" not in one for one in told), "the nearest word is offered"
    assert shell("validate").code == INVALID
    assert shell("plan").code == INVALID


def test_plan_tells_who_would_move_and_apply_makes_it_so(shell: Shell) -> None:
    assert {row["difference"] for row in shell.json("plan")["rows"]} == {"same"}
    file = shell.folder / "segments" / "drifting-away.yaml"
    file.write_text(file.read_text().replace("silent_for: 10d", "silent_for: 5d"))
    (shell.folder / "segments" / "nordic-plus.yaml").unlink()
    (shell.folder / "segments" / "all.yaml").write_text("key: all\nwhen: {everyone: {}}\n")
    before = set(shell.json("members", "drifting-away")["members"])
    plan = {row["key"]: row for row in shell.json("plan")["rows"]}
    assert {key: row["difference"] for key, row in plan.items()} == {
        "all": "new",
        "big-spenders": "same",
        "care": "follows",
        "drifting-away": "changed",
        "high-intent-at-risk": "same",
        "nordic-plus": "removed",
        "window-shoppers": "same",
    }
    assert plan["drifting-away"]["version"] == 2, "a rule that changed while its version stayed gets the next one"
    assert shell.json("members", "drifting-away")["members"] == sorted(before), "a plan changes nothing"
    assert shell.json("apply")["rows"] == list(plan.values())
    after = set(shell.json("members", "drifting-away")["members"])
    assert sorted(after - before) == plan["drifting-away"]["entered"]
    assert sorted(before - after) == plan["drifting-away"]["exited"]
    assert len(plan["nordic-plus"]["exited"]) == 5
    assert {row["difference"] for row in shell.json("plan")["rows"]} == {"same"}
    assert shell("members", "nordic-plus").code == NOT_FOUND


def test_words_for_people_change_no_version(shell: Shell) -> None:
    file = shell.folder / "segments" / "big-spenders.yaml"
    file.write_text(file.read_text().replace("title: Big spenders", "title: Large spenders"))
    (row,) = (row for row in shell.json("plan")["rows"] if row["key"] == "big-spenders")
    assert (row["difference"], row["version"], row["entered"], row["exited"]) == ("described", 1, [], [])
    shell.json("apply")
    assert {one["key"]: one["title"] for one in shell.json("segments")}["big-spenders"] == "Large spenders"


def test_lists_are_taken_once_and_removal_is_remembered(shell: Shell) -> None:
    assert shell.json("lists") == [{"list": "vip", "version": 1, "people": 4, "added": 0, "removed": 0}]
    (shell.folder / "lists" / "vip.csv").write_text("profile\nc005\nc009\nc018\nc030\n")
    assert shell.json("lists")[0]["added"] == 1
    shell.json("lists", "--take")
    assert shell.json("lists")[0] == {"list": "vip", "version": 2, "people": 4, "added": 0, "removed": 0}
    traits = {one["name"]: one["value"] for one in shell.json("profile", "c023")["traits"]}
    assert traits["list.vip"] is False


def test_people_are_put_in_and_out_by_hand_against_the_rule(shell: Shell) -> None:
    inside = shell.json("members", "care")["members"]
    assert shell.json("members", "care", "--add", "c001")["members"] == sorted({*inside, "c001"})
    assert shell.json("members", "care", "--remove", "c001")["members"] == inside
    assert shell.json("members", "care", "--add", "c001", "--release", "c001")["members"] == inside
    refused = shell("members", "big-spenders", "--add", "c001")
    assert refused.code == INVALID
    assert "manual: true" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["members", "big-spender"], NOT_FOUND, "did you mean 'big-spenders'?"),
        (["explain", "care", "nobody"], NOT_FOUND, "no profile 'nobody'"),
        (["profile", "nobody"], NOT_FOUND, "no profile"),
        (["members", "care", "--at", "whenever"], INVALID, "not an instant"),
        (["membres", "care"], INVALID, "did you mean 'members'?"),
        (["members"], INVALID, "Missing argument"),
        (["ingest", "nothing.csv", "--map", "shop"], NOT_FOUND, "no file nothing.csv"),
        (["ingest", "nothing.csv", "--map", "shp"], NOT_FOUND, "did you mean 'shop'?"),
        (["thresholds", "care"], INVALID, "no published numbers"),
    ],
)
def test_an_error_is_told_in_words_with_a_hint_and_its_code(
    reading: Shell, arguments: list[str], code: int, told: str
) -> None:
    done = reading(*arguments)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert "Traceback" not in done.err


def test_a_folder_that_is_no_project_says_how_to_make_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = Shell(tmp_path, capsys)("segments")
    assert done.code == NOT_FOUND
    assert "coterie init" in done.err


def test_a_file_that_may_not_be_read_is_told_without_a_traceback(shell: Shell) -> None:
    (shell.folder / "segments" / "care.yaml").unlink()
    (shell.folder / "segments" / "care.yaml").mkdir()
    done = shell("validate")
    assert done.code == FAILED
    assert "care.yaml: Is a directory" in done.err


def test_thresholds_are_published_and_used_when_the_definition_names_them(shell: Shell) -> None:
    text = (
        "key: best\nwhen:\n  top: {count: 3, by: {kind: sum, property: value, event: order_completed}, thresholds: 1}\n"
    )
    (shell.folder / "segments" / "best.yaml").write_text(text)
    unpublished = shell("plan")
    assert unpublished.code == INVALID
    assert "coterie thresholds best" in unpublished.err
    done = shell.json("thresholds", "best")
    assert done["version"] == 1
    (cut,) = done["cuts"]["top"]
    shell.json("apply")
    spent: dict[str, float] = {}
    for line in (shell.folder / "data" / "shop.csv").read_text().splitlines()[1:]:
        _, who, event, _, _, _, amount, *_ = line.split(",")
        if event == "order_completed":
            spent[who] = spent.get(who, 0) + float(amount)
    assert sorted(spent.values())[-3] == pytest.approx(cut)
    assert set(shell.json("members", "best")["members"]) == {who for who, total in spent.items() if total >= cut - 1e-9}
    assert json.loads(shell("--json", "thresholds", "best", "--list").out)["1"]["cuts"]["top"] == [cut]


def test_every_command_of_the_starters_readme_works_in_the_order_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    assert Shell(folder, capsys)("init", str(folder)).code == 0
    monkeypatch.chdir(folder)
    lines = [
        line.split("#")[0] for line in (folder / "README.md").read_text().splitlines() if line.startswith("coterie ")
    ]
    assert len(lines) >= 12
    for line in lines:
        done = Shell(folder, capsys)(*shlex.split(line)[1:])
        assert done.code == 0, f"{line}\n{done.err}"
        assert done.out.strip(), line


def test_no_example_segment_of_the_starter_is_empty(reading: Shell) -> None:
    assert all(0 < one["size"] < 40 for one in reading.json("segments"))


def test_an_event_that_the_log_has_never_seen_is_remarked_upon(shell: Shell) -> None:
    assert "the log has no event" not in shell("plan").err
    (shell.folder / "segments" / "typo.yaml").write_text("key: typo\nwhen:\n  did: {event: add_to_card}\n")
    for command in ("validate", "plan"):
        told = " ".join(shell(command).err.split())
        assert "typo: the log has no event 'add_to_card' yet — did you mean 'add_to_cart'?" in told
