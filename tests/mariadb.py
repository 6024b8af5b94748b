"""A real MariaDB for tests: one server on a free port, with a database for whoever asks."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy

from tests.postgres import PASSWORD, USER, Database, account, folder_of
from tests.servers import Server, binary, free_port, running, wait_until


class MariaDB:
    """A server that makes databases."""

    def __init__(self, server: Server, socket: str) -> None:
        self.server = server
        self._root = f"mysql+pymysql://root@localhost/mysql?unix_socket={socket}"

    def run(self, *statements: str) -> None:
        """The statements are done by the administrator."""
        engine = sqlalchemy.create_engine(self._root)
        with engine.begin() as connection:
            for one in statements:
                connection.execute(sqlalchemy.text(one))
        engine.dispose()

    def database(self, name: str = "") -> Database:
        """Return a new, empty database."""
        name = name or f"shop_{secrets.token_hex(4)}"
        self.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4", f"GRANT ALL ON {name}.* TO '{USER}'@'127.0.0.1'")
        return Database(self.server.port, name, "mysql+pymysql")


@contextmanager
def mariadb() -> Iterator[MariaDB]:
    """Yield a MariaDB that asks for a password and keeps nothing after."""
    user = account("mysql")
    program = binary("mariadbd", "mariadb-server")
    install = shutil.which("mariadb-install-db")
    if install is None:
        pytest.skip("mariadb-install-db is not installed (apt-get install mariadb-server)")
    with folder_of(user) as folder:
        data, socket, port = folder / "data", folder / "s.sock", free_port()
        told = ["--no-defaults", f"--datadir={data}", *([f"--user={user}"] if user else [])]
        subprocess.run(
            [install, *told, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        command = [program, *told, f"--port={port}", f"--socket={socket}", "--bind-address=127.0.0.1",
                   f"--pid-file={folder}/pid", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
                   "--innodb-buffer-pool-size=32M", "--default-time-zone=+05:00"]  # fmt: skip
        with running(Server(command, port, folder / "server.log")) as server:
            found = MariaDB(server, str(socket))
            wait_until(socket.exists, 20, "MariaDB answers")
            found.run(f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
            yield found
