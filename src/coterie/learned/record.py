"""What was done with a model, as a list of facts: saved, published, withdrawn, compared, kept or promoted, and why."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

Deed: TypeAlias = Literal[
    "saved", "added", "published", "withdrawn", "stale", "compared", "kept", "promoted", "removed"
]


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fact. ``at`` is µs UTC; ``by`` is a person, a key's name, or ``rule``. ``figures`` are what it was decided on."""

    at: int
    deed: Deed
    version: int
    by: str = ""
    note: str = ""
    figures: dict[str, Any] = {}


def published_version(records: tuple[Record, ...]) -> int | None:
    """Return the version that is published after all this, nothing when none is."""
    for one in reversed(records):
        if one.deed in ("published", "promoted"):
            return one.version
        if one.deed == "withdrawn":
            return None
    return None
