"""Questions to a project: members, explanations, previews, replay, profile, verify; as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coterie.cli.commands import COMMANDS, foremost
from coterie.cli.exits import DISAGREE
from coterie.engine import history
from tests.cli.running import Shell


def test_members_at_an_instant_and_as_text(reading: Shell) -> None:
    now = reading.json("members", "drifting-away")
    assert now["size"] == len(now["members"]) > 0
    before = reading.json("members", "drifting-away", "--at", "20d ago")
    assert before["members"] != now["members"]
    assert reading.json("members", "drifting-away", "--at", now["at"])["members"] == now["members"]
    assert reading.json("members", "drifting-away", "--at", "2020-01-01")["members"] == []
    text = reading("members", "drifting-away", "--limit", "2")
    assert text.out.splitlines() == now["members"][:2]
    assert f"{now['size'] - 2:,} more" in text.err
    assert reading("--quiet", "members", "drifting-away", "--limit", "2").err == ""


def test_segments_sizes_are_the_lengths_of_their_member_lists(reading: Shell) -> None:
    for one in reading.json("segments"):
        assert one["size"] == reading.json("members", one["key"])["size"]
        assert one["sentence"].endswith(".")
    assert "drifting-away" in reading("segments").out


def test_explain_agrees_with_members_and_shows_the_evidence(reading: Shell) -> None:
    inside = set(reading.json("members", "high-intent-at-risk")["members"])
    for profile in [*sorted(inside)[:2], "c001", "c004"]:
        told = reading.json("explain", "high-intent-at-risk", profile)
        assert told["explanation"]["member"] == (profile in inside)
    who = sorted(inside)[0]
    text = reading("explain", "high-intent-at-risk", who).out
    assert f"{who} is in high-intent-at-risk" in text
    assert "add_to_cart" in text
    assert "Leaves in" in text
    told = reading.json("explain", "high-intent-at-risk", who)
    counted = [one["event_id"] for leaf in told["explanation"]["leaves"] for one in leaf["counted"]]
    assert {told["events"][one]["name"] for one in counted} == {"add_to_cart"}


def test_preview_charts_the_sizes_that_members_tells(reading: Shell) -> None:
    found = reading.json("preview", "drifting-away", "--points", "5")
    assert len(found["instants"]) == len(found["sizes"]) == 5
    for at, size in zip(found["instants"], found["sizes"], strict=True):
        assert reading.json("members", "drifting-away", "--at", at)["size"] == size
    text = reading("preview", "drifting-away").out
    assert "also in" in text
    assert "bytes per profile" in text


def test_replay_keeps_the_changes_that_lead_to_the_present_members(shell: Shell) -> None:
    done = shell.json("replay")
    assert done["changes"] > 50
    assert done["counts"] == {one["key"]: one["size"] for one in shell.json("segments")}
    assert shell.json("replay", "--batch", "1")["changes"] == done["changes"]
    assert "changes by" in shell("replay").out


def test_a_profile_has_traits_a_timeline_and_memberships_with_causes(reading: Shell) -> None:
    found = reading.json("profile", "c011")
    assert {one["name"]: one["value"] for one in found["traits"]} == {"country": "FR", "plan": "free"}
    assert [(one["direction"], one["cause"]) for one in found["moves"] if one["segment"] == "high-intent-at-risk"] == [
        ("entered", "timer"),
        ("exited", "timer"),
    ]
    inside = {one["segment"] for one in found["memberships"]}
    for key in reading.json("says"):
        assert ("c011" in reading.json("members", key)["members"]) == (key in inside)
    text = reading("profile", "c011").out
    assert "enters high-intent-at-risk" in text
    assert '"FR"' in text


def test_verify_proves_agreement(reading: Shell) -> None:
    done = reading.json("verify", "--instants", "6")
    assert len(done["instants"]) == 6
    assert {one["key"] for one in done["segments"]} == set(reading.json("says"))
    assert all(one["differences"] == 0 and one["judged"] > 100 for one in done["segments"])
    assert "0 differences" in reading("verify", "care", "--at", "end").out


def test_verify_shows_the_first_difference_made_small(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    right = history.statement

    def wrong(catalog: object, key: str, instants: object, **words: object) -> str:
        return right(catalog, key, instants, **words).replace(">= 300", ">= 200")  # type: ignore[arg-type]

    for module in ("coterie.engine.history", "coterie.engine.readers"):
        monkeypatch.setattr(f"{module}.statement", wrong)
    done = shell("--json", "verify", "big-spenders")
    assert done.code == DISAGREE
    found = done.json()["difference"]
    assert found["key"] == "big-spenders"
    assert 1 <= len(found["events"]) <= 4, "only the orders that reach the sum"
    assert {event["name"] for event in found["events"]} == {"order_completed"}
    assert found["members"]["oracle"] == found["members"]["live"] != found["members"]["batch"]
    (case,) = (shell.folder / ".coterie" / "differences").glob("*.json")
    assert shell("verify", "--case", str(case)).code == DISAGREE
    monkeypatch.undo()
    assert shell("verify", "--case", str(case)).code == 0


def test_says_and_schema(reading: Shell) -> None:
    assert reading("says", "big-spenders").out.startswith("People whose sum of value")
    assert set(reading.json("says")) == {one["key"] for one in reading.json("segments")}
    assert reading.json("schema")["$schema"].startswith("https://json-schema.org/")
    assert json.loads((reading.folder / "segment.schema.json").read_text()) == reading.json("schema")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(reading: Shell, command: str) -> None:
    done = reading(command, "--help")
    assert done.code == 0
    assert f"Usage: coterie {command}" in done.out


def test_the_page_of_the_command_line_is_what_the_code_says() -> None:
    from coterie.cli.pages import page

    written = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    assert written == page(), "write it anew: python -m coterie.cli.pages > docs/cli.md"


def test_options_of_every_command_may_follow_the_command(reading: Shell) -> None:
    before, after = reading("--json", "members", "drifting-away"), reading("members", "drifting-away", "--json")
    assert json.loads(after.out) == json.loads(before.out)
    assert reading("members", "drifting-away", "--limit", "2", "-q").err == ""
    assert foremost(["says", "--", "--json"]) == ["says", "--", "--json"]
