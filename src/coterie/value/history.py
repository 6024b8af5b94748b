"""What the models know of customers: how often, how recently and for how long; equal customers are counted, not repeated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from coterie.errors import Problem

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class Histories(Struct, frozen=True, kw_only=True):
    """Customers, one entry each, all arrays (n,) float64.

    ``repeats``: purchases after the first; ``recency``: time from the first to the last purchase, 0 without repeats; ``age``: time
    from the first purchase to the end of observation; ``spend``: mean of the repeat purchases' values (0 where unknown). Time is
    in one unit throughout.
    """

    repeats: Floats
    recency: Floats
    age: Floats
    spend: Floats | None = None

    def __post_init__(self) -> None:
        length = len(self.repeats)
        for name in ("recency", "age", *(("spend",) if self.spend is not None else ())):
            if len(getattr(self, name)) != length:
                raise Problem(
                    "arrays differ in length", where=name, received=len(getattr(self, name)), allowed=str(length)
                )
        wrong = np.flatnonzero(
            (self.repeats < 0)
            | (self.recency < 0)
            | (self.recency > self.age)
            | ((self.repeats == 0) & (self.recency != 0))
        )
        if wrong.size:
            at = int(wrong[0])
            raise Problem(
                "no history of a customer",
                where=f"customer {at}",
                received=[float(self.repeats[at]), float(self.recency[at]), float(self.age[at])],
                allowed="0 ≤ recency ≤ age, and recency 0 without repeats",
            )

    def __len__(self) -> int:
        return len(self.repeats)


class Levels(Struct, frozen=True):
    """Numbers that repeat a lot (m,), with the distinct ones (l,) and which each is (m,)."""

    values: Floats
    distinct: Floats
    place: Ints

    @classmethod
    def of(cls, values: Floats) -> Levels:
        distinct, place = np.unique(values, return_inverse=True)
        return cls(values, distinct, place)

    def spread(self, function: Callable[[Floats], Floats]) -> Floats:
        """Return ``function`` of every value, computed once per distinct one."""
        return function(self.distinct)[self.place]


class Counted(Struct, frozen=True):
    """Distinct customers: their columns (m, k), how often each occurs (m,), and for every customer which of them it is (n,)."""

    columns: tuple[Floats, ...]
    counts: Floats
    inverse: Ints


def collapse(*columns: Floats) -> Counted:
    """Return the distinct rows of ``columns``. Cost: one sort, about 0.3 s per million customers.

    Day-rounded histories of a million customers have some hundred thousand distinct rows; a likelihood is computed for these.
    """
    order = np.lexsort(columns[::-1])
    ordered = [column[order] for column in columns]
    first = np.ones(len(order), dtype=bool)
    if len(order):
        first[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in ordered])
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.cumsum(first) - 1
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, len(order))).astype(np.float64)
    return Counted(tuple(column[starts] for column in ordered), counts, inverse)
