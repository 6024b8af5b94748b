"""What drift looks found, one line each, beside the model they looked at: figures and sentences, and nobody's name."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from coterie.storage.lock import alone
from coterie.storage.private import write_whole

LOOKS_MAX = 1_000
"""Looks that are kept of one model, the latest ones."""


class Look(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One look at a model: what its last window came to. Figures that could not be said are left out."""

    at: int
    version: int
    is_stale: bool
    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    figures: dict[str, float] = {}
    decision: str = ""
    candidate: int | None = None


class DriftBook:
    """The looks at one model, oldest first, in the file ``path``; after a crash a look is there whole or not at all."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def looks(self) -> tuple[Look, ...]:
        """Return every look that is kept, oldest first."""
        if not self.path.exists():
            return ()
        return tuple(msgspec.json.decode(line, type=Look) for line in self.path.read_bytes().splitlines())

    def keep(self, look: Look) -> None:
        """The look is the last one. Cost: the file is written anew, some 300 bytes a look."""
        with alone(self.path.parent):
            lines = [msgspec.json.encode(one) for one in (*self.looks(), look)[-LOOKS_MAX:]]
            write_whole(self.path, b"\n".join(lines) + b"\n")
