"""The rows at the newest end of a source that have been delivered: so that ties and late rows are neither lost nor doubled.

Rows do not become visible in the order of their cursor: several have the same value, and a transaction that began earlier may end
later. So every reading begins ``lag`` before the highest mark and leaves out what was delivered; of that, the position holds digests.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from coterie.connectors.rows import json_value
from coterie.connectors.sources.failures import SchemaChanged
from coterie.connectors.sources.marks import Lag, Mark, Rank, back, kept, least, rank, restored
from coterie.limits import DEFAULT
from coterie.values import canonical


class Window:
    """``high`` is the highest mark delivered; of rows that lie less than ``lag`` below it, there is a digest each."""

    def __init__(
        self, lag: Lag | None, told: Mapping[str, Any], rows_max: int = DEFAULT.source_window_rows_max
    ) -> None:
        self._lag, self._rows_max = lag, rows_max
        self.high: Mark | None = restored(told["high"]) if "high" in told else None
        self._lost: Mark | None = restored(told["lost"]) if "lost" in told else None
        seen: Mapping[str, Sequence[str]] = told.get("seen", {})
        self._seen = {name: list(digests) for name, digests in seen.items()}
        self._ranks = {name: rank(restored(_read(name))) for name in self._seen}
        self.begin()

    def begin(self) -> None:
        """Rows are read anew from ``low``: each of those delivered is met once more."""
        self._waiting = Counter(digest for digests in self._seen.values() for digest in digests)

    def told(self) -> dict[str, Any]:
        """Return the window as JSON."""
        if self.high is None:
            return {}
        lost = {} if self._lost is None else {"lost": kept(self._lost)}
        return {"high": kept(self.high), "seen": self._seen, **lost}

    def low(self) -> Mark | None:
        """Return where the next reading begins, that mark included; ``None``: from the beginning, or ``whole`` is false."""
        return None if self.high is None or not self.whole else back(self.high, self._lag)

    @property
    def whole(self) -> bool:
        """Whether every row delivered from ``low`` on is known. False after more rows than a position can hold."""
        return self._lost is None

    def __len__(self) -> int:
        return self._waiting.total()

    def take(self, marks: Sequence[Mark], rows: Sequence[Mapping[str, Any]], *, ordered: bool) -> list[bool]:
        """Return for every row whether it is new, and count the new ones as delivered.

        ``ordered``: the last mark is the highest, whatever Python thinks of its text. Raises: SchemaChanged when the cursor has
        become one of another sort.
        """
        if not rows:
            return []
        ranks = [rank(mark) for mark in marks]
        top = self._top(marks, ranks, ordered)
        floor = least(top, self._lag)
        found = []
        for place, row in enumerate(rows):
            inside = ranks[place] == floor if floor[0] == "text" else ranks[place] >= floor
            mark = digest(row) if inside or self._waiting else ""
            new = not self._met(mark)
            if new and inside:
                name = _written(marks[place])
                self._seen.setdefault(name, []).append(mark)
                self._ranks[name] = ranks[place]
            found.append(new)
        self.high = top
        self._trim(floor)
        return found

    def _top(self, marks: Sequence[Mark], ranks: Sequence[Rank], ordered: bool) -> Mark:
        sorts = {sort for sort, _ in ranks}
        if self.high is not None:
            sorts.add(rank(self.high)[0])
        if len(sorts) > 1:
            raise SchemaChanged(
                f"the cursor holds values of several sorts: {', '.join(sorted(sorts))}",
                hint="has the column become one of another type? coterie sources reset NAME reads from the beginning",
            )
        top = marks[-1] if ordered else marks[max(range(len(ranks)), key=lambda place: ranks[place][1])]
        if self.high is None or (ordered and sorts == {"text"}):
            return top
        return top if rank(top)[1] >= rank(self.high)[1] else self.high

    def _met(self, mark: str) -> bool:
        if not mark or not self._waiting.get(mark):
            return False
        self._waiting[mark] -= 1
        if not self._waiting[mark]:
            del self._waiting[mark]
        return True

    def _trim(self, floor: Rank) -> None:
        gone = [
            one for one, at in self._ranks.items() if at[1] != floor[1] and (floor[0] == "text" or at[1] < floor[1])
        ]
        for name in gone:
            del self._seen[name], self._ranks[name]
        if self._lost is not None and rank(self._lost)[1] < floor[1]:
            self._lost = None
        if sum(map(len, self._seen.values())) > self._rows_max:
            self._lost = self.high
            self._seen, self._ranks = {}, {}


def digest(row: Mapping[str, Any]) -> str:
    """Return 72 bits that stand for the content of a row. Cost: about 5 µs."""
    told = canonical({name: json_value(value) for name, value in row.items()})
    return base64.urlsafe_b64encode(hashlib.blake2b(told.encode(), digest_size=9).digest()).decode()


def _written(mark: Mark) -> str:
    told = kept(mark)
    return told if isinstance(told, str) else f"number:{told!r}"


def _read(name: str) -> int | float | str:
    sort, _, text = name.partition(":")
    if sort != "number":
        return name
    return int(text) if text.lstrip("-").isdigit() else float(text)
