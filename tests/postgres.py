"""A real PostgreSQL for tests: one server for the session on a free port, with a database for whoever asks."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from tests.servers import Server, free_port, running, wait_until

USER, PASSWORD = "shop", "s3cret"
_PLACES = "/usr/lib/postgresql/17/bin:/usr/lib/postgresql/16/bin:/usr/lib/postgresql/15/bin:/usr/local/bin"


def program(name: str) -> str:
    """Return where a program of PostgreSQL is; skips the test, saying what to install, when it is absent."""
    found = shutil.which(name, path=_PLACES) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (apt-get install postgresql)")
    return found


def account(*names: str) -> str | None:
    """Return the account that a server runs under: it refuses to be root. ``None``: our own."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in (*names, "nobody") if name in known), None)


@contextmanager
def folder_of(user: str | None) -> Iterator[Path]:
    """Yield a new folder that ``user`` owns and can reach; it is gone after."""
    folder = Path(tempfile.mkdtemp(prefix="coterie-server-"))
    if user is not None:
        shutil.chown(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Database:
    """One empty database: its address with and without the right password, and a way to write to it."""

    def __init__(self, port: int, name: str, driver: str = "postgresql+pg8000") -> None:
        self.port, self.name = port, name
        self.url = f"{driver.split('+')[0]}://{USER}:{PASSWORD}@127.0.0.1:{port}/{name}"
        self._engine = sqlalchemy.create_engine(self.url.replace(driver.split("+")[0], driver, 1))

    def run(self, *statements: str, rows: list[dict[str, Any]] | None = None) -> None:
        """The statements are committed together; the last one for every one of ``rows``."""
        with self._engine.begin() as connection:
            for place, statement in enumerate(statements):
                last = place == len(statements) - 1
                connection.execute(sqlalchemy.text(statement), rows if last and rows else {})

    def close(self) -> None:
        self._engine.dispose()


class Postgres:
    """A server that makes databases."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._url = f"postgresql+pg8000://{USER}:{PASSWORD}@127.0.0.1:{server.port}"

    def database(self, name: str = "") -> Database:
        """Return a new, empty database."""
        name = name or f"shop_{secrets.token_hex(4)}"
        engine = sqlalchemy.create_engine(f"{self._url}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return Database(self.server.port, name)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Yield a PostgreSQL that asks for a password and keeps nothing after."""
    user = account("postgres")
    with folder_of(user) as folder:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if user is not None:
            shutil.chown(secret, user)
        data, port = folder / "data", free_port()
        subprocess.run(
            [program("initdb"), "-D", str(data), "-U", USER, "--pwfile", str(secret), "-A", "scram-sha-256",
             "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, user=user, cwd=folder,
        )  # fmt: skip
        options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}",
                   "-c", "shared_buffers=16MB", "-c", "max_connections=20"]  # fmt: skip
        command = [program("postgres"), "-D", str(data), "-p", str(port), *options]
        with running(_As(command, port, folder, user)) as server:
            _wait(f"postgresql+pg8000://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres")
            yield Postgres(server)


class _As(Server):
    """A server that runs under another account; it is stopped in its own way, so that no shared memory is left."""

    def __init__(self, command: list[str], port: int, folder: Path, user: str | None) -> None:
        told = ["setpriv", f"--reuid={user}", "--clear-groups", "--", *command] if user else command
        super().__init__(told, port, folder / "server.log")

    def kill(self) -> None:
        self._end(signal.SIGINT)  # at once, whoever is connected


def _wait(url: str) -> None:
    """The server answers a question, not only the telephone."""
    engine = sqlalchemy.create_engine(url)

    def answers() -> bool:
        try:
            with engine.connect():
                return True
        except sqlalchemy.exc.DBAPIError:
            return False

    wait_until(answers, 20, "PostgreSQL answers")
    engine.dispose()
