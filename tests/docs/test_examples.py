"""The examples run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coterie.connectors.mapping_file import load_mapping
from tests.docs.blocks import ROOT

EXAMPLES = ROOT / "examples"


def test_the_notebook_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "notebook.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "281 people at risk" in done.stdout


def test_the_tested_segments_pass(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = subprocess.run(
        [*command, str(EXAMPLES / "tested-segments")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


@pytest.mark.parametrize("path", sorted((EXAMPLES / "mappings").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_mappings_are_valid(path: Path) -> None:
    assert load_mapping(path).source


def test_every_example_is_listed() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    listed = [
        path.name for path in EXAMPLES.iterdir() if path.name != "README.md" and not path.name.startswith(("_", "."))
    ]
    assert [name for name in listed if f"({name})" not in text] == []
