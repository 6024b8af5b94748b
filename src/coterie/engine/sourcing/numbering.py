"""Ids for rows that bring none: what they say, and how many that say the same came before, also across restarts."""

from __future__ import annotations

from coterie.connectors.content import contents
from coterie.connectors.rows import Chunk, Occurrences, digests, keys_of
from coterie.storage.row_keys import RowKeys


class Numbering:
    """Numbers equal rows of one scope (a file, a table) of a source 1, 2, 3 …; ``kept`` remembers them, without it nobody does."""

    def __init__(self, source: str, kept: RowKeys | None = None) -> None:
        self._source, self._kept = source, kept
        self._scope: str | None = None
        self._last = 0
        self._seen = Occurrences()

    def ids(self, chunk: Chunk, scope: str) -> list[str]:
        """Return the id of every row. Rows that come again, by their numbers, get the ids that they had."""
        if not len(chunk.numbers):
            return []
        first = int(chunk.numbers[0])
        if scope != self._scope or first <= self._last:
            self._seen, self._scope = Occurrences(), scope
            if self._kept is not None:
                self._seen.number(self._kept.load(scope, first))
        hashes = digests(self._source, contents(chunk))
        keys = keys_of(hashes)
        if self._kept is not None:
            self._kept.add(scope, first, keys)
        self._last = int(chunk.numbers[-1])
        return [f"{one.hex()}-{n}" for one, n in zip(hashes, self._seen.number(keys).tolist(), strict=True)]
