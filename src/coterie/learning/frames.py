"""Data frames as tables of features and back: a row each, whoever it is about; ``profile`` is carried along, never learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from coterie.engine.frames import arrow_of
from coterie.errors import Problem
from coterie.features.table import Column, FeatureTable, Floats, Texts
from coterie.notebook import given_back

PROFILE = "profile"


class Given(Struct, frozen=True):
    """A data frame as it came: its table (rows in their order, named by their number), whose rows they are, and what it was."""

    table: FeatureTable
    profiles: Texts | None
    like: Any

    def back(self, columns: Mapping[str, Any]) -> Any:
        """Return columns (n,) as the kind of frame that came, with ``profile`` where it had one; a matrix where it was one."""
        if isinstance(self.like, np.ndarray):
            arrays = list(columns.values())
            return np.column_stack(arrays) if arrays else np.empty((len(self.table), 0))
        named: dict[str, Any] = (
            {} if self.profiles is None else {PROFILE: pa.array(self.profiles.tolist(), pa.string())}
        )
        named |= {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
        return given_back(pa.table(named), self.like)

    def person(self, row: str) -> str:
        """Return whose row that is: the profile, or the number of the row."""
        return row.lstrip("0") or "0" if self.profiles is None else str(self.profiles[int(row)])


def given(X: Any, columns: Sequence[str] | None = None) -> Given:  # noqa: N803  as scikit-learn calls it
    """Return a data frame or a matrix as a table of features. Numbers and truths are numbers, texts are categories.

    Raises: Problem for columns of any other type, or ``columns`` that are not there.
    """
    if isinstance(X, np.ndarray):
        if X.ndim != 2:
            raise Problem("not a matrix", received=list(X.shape), allowed="(rows, features)")
        names = [f"x{place}" for place in range(X.shape[1])]
        numbers = [Column(name=name, values=X[:, i].astype(np.float64)) for i, name in enumerate(names)]
        return Given(FeatureTable(profiles=_numbered(len(X)), columns=_chosen(numbers, columns), at=0), None, X)
    table = arrow_of(X)
    names = [name for name in table.column_names if name not in (PROFILE, "__index_level_0__")]
    found = [_column(name, table[name]) for name in names]
    profiles = np.array(table[PROFILE].to_pylist(), object) if PROFILE in table.column_names else None
    return Given(FeatureTable(profiles=_numbered(table.num_rows), columns=_chosen(found, columns), at=0), profiles, X)


def truths(y: Any, rows: int, name: str = "y") -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return outcomes (n,) as truths. Raises: Problem for another length, or anything but 0, 1, true and false."""
    values = np.asarray(y.to_numpy() if hasattr(y, "to_numpy") else y)
    if values.shape != (rows,):
        raise Problem(
            "another length than there are rows", where=name, received=list(values.shape), allowed=f"({rows},)"
        )
    if values.dtype != np.bool_ and not np.isin(values, (0, 1)).all():
        raise Problem("no outcomes", where=name, allowed="true and false, or 1 and 0")
    return values.astype(np.bool_)


def numbers_in(given: Given, name: str) -> Floats:
    """Return a numeric column (n,). Raises: NotFound, Problem."""
    return given.table.numbers([name])[:, 0]


def _chosen(found: Sequence[Column], columns: Sequence[str] | None) -> tuple[Column, ...]:
    if columns is None:
        return tuple(found)
    known = {one.name: one for one in found}
    missing = [name for name in columns if name not in known]
    if missing:
        raise Problem("no such column", received=missing[0], allowed=", ".join(known))
    return tuple(known[name] for name in columns)


def _column(name: str, values: pa.ChunkedArray) -> Column:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if (
        pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
    ):
        return Column(
            name=name, values=np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        )
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        texts = np.empty(len(values), object)
        texts[:] = values.to_pylist()
        return Column(name=name, kind="category", values=texts)
    raise Problem("neither numbers nor texts", where=name, received=str(kind), allowed="numbers, truths, texts",
                  hint="make a number of it: days since an instant, how many items a list has")  # fmt: skip


def _numbered(rows: int) -> Texts:
    return np.array([f"{place:012}" for place in range(rows)], object)
