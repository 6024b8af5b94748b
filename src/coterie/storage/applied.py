"""Definitions as applied: every apply is a fact in its own file, and the present catalog is their sum."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs


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

    def about(self, is_about: Callable[[str], bool]) -> int:
        """Return how many applies say something about somebody, in any definition that they brought."""
        return sum(_blotted(apply, is_about, "") != apply for apply in self.history())

    def blot(self, is_about: Callable[[str], bool], blot: str) -> None:
        """No definition that was ever applied names such a person: the text is replaced. Files are whole, before and after."""
        for apply in self.history():
            told = _blotted(apply, is_about, blot)
            if told != apply:
                self._write(told).replace(self.path / f"{apply.number:06d}.json")

    def record(self, apply: Apply) -> None:
        """Keep ``apply`` for ever. Raises: FileExistsError when that number is taken."""
        draft = self._write(apply)
        os.link(draft, self.path / f"{apply.number:06d}.json")
        draft.unlink()

    def _write(self, apply: Apply) -> Path:
        """Return a draft on the disk that says ``apply``."""
        self.path.mkdir(parents=True, exist_ok=True)
        draft = self.path / f"{apply.number:06d}.draft"
        with draft.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(apply), indent=2))
            file.flush()
            os.fsync(file.fileno())
        return draft


def _blotted(apply: Apply, is_about: Callable[[str], bool], blot: str) -> Apply:
    entries = tuple(structs.replace(one, definition=_without(one.definition, is_about, blot)) for one in apply.entries)
    return structs.replace(apply, entries=entries)


def _without(data: Any, is_about: Callable[[str], bool], blot: str) -> Any:
    """Return plain data with ``blot`` in place of every text that ``is_about`` says yes to."""
    if isinstance(data, dict):
        return {key: _without(value, is_about, blot) for key, value in data.items()}
    if isinstance(data, list):
        return [_without(value, is_about, blot) for value in data]
    return blot if isinstance(data, str) and is_about(data) else data
