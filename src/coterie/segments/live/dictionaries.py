"""Values as codes: every distinct JSON value of a property gets a number once, and what tests say of it is computed once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from coterie.errors import LimitExceeded
from coterie.limits import Limits
from coterie.segments.live.draft import Draft, Table
from coterie.segments.live.identities import home_of, settle_ids
from coterie.segments.live.layout import LOW, Ints, Tables, kernel
from coterie.segments.live.plans import Design
from coterie.segments.live.verdicts import filled
from coterie.values import canonical, normal, parse

EMPTY_TABLE = 64


class Dictionary:
    """The values of one property. Code 0 is null, 1 empty text; the rest in order of appearance."""

    def __init__(self, key: str, limits: Limits) -> None:
        self.key = key
        self.texts: list[str] = ["null", '""']
        self._codes: dict[str, int] = {"null": 0, '""': 1}
        self._most = limits.distinct_values_max
        self._ints = np.zeros(EMPTY_TABLE, np.int64)
        self._int_codes = np.full(EMPTY_TABLE, -1, np.int32)
        self._int_count = 0

    def __len__(self) -> int:
        return len(self.texts)

    def code_of_text(self, text: str) -> int:
        """Return the code of a canonical JSON text."""
        code = self._codes.get(text)
        if code is None:
            code = len(self.texts)
            if code >= self._most:
                raise LimitExceeded(
                    f"more than {self._most} distinct values of {self.key!r}",
                    hint="raise limits.distinct_values_max, or do not ask for single values of this property",
                )
            self._codes[text] = code
            self.texts.append(text)
        return code

    def code_of_json(self, text: str) -> int:
        """Return the code of a JSON text; one that was never met may be spelled in any way."""
        code = self._codes.get(text)
        return self.code_of(parse(text)) if code is None else code

    def codes_of(self, values: Iterable[Any]) -> Ints:
        """Return the codes of JSON values."""
        return np.array([self.code_of(value) for value in values], np.int64)

    def code_of(self, value: Any) -> int:
        """Return the code of a JSON value."""
        return self.code_of_text(canonical(normal(value)))

    def codes_of_ints(self, keys: Ints) -> Any:
        """Return the codes of whole numbers as int32."""
        codes = np.empty(len(keys), np.int32)
        if find_ints(keys, self._ints, self._int_codes, codes):
            new = np.unique(keys[codes < 0])
            self._int_count += len(new)
            if 2 * self._int_count > len(self._ints):
                self._grow()
            settle_ids(new, self.codes_of(new.tolist()), self._ints, self._int_codes)
            find_ints(keys, self._ints, self._int_codes, codes)
        return codes

    def _grow(self) -> None:
        size = len(self._ints)
        while size < 4 * self._int_count:
            size *= 2
        taken = self._int_codes >= 0
        old, codes = self._ints[taken], self._int_codes[taken].astype(np.int64)
        self._ints, self._int_codes = np.zeros(size, np.int64), np.full(size, -1, np.int32)
        settle_ids(old, codes, self._ints, self._int_codes)

    def copy(self) -> Dictionary:
        """Return the same values and codes, sharing nothing that changes."""
        other = Dictionary.__new__(Dictionary)
        other.key, other._most, other._int_count = self.key, self._most, self._int_count
        other.texts, other._codes = self.texts.copy(), self._codes.copy()
        other._ints, other._int_codes = self._ints.copy(), self._int_codes.copy()
        return other

    def restore(self, texts: list[str]) -> None:
        """These are the values, in the order of their codes."""
        self.texts = texts
        self._codes = dict(zip(texts, range(len(texts)), strict=True))

    def state_bytes(self) -> int:
        """Return roughly how much memory the dictionary takes."""
        return self._ints.nbytes + self._int_codes.nbytes + sum(map(len, self.texts)) + 120 * len(self.texts)


@kernel
def find_ints(keys: Ints, ids: Ints, codes_at: Any, codes: Any) -> bool:
    """Return whether some key has no code yet; ``codes`` holds those of the others, and -1 there."""
    cells, missing = ids.shape[0], False
    for i in range(keys.shape[0]):
        cell = home_of(keys[i], cells)
        while codes_at[cell] >= 0 and ids[cell] != keys[i]:
            cell = (cell + 1) & (cells - 1)
        codes[i] = codes_at[cell]
        missing |= codes_at[cell] < 0
    return missing


class Dictionaries:
    """The dictionaries of all properties that matter, and the tables over their codes as kernels read them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.by_key: dict[str, Dictionary] = {}
        self._data: dict[int, Any] = {}
        self._filled: dict[int, int] = {}
        self._offsets: Ints = np.zeros(0, np.int64)
        self.tables = Tables(np.zeros(1, np.uint8), np.full(1, np.nan), np.full(1, LOW, np.int64))

    def __getitem__(self, key: str) -> Dictionary:
        if key not in self.by_key:
            self.by_key[key] = Dictionary(key, self._limits)
        return self.by_key[key]

    def copy(self) -> Dictionaries:
        """Return the same dictionaries and tables, sharing nothing that changes."""
        other = Dictionaries(self._limits)
        other.by_key = {key: one.copy() for key, one in self.by_key.items()}
        other._data = {number: data.copy() for number, data in self._data.items()}
        other._filled, other._offsets = self._filled.copy(), self._offsets.copy()
        verdicts, numbers, instants = self.tables
        other.tables = Tables(verdicts.copy(), numbers.copy(), instants.copy())
        return other

    def filled(self) -> list[Any]:
        """Return a copy of every table of the plan as far as it is filled, by its number."""
        return [self._data[number][: self._filled[number]].copy() for number in range(len(self._data))]

    def refill(self, made: Design, tables: list[Any]) -> None:
        """These are the plan's tables, as ``filled`` gave them: raw buffers. What they lack is filled when served."""
        for number, (table, data) in enumerate(zip(made.draft.tables, tables, strict=True)):
            known = np.frombuffer(data, self.tables[_pool_of(table)].dtype)
            self._data[number] = _enlarged(table, None, max(len(self[table.column]), len(known)))
            self._data[number][: len(known)] = known
            self._filled[number] = len(known)
        self._offsets = np.zeros(0, np.int64)

    def begin(self) -> None:
        """The tables of another plan may be served next; values keep their codes."""
        self._data, self._filled, self._offsets = {}, {}, np.zeros(0, np.int64)

    def serve(self, made: Design) -> None:
        """The plan's tables know every value met so far. Cost: each test once per new distinct value."""
        draft, grown = made.draft, len(self._offsets) != len(made.draft.tables)
        for i, table in enumerate(draft.tables):
            size, done = len(self[table.column]), self._filled.get(i, 0)
            if done == size:
                continue
            if i not in self._data or len(self._data[i]) < size:
                self._data[i] = _enlarged(table, self._data.get(i), size)
                grown = True
            self._data[i][done:size] = filled(table, self[table.column].texts[done:size])
            self._filled[i] = size
            if not grown:
                pool = self.tables[_pool_of(table)]
                pool[self._offsets[i] + done : self._offsets[i] + size] = self._data[i][done:size]
        if grown:
            self._lay_out(draft)
            for word, number in made.tables:
                made.plan[word] = self._offsets[number]

    def _lay_out(self, draft: Draft) -> None:
        """All tables of one type lie one after another."""
        offsets, pools, ends = [], ([], [], []), [0, 0, 0]  # type: ignore[var-annotated]
        for i, table in enumerate(draft.tables):
            pool = _pool_of(table)
            offsets.append(ends[pool])
            pools[pool].append(self._data[i])
            ends[pool] += len(self._data[i])
        self._offsets = np.array(offsets, np.int64)
        blank = Tables(np.zeros(1, np.uint8), np.full(1, np.nan), np.full(1, LOW, np.int64))
        self.tables = Tables(*(np.concatenate([*pool, empty]) for pool, empty in zip(pools, blank, strict=True)))

    def state_bytes(self) -> int:
        """Return roughly how much memory dictionaries and tables take."""
        return sum(one.state_bytes() for one in self.by_key.values()) + sum(
            2 * one.nbytes for one in self._data.values()
        )


def _pool_of(table: Table) -> int:
    return {"test": 0, "number": 1}.get(table.what, 2)


def _enlarged(table: Table, old: Any, size: int) -> Any:
    room = 64
    while room < size:
        room *= 2
    new = np.zeros(room, (np.uint8, np.float64, np.int64)[_pool_of(table)])
    if old is not None:
        new[: len(old)] = old
    return new
