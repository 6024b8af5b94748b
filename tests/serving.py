"""A real server on a project of one's own, for tests: a process that listens on a free port, is asked over HTTP, and can be killed.

Every server is a fork of one process that has imported the service before, so that a start costs little. What runs in it is
``coterie.app.serving.serve``, as the command line runs it (``tests/cli/test_serve.py`` starts that).
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import yaml

START_S = 60.0
"""Seconds after which a server that does not listen or does not get ready is given up."""
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(
    ["coterie.app.service", "coterie.app.serving", "coterie.storage.project_file", "uvloop", "httptools", "tests.warm"]
)


class Serving:
    """A served project in ``folder``, made if it is none. ``settings`` are sections of coterie.yaml; files are relative to the folder."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: str = "system",
        settings: Mapping[str, Any] | None = None,
        files: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self._environment = folder, dict(environment or {})
        said = dict(settings or {})
        said["server"] = {"port": 0, "log_format": "json", "clock": clock, **said.get("server", {})}
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "coterie.yaml").exists():
            text = yaml.safe_dump({"name": folder.name, "present": "clock", **said})
            (folder / "coterie.yaml").write_text(text, encoding="utf-8")
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        self.log = folder / "serve.log"
        self.keys: dict[str, str] = {}
        self.url = ""
        self.pid = 0
        self._process: Any = None
        self._clients: dict[str, httpx.Client] = {}

    def __enter__(self) -> Serving:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, *, ready: bool = True) -> Serving:
        """The server listens, and unless ``ready`` is false, answers questions."""
        ours, theirs = _fork.Pipe(duplex=False)
        self._process = _fork.Process(
            target=_run, args=(str(self.folder), str(self.log), self._environment, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        told = self._told(ours)
        self.url, self.pid = told["url"], told["pid"]
        self.keys |= told["keys"]
        if ready:
            self.wait_ready()
        return self

    def _told(self, pipe: Connection) -> dict[str, Any]:
        with contextlib.suppress(EOFError):
            if pipe.poll(START_S):
                found: dict[str, Any] = json.loads(pipe.recv())
                return found
        self.kill()
        raise AssertionError(f"the server did not start:\n{self.said()[-4000:]}")

    def said(self) -> str:
        """Return everything that the server logged."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def wait_ready(self, timeout_s: float = START_S) -> None:
        """Questions are answered."""
        until = time.monotonic() + timeout_s
        while (found := self.client("read").get("/readyz")).status_code != 200:
            if time.monotonic() > until or found.json()["phase"] == "failed":
                raise AssertionError(f"not ready: {found.text}\n{self.said()[-4000:]}")
            time.sleep(0.01)

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────

    def client(self, scope: str) -> httpx.Client:
        """Return a client with the key of that scope."""
        found = self._clients.get(scope)
        if found is None or str(found.base_url).rstrip("/") != self.url:
            headers = {"Authorization": f"Bearer {self.keys[scope]}"} if scope in self.keys else {}
            found = self._clients[scope] = httpx.Client(base_url=self.url, headers=headers, timeout=30)
        return found

    @property
    def admin(self) -> httpx.Client:
        return self.client("admin")

    @property
    def reading(self) -> httpx.Client:
        return self.client("read")

    @property
    def writing(self) -> httpx.Client:
        return self.client("write")

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────

    def stop(self, timeout_s: float = 40.0) -> int | None:
        """The server was asked to stop and did; return its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self._ended(timeout_s)

    def kill(self) -> None:
        """The server is gone as in a crash: kill -9."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
        self._ended(10)

    def restart(self) -> Serving:
        """The server was stopped gracefully and runs again."""
        self.stop()
        return self.start()

    def _ended(self, timeout_s: float) -> int | None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self._process is None:
            return None
        self._process.join(timeout_s)
        code: int | None = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join(10)
            raise AssertionError(f"the server did not stop within {timeout_s} s:\n{self.said()[-4000:]}")
        self._process = None
        return code

    def close(self) -> None:
        """Nothing of the server is left running."""
        if self._process is not None:
            self.kill()


def _run(folder: str, log: str, environment: dict[str, str], told: Connection) -> None:
    """Serve in this process, which is a fork: as the command line does."""
    from coterie.app.serving import Opened, serve
    from coterie.storage.project_file import load_settings

    with open(log, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 2)
        os.dup2(file.fileno(), 1)

    def opened(one: Opened) -> None:
        told.send(json.dumps({"url": one.url, "pid": one.pid, "keys": dict(one.keys)}))
        told.close()

    os.environ.update(environment)
    root = Path(folder)
    raise SystemExit(serve(root, load_settings(root, environment), opened))
