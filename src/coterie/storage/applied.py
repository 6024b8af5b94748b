"""Definitions as applied: every apply is a fact in its own file, and the present catalog is their sum."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct


class Entry(Struct, frozen=True, kw_only=True):
    """One definition that an apply added, changed or removed. ``definition`` is empty for a removal."""

    key: str
    change: Literal["added", "changed", "removed"]
    version: int
    definition: dict[str, Any] = {}
    entered: int = 0
    exited: int = 0


class Apply(Struct, frozen=True, kw_only=True):
    """A fact: these definitions took effect at the instant ``at`` of the log."""

    number: int
    at: int
    entries: tuple[Entry, ...]


class AppliedStore:
    """Applies as numbered JSON files in the folder ``path``; a file appears whole or not at all."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def history(self) -> list[Apply]:
        """Return every apply, oldest first."""
        files = sorted(self.path.glob("*.json")) if self.path.is_dir() else []
        return [msgspec.json.decode(file.read_bytes(), type=Apply) for file in files]

    def current(self) -> dict[str, Entry]:
        """Return the entry in force of every segment that is applied."""
        entries: dict[str, Entry] = {}
        for apply in self.history():
            for entry in apply.entries:
                entries.pop(entry.key, None)
                if entry.change != "removed":
                    entries[entry.key] = entry
        return entries

    def record(self, apply: Apply) -> None:
        """Keep ``apply`` for ever. Raises: FileExistsError when that number is taken."""
        self.path.mkdir(parents=True, exist_ok=True)
        target = self.path / f"{apply.number:06d}.json"
        draft = target.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(apply), indent=2))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, target)
        draft.unlink()
