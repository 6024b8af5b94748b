"""Which row a profile has: text or whole-number ids, in order of first appearance; and which rows were absorbed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.segments.live.dictionaries import find_ints
from coterie.segments.live.identities import rows_of, settle_ids
from coterie.segments.live.layout import Ints, kernel

CELLS = 1 << 10


@kernel
def follow(rows: Ints, forward: Any) -> None:
    """Every row is the one its profile belongs to now. Chains stay as they were made: an unmerge cuts one link of them."""
    for i in range(rows.shape[0]):
        row = rows[i]
        if row < 0:
            continue
        while row < forward.shape[0] and forward[row] >= 0:
            row = forward[row]
        rows[i] = row


class Profiles:
    """Ids and their rows. A row once given stays its id's; ``forward`` says into which row it was absorbed (-1: none)."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._row_of: dict[str, int] = {}
        self.numbers: Ints = np.zeros(0, np.int64)
        self.numeric: bool | None = None
        self.forward = np.zeros(0, np.int32)
        self._ids: Ints = np.zeros(CELLS, np.int64)
        self._rows: Any = np.full(CELLS, -1, np.int32)
        self.known = 0

    def __len__(self) -> int:
        return self.known

    def meet(self, kind: Any) -> None:
        """Ids are numbers or text, as the first column says."""
        if self.numeric is None:
            self.numeric = pa.types.is_integer(kind)

    def rows_of(self, column: Any, skipped: Any) -> Ints:
        """Return the row of each profile of an Arrow column (-1 where skipped); new profiles get the next rows."""
        numeric = pa.types.is_integer(column.type)
        self.meet(column.type)
        if numeric and self.numeric:
            rows = self._rows_of_numbers(np.array(column.to_numpy(zero_copy_only=False), np.int64), skipped)
        else:
            rows = self._rows_of_texts(column.cast(pa.string()) if numeric else column, skipped)
        if len(self.forward):
            follow(rows, self.forward)
        return rows

    def _rows_of_numbers(self, keys: Ints, skipped: Any) -> Ints:
        if len(self._ids) < 2 * (self.known + len(keys)):
            self._make_room(len(keys))
        rows = np.empty(len(keys), np.int64)
        known = rows_of(keys, skipped, self._ids, self._rows, rows, self.known)
        if known > self.known:
            if known > len(self.numbers):
                self.numbers.resize(max(known, len(self.numbers) * 9 // 8, CELLS), refcheck=False)
            new = rows >= self.known
            self.numbers[rows[new]] = keys[new]
            self.known = known
        return rows

    def _rows_of_texts(self, column: Any, skipped: Any) -> Ints:
        if skipped.any():
            rows = np.full(len(column), -1, np.int64)
            taken = np.flatnonzero(~skipped)
            if len(taken):
                rows[taken] = self._rows_of_texts(column.take(pa.array(taken)), np.zeros(len(taken), bool))
            return rows
        coded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
        if pa.types.is_dictionary(column.type):
            coded = pc.dictionary_encode(column.cast(pa.string()))
        found = np.array([self.row_of(one) for one in coded.dictionary.to_pylist()], np.int64)
        return found[coded.indices.to_numpy(zero_copy_only=False)]

    def row_of(self, profile: Any, new: bool = True) -> int:
        """Return the row of one id as it was given (not followed), a new one if it was not known; -1 if ``new`` is false."""
        if self.numeric:
            key = np.array([int(profile)], np.int64)
            if new:
                return int(self._rows_of_numbers(key, np.zeros(1, bool))[0])
            found = np.empty(1, np.int32)
            find_ints(key, self._ids, self._rows, found)
            return int(found[0])
        row = self._row_of.get(profile, -1)
        if row < 0 and new:
            row = self._row_of[profile] = self.known
            self.texts.append(profile)
            self.known += 1
        return row

    def canonical(self, row: int) -> int:
        """Return the row that a row's profile belongs to now."""
        rows = np.array([row], np.int64)
        follow(rows, self.forward)
        return int(rows[0])

    def absorb(self, into: int, gone: int) -> None:
        """The profile of row ``gone`` is that of row ``into`` from now on."""
        if len(self.forward) < self.known:
            longer = np.full(self.known + (self.known >> 2), -1, np.int32)
            longer[: len(self.forward)] = self.forward
            self.forward = longer
        self.forward[gone] = into

    def part(self, gone: int) -> None:
        """The profile of row ``gone`` stands on its own again, with all it had absorbed."""
        self.forward[gone] = -1

    def family(self, row: int) -> Ints:
        """Return the rows of every id that belongs to a canonical row now, its own included. Cost: one pass over all rows."""
        rows = np.arange(self.known)
        follow(rows, self.forward)
        return np.flatnonzero(rows == row)

    def copy(self) -> Profiles:
        """Return the same ids and rows, sharing nothing that changes."""
        other = Profiles()
        other.texts, other._row_of = self.texts.copy(), self._row_of.copy()
        other.numbers, other.forward = self.numbers.copy(), self.forward.copy()
        other._ids, other._rows = self._ids.copy(), self._rows.copy()
        other.numeric, other.known = self.numeric, self.known
        return other

    def restore(self, numeric: bool | None, known: int, texts: list[str], numbers: Ints, forward: Any) -> None:
        """These ids are known, as a snapshot keeps them."""
        self.numeric, self.known, self.texts, self.numbers, self.forward = numeric, known, texts, numbers, forward
        self._row_of = dict(zip(texts, range(len(texts)), strict=True))
        if numeric:
            self._make_room(0)

    def _make_room(self, more: int) -> None:
        """The table of numbers has room for ``more`` new ones and holds those known."""
        cells = len(self._ids)
        while cells < 2 * (self.known + more):
            cells *= 2
        self._ids, self._rows = np.zeros(cells, np.int64), np.full(cells, -1, np.int32)
        settle_ids(self.numbers[: self.known], np.arange(self.known), self._ids, self._rows)

    def ids_of(self, rows: Ints) -> Any:
        """Return the ids of rows as an Arrow array, of the type they came in."""
        if self.numeric:
            return pa.array(self.numbers[rows])
        return pa.array([self.texts[row] for row in rows.tolist()], pa.string())

    def id_of(self, row: int) -> Any:
        """Return the id of a row as it came in: text or a number."""
        return int(self.numbers[row]) if self.numeric else self.texts[row]

    def text_of(self, row: int) -> str:
        return str(self.numbers[row]) if self.numeric else self.texts[row]

    def state_bytes(self) -> int:
        """Return how much memory ids take, text by an estimate."""
        tables = self._ids.nbytes + self._rows.nbytes if self.numeric else 0
        return tables + self.numbers.nbytes + self.forward.nbytes + sum(map(len, self.texts)) + 150 * len(self.texts)
