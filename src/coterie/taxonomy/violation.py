"""What breaks a plan: its kind, where, what was there and what is allowed."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from coterie.taxonomy.property import type_of

STAGE = "tracking plan"
"""Name of the stage; reasons in quarantine begin with it."""
UNKNOWN_EVENT = "unknown event"
UNKNOWN_PROPERTY = "unknown property"
MISSING = "missing property"
RULE = "broken rule"
DEPRECATED = "deprecated"
KINDS: dict[str, str] = {
    UNKNOWN_EVENT: "the plan does not name the event",
    UNKNOWN_PROPERTY: "the event does not have this property in the plan",
    MISSING: "a required property is not there, or has no value",
    "wrong type": "text for a number, and so on",
    "value not allowed": "the value is none of `enum`",
    "wrong pattern": "the text does not match `pattern`",
    "wrong format": "the text is not what `format` says",
    "out of range": "a number or a length beyond its bounds",
    RULE: "what `items` or `schema` say does not hold",
    DEPRECATED: "an event or property that senders should stop sending; always let pass",
}
"""Kind of a violation → what it says."""
_OF_KEYWORD = {
    "type": "wrong type", "enum": "value not allowed", "const": "value not allowed", "pattern": "wrong pattern",
    "format": "wrong format", "minimum": "out of range", "maximum": "out of range", "exclusiveMinimum": "out of range",
    "exclusiveMaximum": "out of range", "multipleOf": "out of range", "minLength": "out of range",
    "maxLength": "out of range",
}  # fmt: skip
SAMPLE_MAX = 80
"""Characters of a sample."""


class Violation(Struct, frozen=True, kw_only=True):
    """One thing about an event that is not as planned."""

    kind: str
    event: str
    property: str = ""
    received: str = ""
    """What was there, cut short; masked where the plan says that it is personal."""
    allowed: str = ""


def detail(one: Violation) -> str:
    """Return what was found where, and what is allowed, on one line."""
    where = f"{one.event}: {one.property}" if one.property else one.event
    parts = [f"{where}: {one.received}" if one.received else where]
    return "; ".join([*parts, f"allowed: {one.allowed}"] if one.allowed else parts)


def kind_of(keyword: str) -> str:
    """Return the kind of violation that a keyword of JSON Schema finds."""
    return _OF_KEYWORD.get(keyword, RULE)


def sample_of(value: Any, *, masked: bool) -> str:
    """Return a value as it is shown: as JSON cut short, or its type and length where it is personal.

    >>> sample_of("ada@example.org", masked=True), sample_of(12, masked=False)
    ('string of 15 characters', '12')
    """
    if masked:
        return f"string of {len(value)} characters" if isinstance(value, str) else type_of(value)
    text = msgspec.json.encode(value).decode("utf-8", "replace")
    return text if len(text) <= SAMPLE_MAX else f"{text[: SAMPLE_MAX - 1]}…"
