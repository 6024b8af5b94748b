"""Drawing that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

NAMES_SHOWN = 8


def plain_table(*columns: str, right: Sequence[str] = (), styles: dict[str, str] | None = None) -> Table:
    """Return an empty table without lines; the columns in ``right`` are aligned to the right."""
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(
            name, justify="right" if name in right else "left", style=(styles or {}).get(name, ""), overflow="fold"
        )
    return table


def some(names: Sequence[str], shown: int = NAMES_SHOWN) -> str:
    """Return the first few names and how many more there are."""
    more = f" … and {len(names) - shown:,} more" if len(names) > shown else ""
    return f"{', '.join(names[:shown])}{more}"


def bar(share: float, width: int = 16) -> str:
    """Return a bar of blocks for a share from 0 to 1."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
