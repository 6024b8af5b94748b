"""The command line as a test runs it: arguments in, exit code and both streams out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from coterie.cli import main


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands in a folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str) -> Done:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["--project", str(self.folder), *arguments])
        streams = self._capsys.readouterr()
        code = left.value.code
        return Done(code if isinstance(code, int) else 1, streams.out, streams.err)

    def json(self, *arguments: str) -> Any:
        """Return the answer of a command that succeeds."""
        done = self("--json", *arguments)
        assert done.code == 0, done.err
        return done.json()


def made(folder: Path) -> Path:
    """Return the starter project in ``folder`` with its data ingested and its definitions applied."""
    for arguments in (
        ["init", str(folder)],
        ["--project", str(folder), "ingest", str(folder / "data" / "shop.csv"), "--map", "shop"],
        ["--project", str(folder), "apply"],
    ):
        with pytest.raises(SystemExit) as left:
            main(["--quiet", *arguments])
        assert left.value.code == 0
    return folder
