"""Coterie: customer segments with one definition and one answer.

>>> import coterie
>>> cart = "key: carts\\nwhen: {did: {event: add_to_cart, within: 24h}}\\n"
>>> events = {"profile": ["ada"], "name": ["add_to_cart"], "occurred_at": ["2026-01-05T10:00:00Z"]}
>>> import pyarrow
>>> coterie.members(cart, pyarrow.table(events), at="2026-01-06T09:59:59Z")["profile"].to_pylist()
['ada']

The names below are loaded on first use, so that ``import coterie`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Project": "coterie.engine.project",
    "Segment": "coterie.segments.definition",
    "Catalog": "coterie.segments.catalog",
    "Live": "coterie.segments.live",
    "Oracle": "coterie.segments.oracle",
    **dict.fromkeys(
        ("members", "size_over_time", "evaluate", "explain", "verify", "replay", "segments_of"), "coterie.notebook"
    ),
}
"""Public name → the module that holds it."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'coterie' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
