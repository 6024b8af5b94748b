"""The small words of a tracking plan: types, formats, classes of personal data, what becomes of a violation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.words import Word

Type = Literal["string", "number", "integer", "boolean", "array", "object"]
"""Types of JSON Schema. A property without a value is missing, so there is no ``null``."""
Format = Literal[
    "date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid"
]  # fmt: skip
"""Formats of JSON Schema that are checked."""
Pii = Literal["none", "indirect", "direct", "sensitive"]
"""``direct``: names a person by itself (e-mail, phone). ``indirect``: does with other data (postcode, birthday, IP address).

``sensitive``: special categories (health, belief, orientation) and what does harm when it leaks (account numbers).
"""
PERSONAL: frozenset[str] = frozenset({"indirect", "direct", "sensitive"})
"""Classes whose values are shown nowhere outside the person's own record."""
Action = Literal["allow", "flag", "drop", "quarantine"]
"""``allow``: nothing. ``flag``: counted with a sample. ``drop``: counted, the property is left out. ``quarantine``: the event waits."""
EventAction = Literal["allow", "flag", "quarantine"]
"""What becomes of an event that the plan does not know. There is no ``drop``: no event is thrown away."""


def _refuse_schema(schema: dict[str, Any]) -> Flaw | None:
    from coterie.taxonomy.validation import validator_of

    try:
        validator_of(schema)
    except ValueError as error:
        return Flaw(f"not a JSON Schema ({str(error).splitlines()[0]})", allowed="JSON Schema, draft 2020-12")
    return None


if TYPE_CHECKING:
    Schema: TypeAlias = dict[str, Any]
else:
    Schema = Annotated[dict, Word("a JSON Schema", _refuse_schema, {"type": "object"})]
"""A JSON Schema (draft 2020-12) as it is written."""
