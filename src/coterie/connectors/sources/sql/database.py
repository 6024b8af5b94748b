"""One database that is asked: a single read-only connection, opened when it is needed, whose errors are failures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sql
from msgspec import Struct
from sqlalchemy.engine import URL, Engine

from coterie.connectors.sources.failures import Absent
from coterie.connectors.sources.sql.failing import told


class Way(Struct, frozen=True, kw_only=True):
    """How a database is reached."""

    url: URL
    """Driver, host and the rest, password included: it is never shown."""
    connect: Mapping[str, Any]
    """What the driver is told beside the address."""
    begin: tuple[str, ...]
    """Statements with which each session begins: it can only read, its instants are UTC, a query ends in time."""
    adapt: Callable[[Any], None] | None = None
    """What is done to a new connection of the driver."""


class Database:
    """A database behind one connection. Not shared between threads."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._engine: Engine | None = None

    @property
    def name(self) -> str:
        """Where it is, for people: no user, no password."""
        url = self._way.url
        port = f":{url.port}" if url.port else ""
        return f"{url.get_backend_name()}://{url.host}{port}/{url.database}" if url.host else f"{url.database}"

    def ask(self, question: sql.Select[Any]) -> list[dict[str, Any]]:
        """Return the rows that answer it, by column. Raises: the failures."""
        with self._asked(question) as answer:
            return [dict(row) for row in answer.mappings()]

    def columns(self, question: sql.Select[Any]) -> list[str]:
        """Return the names of an answer's columns."""
        with self._asked(question) as answer:
            return list(answer.keys())

    def numbers(self, question: sql.Select[Any]) -> Sequence[Any]:
        """Return the one row that answers it."""
        with self._asked(question) as answer:
            return tuple(answer.one())

    def types(self, table: str) -> dict[str, str]:
        """Return the columns of a table or view with their types. Raises: Absent, the failures."""
        found = self._inspected(table, lambda look, name, schema: look.get_columns(name, schema))
        return {str(one["name"]): str(one["type"]) for one in found}

    def primary_key(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table's primary key, none when it has none. Raises: Absent, the failures."""
        found = self._inspected(table, lambda look, name, schema: look.get_pk_constraint(name, schema))
        return tuple(found["constrained_columns"])

    def close(self) -> None:
        """The connection is closed."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _asked(self, question: sql.Select[Any]) -> Iterator[sql.CursorResult[Any]]:
        with told(self.name):
            try:
                with self._opened().connect() as connection:
                    yield connection.execute(question)
            except (sql.exc.DBAPIError, OSError):
                self.close()  # whatever state the connection is in, the next question begins with a new one
                raise

    def _inspected(self, table: str, ask: Callable[[sql.Inspector, str, str | None], Any]) -> Any:
        schema, _, name = table.rpartition(".")
        with told(self.name):
            try:
                return ask(sql.inspect(self._opened()), name, schema or None)
            except sql.exc.NoSuchTableError as error:
                raise Absent(f"{self.name}: no table {table}", hint="check the schema, and who may see it") from error

    def _opened(self) -> Engine:
        if self._engine is None:
            logging.getLogger("sqlalchemy.pool").setLevel(
                logging.CRITICAL
            )  # a broken connection is told by the failure
            self._engine = sql.create_engine(
                self._way.url, connect_args=dict(self._way.connect), isolation_level="AUTOCOMMIT",
                pool_size=1, max_overflow=0, pool_pre_ping=True,
            )  # fmt: skip
            sql.event.listen(self._engine, "connect", self._begin)
        return self._engine

    def _begin(self, connection: Any, _: Any) -> None:
        if self._way.adapt is not None:
            self._way.adapt(connection)
        cursor = connection.cursor()
        for statement in self._way.begin:
            cursor.execute(statement)
        cursor.close()
