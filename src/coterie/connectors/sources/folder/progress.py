"""How far each file has been read: a position, kept small however many files there have been."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from coterie.connectors.sources.folder.listing import Found
from coterie.connectors.sources.source import Position


class Read(Struct, frozen=True, array_like=True):
    """What was read of a file, and what it looked like then."""

    size: int
    modified: int
    rows: int
    """Rows kept, by their numbers: the last one."""
    whole: bool = False
    """Whether that was all that it held."""
    mark: str = ""
    """Digest of its beginning and of its end, as it was; so that a file that grew is told from one that was replaced."""


class Progress(Struct, frozen=True):
    """Files by their keys. ``floor``: files that were changed at that instant or before, and are not named, count as read."""

    files: dict[str, Read] = {}
    floor: int = 0

    def of(self, file: Found) -> Read | None:
        """Return what was read of a file, ``None`` when it is new."""
        found = self.files.get(file.key)
        if found is None and file.modified <= self.floor:
            return Read(file.size, file.modified, 0, whole=True)
        return found

    def after(self, key: str, read: Read, kept_max: int) -> Progress:
        """Return the progress with this file; of more than ``kept_max`` those that were changed longest ago go unnamed."""
        files = {**self.files, key: read}
        if len(files) <= kept_max:
            return Progress(files, self.floor)
        newest = sorted(files.items(), key=lambda one: (one[1].whole, -one[1].modified))
        dropped = newest[kept_max * 9 // 10 :]
        floor = max(self.floor, *(one.modified for _, one in dropped))
        return Progress(dict(newest[: kept_max * 9 // 10]), floor)

    def position(self) -> dict[str, Any]:
        return msgspec.to_builtins(self)  # type: ignore[no-any-return]


def progress_of(position: Position) -> Progress:
    """Return what a position says. Raises: msgspec.ValidationError."""
    return msgspec.convert(dict(position), Progress)
