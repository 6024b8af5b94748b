"""Short digests of a file, by which one that grew is told from one that was cut off or replaced."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from coterie.connectors.sources.cut import PACKED

STEPS = tuple(1 << power for power in range(6, 17))
"""The first 64, 128 … 65,536 bytes have a digest each, as far as the file reaches."""
TAIL_BYTES = 1 << 12
"""So much of the end has a digest."""


def mark_of(file: Any, size: int) -> str:
    """Return the digests of an open Arrow file as if it had ``size`` bytes: of its beginning, then of its end.

    Cost: two reads of at most 64 KiB.
    """
    head = file.read_at(min(size, STEPS[-1]), 0) if size else b""
    start = max(0, size - TAIL_BYTES)
    tail = file.read_at(size - start, start) if size else b""
    return f"{''.join(_short(head[:step]) for step in STEPS if step <= size)}-{_short(tail)}{_short(tail + b'.')}"


def is_beginning(file: Any, size: int, mark: str) -> bool:
    """Return whether an open file of ``size`` bytes begins as the longer one that ``mark`` was made of."""
    steps = [step for step in STEPS if step <= size]
    if not steps:
        return True
    head = mark.partition("-")[0]
    return head[4 * len(steps) - 4 : 4 * len(steps)] == _short(file.read_at(steps[-1], 0))


def ends_a_line(file: Any, size: int) -> bool:
    """Return whether the last byte of an open file ends a line. An empty file does."""
    return not size or file.read_at(1, size - 1) in (b"\n", b"\r")


def is_packed(path: str) -> bool:
    return Path(path).suffix.lower() in PACKED


def _short(data: bytes) -> str:
    return base64.b64encode(hashlib.blake2b(data, digest_size=3).digest()).decode()
