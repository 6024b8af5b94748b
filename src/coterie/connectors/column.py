"""One column of many rows, kept as codes into its distinct values: Python sees each distinct value once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from coterie.storage.log import text_or_none
from coterie.values import canonical

Codes = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

HASHED = frozenset({str, int, float, bool, type(None), datetime, date, Decimal, UUID, bytes})
"""Types whose equal values are one value; others are compared by their canonical text."""


class Refused:
    """In place of a value that could not be read: why."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


class Column:
    """``values[codes[i]]`` is the value of row i; ``None`` is missing and ``Refused`` unreadable."""

    __slots__ = ("codes", "values")

    def __init__(self, codes: Codes, values: list[Any]) -> None:
        self.codes, self.values = codes, values

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def of(cls, values: Iterable[Any]) -> Column:
        """Return the column of plain Python values, equal ones sharing a code."""
        known: dict[Any, int] = {}
        distinct: list[Any] = []
        codes: list[int] = []
        for value in values:
            sort = type(value)
            key = (sort, value if sort in HASHED else canonical(value))
            code = known.get(key)
            if code is None:
                code = known[key] = len(distinct)
                distinct.append(value)
            codes.append(code)
        return cls(np.array(codes, dtype=np.int64), distinct)

    @classmethod
    def constant(cls, value: Any, length: int) -> Column:
        return cls(np.zeros(length, dtype=np.int64), [value])

    @classmethod
    def of_arrow(cls, array: pa.Array, read: Callable[[Any], Any] = lambda value: value) -> Column:
        """Return the column of an Arrow array, each distinct value passed through ``read`` once."""
        if pa.types.is_nested(array.type):
            return cls.of(None if one is None else read(one) for one in array.to_pylist())
        coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        values = [None if one is None else read(one) for one in coded.dictionary.to_pylist()]
        indices = coded.indices
        if indices.null_count:
            indices = indices.fill_null(len(values))
            values.append(None)
        return cls(indices.to_numpy(zero_copy_only=False).astype(np.int64), values)

    def map(self, change: Callable[[Any], Any]) -> Column:
        """Return the column with ``change`` applied to every distinct value that is there; the rest stays as it is."""
        changed = [one if one is None or isinstance(one, Refused) else change(one) for one in self.values]
        return Column(self.codes, changed)

    def filled(self, other: Column) -> Column:
        """Return the column with the values of ``other`` in the rows where a value is missing."""
        missing = self.missing()
        return Column(np.where(missing, other.codes + len(self.values), self.codes), [*self.values, *other.values])

    def where(self, test: Callable[[Any], bool]) -> Mask:
        """Return (n,) bool: the rows whose value passes ``test`` (which also sees missing and refused values)."""
        if not self.values:
            return np.zeros(len(self.codes), dtype=bool)
        return np.array([test(one) for one in self.values], dtype=bool)[self.codes]

    def missing(self) -> Mask:
        return self.where(lambda value: value is None)

    def refused(self) -> Mask:
        return self.where(lambda value: isinstance(value, Refused))

    def at(self, row: int) -> Any:
        return self.values[self.codes[row]]

    def numbers(self, dtype: type = np.float64, absent: float = np.nan) -> np.ndarray[Any, Any]:
        """Return the values as numbers, ``absent`` where missing or refused."""
        plain = [absent if one is None or isinstance(one, Refused) else one for one in self.values]
        return np.array(plain or [absent], dtype=dtype)[self.codes] if len(self.codes) else np.empty(0, dtype)

    def strings(self) -> pa.Array:
        """Return the values as Arrow text; missing and refused ones are null."""
        plain = [one if isinstance(one, str) else None for one in self.values]
        return pa.array(plain, pa.string()).take(pa.array(self.codes))

    def texts(self) -> pa.Array:
        """Return the canonical JSON text of every value; missing and refused ones are null."""
        plain = [None if one is None or isinstance(one, Refused) else text_or_none(one) for one in self.values]
        return pa.array(plain, pa.string()).take(pa.array(self.codes))
