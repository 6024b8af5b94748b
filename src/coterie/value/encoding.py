"""A table of features as the rows that trees read: numbers as they are, the frequent levels of a category as yes and no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct, convert, to_builtins

from coterie.features.feature import Need
from coterie.features.table import FeatureTable
from coterie.value.history import Floats

LEVELS_MAX = 20
"""Levels of one category that are told apart; the others are together what is none of them."""
LEVEL_PEOPLE_MIN = 10


class Encoding(Struct, frozen=True):
    """What a row holds, in order."""

    needs: tuple[Need, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(
            one.column if one.level is None else f"{one.column} = {one.level or '(missing)'}" for one in self.needs
        )

    def rows(self, table: FeatureTable) -> Floats:
        """Return the rows (n, needs) float64 of a table, NaN for a missing number. Raises: NotFound for a column that is not there."""
        matrix = np.empty((len(table), len(self.needs)))
        for place, need in enumerate(self.needs):
            values = table.column(need.column).values
            if need.level is None:
                matrix[:, place] = np.asarray(values, np.float64)
            else:
                matrix[:, place] = [float((value or "") == need.level) for value in values]
        return matrix

    def told(self) -> list[dict[str, Any]]:
        """Return it as plain data."""
        plain: list[dict[str, Any]] = to_builtins(self.needs)
        return plain

    @classmethod
    def read(cls, plain: Sequence[Mapping[str, Any]]) -> Encoding:
        """Return the encoding that ``told`` wrote."""
        return cls(convert(list(plain), tuple[Need, ...]))


def encoding_of(table: FeatureTable, columns: Sequence[str] | None = None) -> Encoding:
    """Return how the columns (all when not said) become rows; the levels are those that ``LEVEL_PEOPLE_MIN`` people of the table have."""
    needs: list[Need] = []
    for column in [table.column(name) for name in columns] if columns is not None else table.columns:
        if column.kind == "number":
            needs.append(Need(column.name))
            continue
        counts = Counter(str(value) if value is not None else "" for value in column.values)
        frequent = [level for level, people in counts.most_common() if people >= LEVEL_PEOPLE_MIN]
        needs += [Need(column.name, level) for level in sorted(frequent[:LEVELS_MAX])]
    return Encoding(tuple(needs))
