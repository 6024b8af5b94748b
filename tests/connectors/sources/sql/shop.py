"""Orders in a database: written by the tests, read by the sources."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.postgres import Database

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_TABLE = {
    "postgresql": "CREATE TABLE {name} (id bigint {key}, customer text, total numeric(10, 2), updated_at {at})",
    "mysql": "CREATE TABLE {name} (id bigint {key}, customer varchar(50), total decimal(10, 2), updated_at {at})",
    "sqlite": "CREATE TABLE {name} (id integer {key}, customer text, total real, updated_at text)",
}
_AT = {"postgresql": "timestamptz", "mysql": "timestamp(6) NULL", "sqlite": ""}


def at(seconds: float) -> datetime:
    """Return the instant so long after the beginning."""
    return BEGIN + timedelta(seconds=seconds)


def order(number: int, seconds: float | None = None, **more: Any) -> dict[str, Any]:
    """Return an order; without ``seconds``, three in a row have the same instant."""
    when = at(number // 3 if seconds is None else seconds)
    return {"id": number, "customer": f"u{number % 7}", "total": number * 1.5, "updated_at": when, **more}


class Shop:
    """One database of one kind. ``fields`` are those of a source file that reads it."""

    def __init__(self, kind: str, fields: dict[str, Any], run: Any, close: Any) -> None:
        self.kind, self.fields, self._run, self._close = kind, {"kind": kind, **fields}, run, close

    @classmethod
    def server(cls, kind: str, database: Database) -> Shop:
        return cls(kind, {"url": database.url}, database.run, database.close)

    @classmethod
    def file(cls, folder: Path) -> Shop:
        connection = sqlite3.connect(folder / "shop.db", isolation_level=None)

        def run(*statements: str, rows: list[dict[str, Any]] | None = None) -> None:
            *first, last = statements
            for one in first:
                connection.execute(one)
            for row in rows or [{}]:
                texts = {k: v.isoformat(" ") if isinstance(v, datetime) else v for k, v in row.items()}
                connection.execute(last, texts)

        return cls("sqlite", {"path": "shop.db"}, run, connection.close)

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def table(self, name: str = "orders", key: str = "PRIMARY KEY") -> None:
        """There is an empty table of orders."""
        self.run(_TABLE[self.kind].format(name=name, key=key, at=_AT[self.kind]))

    def add(self, *orders: dict[str, Any], name: str = "orders") -> None:
        """The orders are in the table."""
        if self.kind == "mysql":  # its sessions speak local time; here they are written in UTC
            orders = tuple({**one, "updated_at": one["updated_at"] and one["updated_at"].astimezone(UTC).replace(tzinfo=None)} for one in orders)  # fmt: skip
        zone = "SET time_zone = '+00:00'" if self.kind == "mysql" else "SELECT 1"
        self.run(zone, f"INSERT INTO {name} (id, customer, total, updated_at) VALUES (:id, :customer, :total, :updated_at)",
                 rows=list(orders))  # fmt: skip

    def run(self, *statements: str, rows: list[dict[str, Any]] | None = None) -> None:
        """The statements are done, the last one for every one of ``rows``."""
        self._run(*statements, rows=rows)
