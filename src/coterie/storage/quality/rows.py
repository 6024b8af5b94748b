"""Rows of one event as a table with a typed column for each property that a rule asks about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa

from coterie.limits import DAY_US
from coterie.storage.duck import Duck, Files
from coterie.storage.hot import pointer
from coterie.storage.lake.parts import identifier, literal
from coterie.storage.log import SCHEMA

As = Literal["number", "text", "type", "seen"]


class Columns:
    """What a rule needs to see: ``wanted`` maps the name of a column to (property, as what)."""

    def __init__(
        self, wanted: Mapping[str, tuple[str, As]], origins: Mapping[str, tuple[str, int]] | None = None
    ) -> None:
        self.wanted, self.origins = dict(wanted), dict(origins or {})
        """``origins``: column → (event in which its value must have been seen, within so many µs)."""

    def spelled(self) -> list[str]:
        """Return the expressions of a SELECT."""
        return [self._one(name, *spec) for name, spec in self.wanted.items()]

    def _one(self, name: str, key: str, how: As) -> str:
        at = pointer(key)
        text = f"(properties->>{at})"
        told = {
            "number": f"TRY_CAST(CASE WHEN json_type(properties, {at}) IN ('BIGINT','UBIGINT','DOUBLE') THEN {text} END AS DOUBLE)",
            "text": text,
            "type": f"CASE json_type(properties, {at}) WHEN 'VARCHAR' THEN 'text' WHEN 'BOOLEAN' THEN 'boolean'"
            " WHEN 'ARRAY' THEN 'list' WHEN 'OBJECT' THEN 'object' WHEN 'NULL' THEN NULL"
            " WHEN 'BIGINT' THEN 'number' WHEN 'UBIGINT' THEN 'number' WHEN 'DOUBLE' THEN 'number' END",
            "seen": text,
        }[how]
        if how != "seen":
            return f"{told} AS {identifier(name)}"
        event, within = self.origins[name]
        return (
            f"({told} IS NULL OR EXISTS (SELECT 1 FROM log origin WHERE origin.name = {literal(event)}"
            f" AND (origin.properties->>{at}) = (log.properties->>{at}) AND origin.received_at <= log.received_at"
            f" AND origin.received_at > log.received_at - {int(within)}))::INTEGER AS {identifier(name)}"
        )


def rows_of(files: Files, event: str, source: str, day: int, columns: Columns, rows_max: int) -> pa.Table:
    """Return the rows of an event that arrived on a day: event_id, occurred_at, received_at, and the columns asked for.

    Of more than ``rows_max`` rows, about so many, chosen by the hash of their ids.
    """
    chosen = f"name = {literal(event)} AND received_at >= {day * DAY_US} AND received_at < {(day + 1) * DAY_US}"
    chosen += f" AND source = {literal(source)}" if source else ""
    with Duck(threads=1) as duck:
        duck.add_files("log", files, SCHEMA)
        count = duck.run(f"SELECT count(*) AS n FROM log WHERE {chosen}")["n"][0].as_py()
        every = max(1, -(-count // rows_max))
        spelled = ", ".join(["event_id", "profile", "occurred_at", "received_at", *columns.spelled()])
        return duck.run(f"SELECT {spelled} FROM log WHERE {chosen} AND hash(event_key) % {every} = 0")
