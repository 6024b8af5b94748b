"""Sources of files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coterie.connectors.sources import definitions
from coterie.connectors.sources.cut import Grain
from coterie.connectors.sources.folder import files
from coterie.connectors.sources.source import Source

MAPPING = {"profile": "who", "occurred_at": "at", "event": "bought"}
SMALL = Grain(96, 3)
"""A few rows a page."""


def opened(root: Path, **fields: Any) -> Source:
    """Return the source of files with those fields, in the project ``root``."""
    data = {"kind": "files", "mapping": MAPPING, **fields}
    return definitions.open_source(definitions.parse(data, root, "shop"), root, {})


def lines(first: int, end: int) -> list[dict[str, Any]]:
    """Return rows of a shop, no two of them alike."""
    return [
        {"who": f"p{n % 7}", "at": f"2026-01-{1 + n % 28:02d}T10:00:00", "amount": n + 0.5} for n in range(first, end)
    ]


def csv_of(rows: list[dict[str, Any]], header: bool = True) -> str:
    text = "".join(",".join(str(value) for value in row.values()) + "\n" for row in rows)
    return f"{','.join(rows[0])}\n{text}" if header else text


__all__ = ["MAPPING", "SMALL", "csv_of", "files", "lines", "opened"]
