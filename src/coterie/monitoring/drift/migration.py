"""Who went where: the share of each segment that is in each segment later, which sizes alone never show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from coterie.model import Undetermined

ABSENT = ""
"""Stands for being in none of the segments."""


class Migration(Struct, frozen=True, kw_only=True):
    """Moves between two instants. ``counts[i][j]``: people of ``before[i]`` who are in ``after[j]``; ``ABSENT`` is a row and a column
    where somebody came from nowhere or went there."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def shares(self) -> list[list[float | Undetermined]]:
        """Return the matrix with rows that sum to 1: where the people of each segment are now."""
        return [
            [n / sum(row) for n in row] if sum(row) else [Undetermined("nobody was in it")] * len(row)
            for row in self.counts
        ]

    def retention(self) -> dict[str, float | Undetermined]:
        """Return per segment of before the share of its people who are in it now."""
        found: dict[str, float | Undetermined] = {}
        for i, key in enumerate(self.before):
            whole = sum(self.counts[i])
            kept = self.counts[i][self.after.index(key)] if key in self.after else 0
            if key != ABSENT:
                found[key] = kept / whole if whole else Undetermined("nobody was in it")
        return found

    def stayed(self) -> float | Undetermined:
        """Return the share who are where they were, among the people who are in some segment at both instants."""
        kept = both = 0
        for i, one in enumerate(self.before):
            for j, other in enumerate(self.after):
                if one != ABSENT and other != ABSENT:
                    both += self.counts[i][j]
                    kept += self.counts[i][j] if one == other else 0
        return kept / both if both else Undetermined("nobody is there at both instants")


def migration(before: Mapping[str, str], after: Mapping[str, str]) -> Migration:
    """Return the moves of people (profile → segment) between two instants; who is missing on a side is ``ABSENT`` there.

    Cost: one look at every person.
    """
    people = sorted(before.keys() | after.keys())
    rows = [before.get(one, ABSENT) for one in people]
    columns = [after.get(one, ABSENT) for one in people]
    names = tuple(sorted(set(rows))), tuple(sorted(set(columns)))
    places = [{name: place for place, name in enumerate(side)} for side in names]
    counts = np.zeros((len(names[0]), len(names[1])), np.int64)
    np.add.at(counts, ([places[0][one] for one in rows], [places[1][one] for one in columns]), 1)
    return Migration(before=names[0], after=names[1], counts=tuple(tuple(row) for row in counts.tolist()))
