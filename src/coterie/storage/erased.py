"""What an erasure removed from a table."""

from __future__ import annotations

from msgspec import Struct


class Erased(Struct, frozen=True, kw_only=True):
    """``rows`` are gone from the table; ``files`` of ``bytes`` that held them are gone from the disk, with all older versions."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
