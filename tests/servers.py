"""Real servers for tests: Mosquitto, Redis and Memcached on free ports, started, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_S = 15.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(question: Callable[[], bool], timeout_s: float = 20.0, what: str = "") -> None:
    """``question`` is true; fails the test when it does not become so in time."""
    until = time.monotonic() + timeout_s
    while not question():
        assert time.monotonic() < until, f"not within {timeout_s} s: {what or question}"
        time.sleep(0.01)


def binary(name: str, package: str) -> str:
    """Return where a program is; skips the test, saying what to install, when it is absent."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed (apt-get install {package})")
    return found


class Server:
    """A program listening on ``port``. It can be killed and started again with what it kept on disk."""

    def __init__(self, command: list[str], port: int, log: Path, start_s: float = START_S) -> None:
        self._command, self.port, self._log, self._start_s = command, port, log, start_s
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """It takes connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + self._start_s
        while not self._answers():
            assert self._process.poll() is None, f"{self._command[0]} ended: {self._log.read_text()}"
            assert time.monotonic() < until, f"{self._command[0]} does not listen: {self._log.read_text()}"
            time.sleep(0.02)

    def kill(self) -> None:
        """It is gone at once, without a word (kill -9)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """It has ended in its own time."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False


def mosquitto(folder: Path) -> Server:
    """Return an MQTT broker that keeps sessions and messages in ``folder``."""
    port = free_port()
    config = folder / "mosquitto.conf"
    user = f"user {os.environ.get('USER') or 'root'}\n" if os.geteuid() == 0 else ""
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\n{user}"
        f"persistence true\npersistence_location {folder}/\n"
        "autosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\n"
    )
    return Server([binary("mosquitto", "mosquitto"), "-c", str(config)], port, folder / "mosquitto.log")


def redis_server(folder: Path) -> Server:
    """Return a Redis that keeps nothing on disk."""
    port = free_port()
    program = binary("redis-server", "redis-server")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    return Server([program, *options], port, folder / "redis.log")


def memcached_server(folder: Path) -> Server:
    """Return a Memcached."""
    port = free_port()
    user = ["-u", "root"] if os.geteuid() == 0 else []
    program = binary("memcached", "memcached")
    return Server([program, "-l", "127.0.0.1", "-p", str(port), "-m", "64", *user], port, folder / "memcached.log")


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server runs inside, and is gone after."""
    server.start()
    try:
        yield server
    finally:
        server.kill()
