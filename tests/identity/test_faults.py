"""The laws of identities are worth their time: mistakes that someone could make are noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.laws.faults import ROOT, Fault, plant

LAWS = "tests/identity/test_identities_laws.py"
FAULTS = (
    Fault(
        "a shared browser glues two people together",
        "identity/identities.py",
        "if ours[kind] and limit is not None and ours[kind] + count > max(limit, at_least):",
        "if False:",
        (LAWS,),
    ),
    Fault(
        "what is remembered outlives a move",
        "identity/identities.py",
        "                self._known.pop(identifiers, None)\n",
        "                pass\n",
        (LAWS,),
    ),
    Fault(
        "what is remembered outlives an unmerge",
        "identity/identities.py",
        '        self._forget()\n        self.tallies["unmerges"] += 1',
        '        self.tallies["unmerges"] += 1',
        (LAWS,),
    ),
    Fault(
        "what was separated is merged again by the next event",
        "identity/families.py",
        "            self._pairs.add(pair)\n            self._note(",
        "            self._note(",
        (LAWS,),
    ),
    Fault(
        "a moved identifier still counts for whom it left",
        "identity/identities.py",
        "        self._limited[whose] = limited\n",
        "",
        (LAWS,),
    ),
    Fault(
        "an unmerge also separates what the loser had absorbed",
        "identity/merges.py",
        "elif isinstance(decision, Unmerge) and into == absorbed and absorbed != decision.loser:",
        "elif isinstance(decision, Unmerge) and self._link(decision.survivor, None) is None and into == absorbed != decision.loser:",
        (LAWS,),
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_noticed(fault: Fault, tmp_path: Path) -> None:
    environment = {**os.environ, "LAWS_IN_HASTE": "1", "PYTHONPATH": f"{plant(fault, tmp_path)}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(ROOT / LAWS)]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1, f"nothing noticed that {fault.name}:\n{done.stdout}{done.stderr}"
    assert "AssertionError" in done.stdout or "assert" in done.stdout
