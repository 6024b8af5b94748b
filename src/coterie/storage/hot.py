"""Typed columns out of JSON: a property whose values have one primitive type becomes a column of that type."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from coterie.storage.lake.parts import identifier, literal
from coterie.storage.lake.table import connect
from coterie.storage.log import HOT

_NUMBERS = {"BIGINT", "UBIGINT", "DOUBLE"}
_EXACT = 1 << 53


def lifted(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Return ``rows`` with a column ``p.<key>`` for each key whose values are all of one primitive type.

    The JSON keeps everything. A key of mixed types, of lists, of nulls or of integers beyond 2^53 next to fractions stays in JSON only.
    """
    with connect({"log": rows}) as connection:
        kinds = {key: kind_of(connection.execute(_types(key)).fetchall()) for key in keys}
        wanted = {key: kind for key, kind in kinds.items() if kind}
        if not wanted:
            return rows
        columns = ", ".join(
            f"CAST(properties->>{pointer(key)} AS {kind}) AS {identifier(HOT + key)}" for key, kind in wanted.items()
        )
        return connection.sql(f"SELECT *, {columns} FROM log ORDER BY position").to_arrow_table()


def pointer(key: str) -> str:
    """Return the SQL text of the JSON pointer to a flat key, whatever characters it has."""
    return literal("/" + key.replace("~", "~0").replace("/", "~1"))


def _types(key: str) -> str:
    at = pointer(key)
    return (
        f"SELECT json_type(properties, {at}) AS kind, max(abs(try_cast(properties->>{at} AS DOUBLE))) FROM log"
        " WHERE kind IS NOT NULL GROUP BY kind"
    )


def kind_of(found: list[tuple[str, float | None]]) -> str:
    """Return the SQL type that (JSON type, largest size) of all values of a key come to, empty when there is no exact one."""
    kinds = {kind for kind, _ in found}
    if kinds == {"VARCHAR"}:
        return "VARCHAR"
    if kinds == {"BOOLEAN"}:
        return "BOOLEAN"
    if not kinds or not kinds <= _NUMBERS:
        return ""
    if "DOUBLE" not in kinds:
        return "BIGINT" if max(size or 0 for _, size in found) < 2**63 else ""
    return "DOUBLE" if max((size or 0 for kind, size in found if kind != "DOUBLE"), default=0) < _EXACT else ""
