"""A table of features: a row per customer, a column per feature, as of one instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct, structs

from coterie.errors import NotFound, Problem, nearest

Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"
Places: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"
Rows: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
Texts: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.object_]]"

PEOPLE_LEAST = 5
"""A value that fewer people have is written into no model and told of no group: it could say who they are."""


class Column(Struct, frozen=True, kw_only=True):
    """One feature of every customer. ``number``: float64, NaN is missing; ``category``: ``str`` or ``None`` (missing) in an object array."""

    name: str
    kind: Literal["number", "category"] = "number"
    values: Floats | Texts
    unit: str = ""
    title: str = ""


class FeatureTable(Struct, frozen=True, kw_only=True):
    """Features of ``profiles`` (n,) as of ``at`` (µs): only what had arrived by then counts. Profiles are in ascending order of text."""

    profiles: Texts
    columns: tuple[Column, ...]
    at: int
    feature_set: str = ""
    version: int = 1

    def __post_init__(self) -> None:
        for column in self.columns:
            if len(column.values) != len(self.profiles):
                raise Problem(
                    "a column has another length than there are customers", where=column.name,
                    received=len(column.values), allowed=str(len(self.profiles)),
                )  # fmt: skip

    def __len__(self) -> int:
        return len(self.profiles)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column of that name. Raises: NotFound."""
        for column in self.columns:
            if column.name == name:
                return column
        raise NotFound(f"no feature {name!r}", hint=nearest(name, self.names) or f"there are: {', '.join(self.names)}")

    def numbers(self, names: Sequence[str] | None = None) -> Floats:
        """Return the (n, f) float64 matrix of the numeric columns, or of those named, in that order. Raises: NotFound, Problem."""
        chosen = [self.column(name) for name in names] if names is not None else self.numeric()
        for column in chosen:
            if column.kind != "number":
                raise Problem("a category is no number", where=column.name, hint="encode it: one_hot, frequency")
        if not chosen:
            return np.empty((len(self), 0))
        return np.column_stack([np.asarray(column.values, np.float64) for column in chosen])

    def numeric(self) -> list[Column]:
        """Return the numeric columns in order."""
        return [column for column in self.columns if column.kind == "number"]

    def only(self, rows: Rows | Places | Sequence[int]) -> FeatureTable:
        """Return the table of some rows, by a boolean mask or by places."""
        chosen = np.asarray(rows) if len(rows) else np.empty(0, np.int64)
        columns = tuple(structs.replace(column, values=column.values[chosen]) for column in self.columns)
        return structs.replace(self, profiles=self.profiles[chosen], columns=columns)
