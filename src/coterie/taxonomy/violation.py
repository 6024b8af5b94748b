"""What breaks a plan: its kind, where, what was there and what is allowed."""

from __future__ import annotations

from msgspec import Struct

from coterie.governance.samples import sample_of
from coterie.model import Value

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


class Violation(Struct, frozen=True, kw_only=True):
    """One thing about an event that is not as planned."""

    kind: str
    event: str
    property: str = ""
    value: Value = None
    """What was there; see ``received``."""
    is_personal: bool = False
    allowed: str = ""


def received(one: Violation) -> str:
    """Return what was there, cut short; by its shape alone where the plan says that it is personal. Empty when nothing was."""
    return "" if one.value is None else shown(one.value, masked=one.is_personal)


def detail(one: Violation) -> str:
    """Return what was found where, and what is allowed, on one line."""
    where = f"{one.event}: {one.property}" if one.property else one.event
    told = received(one)
    parts = [f"{where}: {told}" if told else where]
    return "; ".join([*parts, f"allowed: {one.allowed}"] if one.allowed else parts)


def kind_of(keyword: str) -> str:
    """Return the kind of violation that a keyword of JSON Schema finds."""
    return _OF_KEYWORD.get(keyword, RULE)


def shown(value: Value, *, masked: bool) -> str:
    """Return a value as it is told: text in quotes; by its shape alone where it is personal, or looks as if.

    >>> shown("abc", masked=False), shown("ada@example.org", masked=False), shown(12, masked=False)
    ('"abc"', '"a@a.a"', '12')
    """
    text = sample_of(value, masked)
    return f'"{text}"' if isinstance(value, str) else text
