"""The server that a page speaks to: ``coterie serve`` as the page writes it, or on the starter project when it writes none."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.running import made
from tests.docs.blocks import Block

WRITTEN = "http://localhost:8080"
"""What pages call the server; blocks are run with the address where it listens instead."""


def needed(blocks: list[Block]) -> bool:
    """Return whether a page has blocks that run and need a server."""
    runs = [block for block in blocks if block.mark not in ("not run", "output")]
    return any(block.mark == "server" or WRITTEN in block.text for block in runs)


class PageServer:
    """A running ``coterie serve``; ``variables`` are what the page's commands may use."""

    def __init__(self, folder: Path, command: str = "coterie serve") -> None:
        words = shlex.split(command, comments=True)
        if words[:1] != ["coterie"] or "serve" not in words:
            raise ValueError(f"not a coterie serve: {command}")
        line = [sys.executable, "-m", "coterie", "--json", *words[1:], "--port", "0", "--log-level", "warning"]
        self.process = subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        told = json.loads(self.process.stdout.readline())
        self.url: str = told["url"]
        self.variables = {f"{scope.upper()}_KEY": text for scope, text in told["keys"].items()}
        self._wait()

    @classmethod
    def on_starter(cls, folder: Path) -> PageServer:
        """Return a server of a new starter project in ``folder``, its data ingested and its segments applied."""
        return cls(made(folder))

    def _wait(self) -> None:
        import time

        import httpx

        until = time.monotonic() + 60
        while httpx.get(f"{self.url}/readyz").status_code != 200:
            assert time.monotonic() < until, "the page's server did not get ready"
            time.sleep(0.05)

    def text(self, written: str) -> str:
        """Return a block as it is run: with the address of this server."""
        return written.replace(WRITTEN, self.url).replace(
            WRITTEN.removeprefix("http://"), self.url.removeprefix("http://")
        )

    def close(self) -> None:
        """The server has stopped, in order."""
        os.kill(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
