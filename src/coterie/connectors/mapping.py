"""What a mapping says: how one row of a file becomes events and traits. The YAML form is read in ``mapping_file``."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from coterie.connectors.expression import Expression
from coterie.model import Value
from coterie.segments.core import Test

FORMATS: tuple[str, ...] = ("csv", "jsonl", "parquet", "excel", "columns")
TYPES: tuple[str, ...] = ("as_is", "text", "integer", "number", "boolean", "instant", "json")
"""``as_is``: text from a CSV, the value itself from JSONL and Parquet. ``instant`` becomes RFC 3339 text."""


class Layout(Struct, frozen=True, kw_only=True):
    """How a file is cut into rows. ``columns`` names them where the file has no header; format "columns" splits at blanks."""

    format: str = ""
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    decimal: str = "."
    columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("",)
    sheet: str = ""
    """Sheet of an Excel file, the first when empty."""


class TimeRule(Struct, frozen=True, kw_only=True):
    """An instant in a column: ISO 8601 (``iso``), ``unix_s``/``unix_ms``/``unix_us``, a strptime format, or ``any``, in a time zone.

    Rows without it have it in the column ``otherwise``, spelled in any way.
    """

    column: str
    format: str = "iso"
    time_zone: str = "UTC"
    otherwise: str = ""


class ProfileRule(Struct, frozen=True, kw_only=True):
    """Whose row it is. A row without the column is ``anonymous`` (the first of these columns that has a value) or quarantined."""

    column: str
    prefix: str = ""
    anonymous: str = ""
    anonymous_prefix: str = "anonymous-"


class IdentifierRule(Struct, frozen=True, kw_only=True):
    """One of the identifiers of a row's person."""

    kind: str
    column: str
    prefix: str = ""


class IdRule(Struct, frozen=True, kw_only=True):
    """The event's id: these columns, or, without any, the row's content and how many equal rows came before it in the file."""

    columns: tuple[str, ...] = ()
    prefix: str = ""


class PropertyRule(Struct, frozen=True, kw_only=True):
    """A property or trait from a column, an expression or a constant."""

    key: str
    column: str = ""
    type: str = "as_is"
    format: str = "iso"
    time_zone: str = "UTC"
    expression: Expression | None = None
    constant: Value = None
    round: int | None = None
    required: bool = False


class WhenRule(Struct, frozen=True, kw_only=True):
    """A column passes a test (or, ``negate``, does not)."""

    column: str
    test: Test
    negate: bool = False


class EventRule(Struct, frozen=True, kw_only=True):
    """An event of the rows for which all of ``when`` holds; its name is constant, or comes from ``column`` through ``names``."""

    name: str = ""
    column: str = ""
    names: dict[str, str] = {}
    when: tuple[WhenRule, ...] = ()
    properties: tuple[PropertyRule, ...] = ()


class Mapping(Struct, frozen=True, kw_only=True):
    """A whole mapping. The first of ``events`` whose ``when`` holds names the row's event; ``also`` are further events."""

    source: str
    layout: Layout
    profile: ProfileRule
    """Without a column: the person is found by ``identifiers`` alone."""
    occurred_at: TimeRule
    received_at: TimeRule | Literal["occurred_at", "now"] = "occurred_at"
    id: IdRule = IdRule()
    identifiers: tuple[IdentifierRule, ...] = ()
    """What else the row's person is called, or all that it is called; the most telling first."""
    events: tuple[EventRule, ...] = ()
    also: tuple[EventRule, ...] = ()
    unmatched: Literal["quarantine", "skip"] = "quarantine"
    properties: tuple[PropertyRule, ...] = ()
    spread: str | None = None
    traits: tuple[PropertyRule, ...] = ()
    traits_as: Literal["identify", "set"] = "identify"

    def columns(self) -> frozenset[str]:
        """Return every column that the mapping reads by name."""
        times = [one for one in (self.occurred_at, self.received_at) if isinstance(one, TimeRule)]
        rules = (*self.events, *self.also)
        properties = (*self.properties, *self.traits, *(one for rule in rules for one in rule.properties))
        named = {self.profile.column, self.profile.anonymous, *self.id.columns, *(one.column for one in times)}
        named |= {one.otherwise for one in times} | {one.column for one in self.identifiers}
        named |= {one.column for one in properties} | {one.column for one in rules}
        named |= {test.column for rule in rules for test in rule.when}
        named |= {name for one in properties if one.expression for name in one.expression.columns}
        return frozenset(named - {""})
