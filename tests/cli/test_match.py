"""Matches from the command line: found, shown, accepted into the log, rejected for good."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.running import Shell
from tests.identity.matching.strangers import crowd

pytest.importorskip("splink", reason="the extra 'matching' is not installed")
MAPPING = """source: crm
profile: id
event: $identify
occurred_at: at
properties: {email: email, first_name: first_name, last_name: last_name, birthday: birthday, phone: phone}
"""
COLUMNS = ("first_name", "last_name", "email", "birthday", "phone")


@pytest.fixture
def crm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A project that knows 300 people, 80 of them twice."""
    shell = Shell(tmp_path, capsys)
    (tmp_path / "coterie.yaml").write_text("name: crm\n", encoding="utf-8")
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "crm.yaml").write_text(MAPPING, encoding="utf-8")
    people, _ = crowd(3, people=300, twice=80)
    with (tmp_path / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "at", *COLUMNS])
        for person in people:
            writer.writerow([person.profile, "2026-03-01T00:00:00Z", *(person.traits.get(one) for one in COLUMNS)])
    done = shell("ingest", str(tmp_path / "people.csv"), "--map", "crm")
    assert done.code == 0, done.err
    return shell


def test_from_proposal_to_merge_and_back(crm: Shell) -> None:
    found = crm.json("match", "propose")
    assert found["people"] == 380
    assert 50 <= found["proposed"] == found["new"] <= 120
    most = crm.json("match", "list", "--limit", "50")
    assert all(one["survivor"][1:] == one["loser"].removeprefix("anonymous_id:q") for one in most)
    first, second, *_ = most
    assert "two people at random" in crm("match", "show", first["id"]).out
    assert crm.json("match", "show", first["id"])["probability"] > 0.99

    assert f"{first['survivor']} absorbs {first['loser']}" in crm("match", "accept", first["id"][:6]).out
    assert first["loser"] in crm.json("profile", first["survivor"])["ids"]
    assert "stay apart" in crm("match", "reject", second["id"]).out

    again = crm.json("match", "propose")
    assert again["new"] == 0
    states = {
        state: [one["id"] for one in crm.json("match", "list", "--state", state)] for state in ("accepted", "rejected")
    }
    assert states == {"accepted": [first["id"]], "rejected": [second["id"]]}
    assert second["id"] not in [one["id"] for one in crm.json("match", "list", "--limit", "-1")]

    undone = crm.json("identities", "unmerge", first["survivor"], first["loser"])
    assert undone == {"profile": first["survivor"], "loser": first["loser"]}
    assert first["loser"] not in crm.json("profile", first["survivor"])["ids"]
    shown = crm.json("identities", "show", first["survivor"])
    assert [(one["loser"], one["because"], one["until"] is None) for one in shown["merges"]] == [
        (first["loser"], f"match:{first['id']}", False)
    ]
    crm.json("match", "propose")
    assert {first["survivor"], first["loser"]} not in [
        {one["survivor"], one["loser"]} for one in crm.json("match", "list", "--limit", "-1")
    ]


def test_the_rule_of_the_settings_accepts(crm: Shell) -> None:
    (crm.folder / "coterie.yaml").write_text(
        "name: crm\nidentity: {matching: {accept_above: 0.999}}\n", encoding="utf-8"
    )
    found = crm.json("match", "propose")
    accepted = crm.json("match", "list", "--state", "accepted", "--limit", "-1")
    assert 0 < found["accepted"] == len(accepted) < found["proposed"]
    assert {one["decided_by"] for one in accepted} == {"rule"}
    assert accepted[0]["loser"] in crm.json("profile", accepted[0]["survivor"])["ids"]


def test_what_is_unknown_is_said(crm: Shell) -> None:
    assert crm("match", "show", "nothing").code == 3
    assert crm("identities", "unmerge", "p1", "p2").code == 3
    assert crm("identities", "show", "nobody").code == 3
