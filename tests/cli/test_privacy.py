"""``coterie privacy`` as it is typed: access, a dry run, an erasure, the receipt and its proof."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.running import Shell
from tests.engine.privacy.people import fill


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(fill(tmp_path / "shop").root, capsys)


def test_a_person_is_given_what_is_kept_erased_and_proved_to_be_gone(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "ada.json"
    assert shell("privacy", "access", "email:ada@example.com", "--to", str(file)).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["profile"] == "u-20931"
    assert shell.json("privacy", "erase", "u-20931", "--dry-run")["places"]["log"] == 6
    done = shell("privacy", "erase", "u-20931", "--yes", "--by", "tests", "--reason", "a letter")
    assert done.code == 0, done.err
    assert "complete" in done.out
    (receipt,) = shell.json("privacy", "receipts")
    assert (receipt["asked_by"], receipt["reason"]) == ("tests", "a letter")
    assert shell("privacy", "verify", receipt["id"], "email:ada@example.com", "u-20931").code == 0
    assert shell("privacy", "verify", receipt["id"], "bob-77").code == 4
    assert shell("privacy", "access", "u-20931").code == 3
    assert shell.json("privacy", "suppressed", "email:ADA@example.com") == {"suppressed": True}
    assert shell.json("privacy", "suppressed", "u-20931", "--lift") == {"lifted": 3}
    assert shell.json("privacy", "suppressed") == {"identifiers": 0}


def test_a_receipt_that_was_changed_does_not_hold(shell: Shell, tmp_path: Path) -> None:
    told = shell.json("privacy", "erase", "u-20931")
    forged = tmp_path / "forged.json"
    file = shell.folder / ".coterie" / "privacy" / "receipts" / f"{told['id']}.json"
    forged.write_text(file.read_text().replace('"log"', '"lo9"'))
    done = shell("privacy", "verify", str(forged), "u-20931")
    assert done.code == 4
    assert "NO   the signature" in done.out
    file.write_text("{}")
    assert shell("privacy", "verify", told["id"], "u-20931").code == 2


def test_names_come_from_a_file_too_and_nobody_is_refused(shell: Shell, tmp_path: Path) -> None:
    assert shell("privacy", "erase").code == 2
    assert shell("privacy", "erase", "nobody-9", "--yes").code == 3
    names = tmp_path / "names.txt"
    names.write_text("u-20931\n\nbob-77\n")
    assert shell.json("privacy", "erase", "--from", str(names))["identifiers"] == 4
    assert shell("privacy", "resume").out == "nothing was cut off\n"
    assert "for ever" in shell("privacy", "retention").out
