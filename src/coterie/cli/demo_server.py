"""The server of the demo: ``coterie serve`` as a process of its own, asked over HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from coterie.errors import Terminal

START_S = 120.0


class DemoServer:
    """A running server of the project in ``folder``, whose clock runs ``speed`` times as fast."""

    def __init__(self, folder: Path, speed: int, port: int) -> None:
        self._log = folder / "serve.log"
        words = [
            "--json",
            "--project",
            str(folder),
            "serve",
            "--port",
            str(port),
            "--clock",
            f"{speed}x",
            "--log-format",
            "json",
        ]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "coterie", *words], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Terminal(f"the server did not start:\n{self._log.read_text(errors='replace')[-2_000:]}")
        told = json.loads(line)
        self.url: str = told["url"]
        self.keys: dict[str, str] = told["keys"]
        self.pid: int = told["pid"]

    def __enter__(self) -> DemoServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def client(self, scope: str) -> httpx.AsyncClient:
        """Return a client with the key of that scope."""
        headers = {"Authorization": f"Bearer {self.keys[scope]}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60)

    def get(self, path: str, key: str = "read", **query: str | int) -> Any:
        """Return the answer to a question, asked with the key of a scope. Raises: Terminal when it is refused."""
        return self._answer(httpx.get(self.url + path, params=query, headers=self._headers(key), timeout=120))

    def post(self, path: str, body: object = None) -> Any:
        """Return the answer to a request that changes something. Raises: Terminal when it is refused."""
        return self._answer(httpx.post(self.url + path, json=body, headers=self._headers("admin"), timeout=120))

    def status(self, path: str) -> int:
        """Return the HTTP status of a question."""
        return httpx.get(self.url + path, headers=self._headers("read"), timeout=120).status_code

    def track(self, user: str, event: str, properties: dict[str, Any] | None = None) -> None:
        """An event of somebody is collected, and what it changes can be asked for."""
        body = {"userId": user, "event": event, "properties": properties or {}}
        httpx.post(f"{self.url}/v1/track", json=body, auth=(self.keys["write"], ""), timeout=60).raise_for_status()
        self.get("/v1/segments", after="latest", timeout=30)

    def _headers(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[key]}"}

    @staticmethod
    def _answer(answer: httpx.Response) -> Any:
        if not answer.is_success:
            raise Terminal(f"{answer.request.url.path}: {answer.status_code} {answer.text}")
        return answer.json()

    def wait_ready(self) -> float:
        """Wait until questions are answered; return the seconds it took. Raises: Terminal."""
        began = time.monotonic()
        while time.monotonic() - began < START_S:
            found = httpx.get(f"{self.url}/readyz").json()
            if found["ready"]:
                return time.monotonic() - began
            if found["phase"] == "failed":
                break
            time.sleep(0.05)
        raise Terminal(f"the server did not get ready:\n{self._log.read_text(errors='replace')[-2_000:]}")

    async def changes(self) -> AsyncIterator[dict[str, Any]]:
        """Yield membership changes as the stream tells them, until it ends."""
        async with self.client("read") as client, client.stream("GET", "/v1/changes/stream", timeout=None) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line[6:])

    def stop(self) -> None:
        """The server has ended, in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
