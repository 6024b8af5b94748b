"""The event keys met lately: an arrival whose key is among them is dropped and counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from coterie.limits import Limits
from coterie.segments.live.identities import seen_before
from coterie.segments.live.layout import M_AGE, M_DUPLICATES, M_KEYS, META, Ints


class Duplicates:
    """Two generations of keys; the older is forgotten when the younger is full, so at least half the limit is remembered."""

    def __init__(self, limits: Limits) -> None:
        self.most = max(limits.duplicate_keys_max // 2, 1)
        cells = self.most + self.most // 2 + 64
        self.tables = (np.zeros(cells, np.int64), np.zeros(cells, np.int64))
        self.meta = np.zeros(META, np.int64)

    def seen(self, keys: Ints) -> Any:
        """Return which keys were met before, as booleans; all are remembered."""
        repeated = np.zeros(len(keys), np.bool_)
        seen_before(keys, self.tables[0], self.tables[1], self.meta, self.most, repeated)
        return repeated

    @property
    def dropped(self) -> int:
        return int(self.meta[M_DUPLICATES])

    def generations(self) -> tuple[Ints, Ints]:
        """Return the remembered keys, the younger and the older, each sorted."""
        young, old = self.tables if self.meta[M_AGE] == 0 else self.tables[::-1]
        return np.sort(young[young != 0]), np.sort(old[old != 0])

    def copy(self) -> Duplicates:
        """Return the same memory, sharing nothing."""
        other = Duplicates.__new__(Duplicates)
        other.most, other.meta = self.most, self.meta.copy()
        other.tables = (self.tables[0].copy(), self.tables[1].copy())
        return other

    def restore(self, young: Ints, old: Ints, dropped: int) -> None:
        """These keys are remembered, as ``generations`` gave them."""
        for keys in (old, young):
            self.meta[M_AGE] = 0 if keys is young else 1
            self.meta[M_KEYS] = 0
            seen_before(keys, *self.tables, self.meta, 1 << 62, np.zeros(len(keys), np.bool_))
        self.meta[M_DUPLICATES] = dropped

    def state_bytes(self) -> int:
        return sum(table.nbytes for table in self.tables)
