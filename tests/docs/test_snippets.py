"""Every command and every snippet of the documentation does what the page says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import ROOT, Block, blocks, missing_lines, pages
from tests.docs.commands import commands
from tests.docs.others import stand_ins
from tests.docs.retail import retail
from tests.docs.server import PageServer, needed

RUN = ("bash", "python")


def _named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _runs(page: Path) -> bool:
    return any(block.language in RUN and block.mark != "not run" for block in blocks(page))


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with commands(tmp_path_factory.mktemp("commands")) as folder:
        yield folder


@pytest.mark.parametrize("page", [page for page in pages() if _runs(page)], ids=_named)
def test_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    installed = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", installed if _named(page) == "README.md" else f"{forked}{os.pathsep}{installed}")
    if any("$ONLINE_RETAIL" in block.text for block in blocks(page)):
        (tmp_path / ".data").mkdir()
        monkeypatch.setenv("ONLINE_RETAIL", str(retail(tmp_path / ".data")))
    with ExitStack() as running:
        _read(page, running, tmp_path, monkeypatch)


def _read(page: Path, running: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what the blocks of a page say, from top to bottom; servers are closed by ``running``."""

    def export(server: PageServer) -> PageServer:
        running.callback(server.close)
        for name, text in server.variables.items():
            monkeypatch.setenv(name, text)
        return server

    told = blocks(page)
    server: PageServer | None = None
    if needed(told) and not any(block.mark == "server" for block in told):
        server = export(PageServer.on_starter(tmp_path / "shop"))
    printed, names = "", dict[str, Any]()
    others = stand_ins(told, running)
    for one in told:
        written = one._replace(text=others(one.text))
        block = written if server is None else written._replace(text=server.text(written.text))
        where = f"{_named(page)}:{block.line}"
        if block.mark == "server":
            server = export(PageServer(Path.cwd(), block.text))
        elif block.mark == "not run":
            assert block.detail, f"{where}: say why it is not run"
        elif block.mark == "file":
            file = Path.cwd() / block.detail
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.mark == "output":
            assert not missing_lines(block.text, printed), f"{where}: not printed, but this was:\n{printed}"
        elif block.language == "bash":
            printed, folder = _shell(block, where, tmp_path / ".folder")
            monkeypatch.chdir(folder)
        elif block.language == "python":
            exec(compile(block.text, where, "exec"), names)


def _shell(block: Block, where: str, note: Path) -> tuple[str, str]:
    """Run a block of commands, which must succeed; return what it printed and the folder in which it left the reader."""
    environment = os.environ | {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb", "NOTE": str(note)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"trap 'pwd > \"$NOTE\"' EXIT\n{block.text}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{where}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, note.read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("page", pages(), ids=_named)
def test_every_block_is_of_a_known_kind(page: Path) -> None:
    for block in blocks(page):
        assert block.language in ("bash", "python", "yaml", "json", "csv", "sql", "text", "html"), (
            f"{page}:{block.line}"
        )
        assert block.mark in ("", "file", "output", "not run", "server") or block.language == "yaml", (
            f"{page}:{block.line}"
        )
