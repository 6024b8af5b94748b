"""Answers as plain data for people and other programs: instants are int64 µs inside and RFC 3339 outside."""

from __future__ import annotations

from typing import Any

import msgspec

INSTANTS = frozenset(
    {"at", "as_of", "since", "until", "next_change", "instants", "first_seen", "last_seen", "advanced_to"}
)
"""Names of fields that hold instants, beside all that end in ``_at`` or ``_until``."""
FOREIGN = frozenset({"properties", "row", "value", "definition", "received"})
"""Names of fields that hold what others sent or wrote: left as it is."""


def is_instant(name: str) -> bool:
    """Return whether a field with that name holds an instant (or a list of them)."""
    return name in INSTANTS or name.endswith(("_at", "_until"))


def told(data: Any) -> Any:
    """Return a struct, or anything made of structs, as plain data with every instant as RFC 3339.

    Pairs as keys (segment, direction) become ``segment:direction``. Cost: about 1 µs per field.
    """
    return _told(msgspec.to_builtins(data, str_keys=True), "")


def _told(data: Any, name: str) -> Any:
    if isinstance(data, dict):
        return {key: value if key in FOREIGN else _told(value, key) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_told(item, name) for item in data]
    if isinstance(data, int) and not isinstance(data, bool) and is_instant(name):
        from coterie.segments.instants import rfc3339

        return rfc3339(data)
    return data
