from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.running import Shell, made


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter project, ingested and applied. Tests that change it take a copy: ``shell``."""
    return made(tmp_path_factory.mktemp("starter") / "shop")


@pytest.fixture
def shell(starter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A copy of the starter project of one's own."""
    return Shell(Path(shutil.copytree(starter, tmp_path / "shop")), capsys)


@pytest.fixture
def reading(starter: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The shared starter project, only to be read."""
    return Shell(starter, capsys)
