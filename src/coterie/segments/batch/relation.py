"""What a statement reads: the table of events, its typed property columns, and the table of merged ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa
from msgspec import Struct

Type = Literal["text", "integer", "number", "boolean"]
TYPED_PREFIX = "p."


class Relation(Struct, frozen=True):
    """The log as the SQL engine sees it.

    ``events`` and ``aliases`` are names of tables or views, dots between their parts. ``typed`` tells which property keys have a
    column ``p.<key>``, and of which type. ``merges``: whether the table of aliases exists and is not empty; without it no
    statement looks at it. ``properties``: whether there is a column of canonical JSON for the other keys. ``until``: the newest
    arrival, where it is known; a statement about that instant or later ones need not ask which records had arrived.
    """

    events: str = "events"
    aliases: str = "aliases"
    typed: Mapping[str, Type] = {}
    merges: bool = False
    properties: bool = True
    until: int | None = None
    since: int | None = None
    """No event occurred before this instant, where it is known: local clocks need not be told for the years before."""

    @classmethod
    def of(
        cls,
        schema: pa.Schema,
        *,
        events: str = "events",
        aliases: str = "aliases",
        merges: bool = False,
        until: int | None = None,
    ) -> Relation:
        """Return the relation that an Arrow schema of log columns describes."""
        typed = {
            field.name.removeprefix(TYPED_PREFIX): kind
            for field in schema
            if field.name.startswith(TYPED_PREFIX) and (kind := _type_of(field.type)) is not None
        }
        return cls(events, aliases, typed, merges, "properties" in schema.names, until)


def _type_of(kind: pa.DataType) -> Type | None:
    if pa.types.is_dictionary(kind):
        return _type_of(kind.value_type)
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    return None
