"""The latest entries in memory: whoever follows closely never reads the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from coterie.storage.journal.entry import Entry

_ENTRY_BYTES = 256
"""What an entry costs beside its body."""


class Ring:
    """The entries after ``floor``, without a gap, at most ``bytes_max`` of them. Places near either end are found at once. Not locked."""

    def __init__(self, floor: int, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self.reset(floor)

    def reset(self, floor: int) -> None:
        """The ring is empty, and the next entry will be ``floor`` + 1."""
        self.floor = floor
        self._entries: deque[Entry] = deque()
        self._bytes = 0

    def extend(self, entries: Iterable[Entry]) -> None:
        """The entries are the newest ones, and the oldest made room for them."""
        kept = self._entries
        for entry in entries:
            kept.append(entry)
            self._bytes += len(entry.body) + _ENTRY_BYTES
        while self._bytes > self._bytes_max and len(kept) > 1:
            gone = kept.popleft()
            self._bytes -= len(gone.body) + _ENTRY_BYTES
            self.floor = gone.position

    def after(self, position: int, entries_max: int, bytes_max: int) -> list[Entry] | None:
        """Return the entries after ``position``, ``None`` when the ring does not reach back so far."""
        if position < self.floor:
            return None
        kept = self._entries
        found: list[Entry] = []
        size = 0
        for place in range(position - self.floor, min(len(kept), position - self.floor + max(entries_max, 1))):
            entry = kept[place]
            size += len(entry.body)
            if found and size > bytes_max:
                break
            found.append(entry)
        return found
