"""The few questions that are put to a database, in words that every one understands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sql
from msgspec import Struct
from sqlalchemy import ColumnElement, FromClause, Select

from coterie.connectors.sources.marks import Mark
from coterie.connectors.sources.sql.reading import Reading


class Rows(Struct, frozen=True):
    """Where the rows come from."""

    origin: FromClause
    name: str


def rows_of(form: Reading) -> Rows:
    """Return the table or query of a source."""
    if form.table is not None:
        schema, _, name = form.table.rpartition(".")
        return Rows(sql.table(name, schema=schema or None), form.table)
    written = (form.query or "").strip().rstrip(";").replace(":", r"\:")
    return Rows(sql.text(f"({written}) AS rows_of_query"), "query")  # type: ignore[arg-type]


def page(rows: Rows, order: Sequence[str], limit: int, where: ColumnElement[bool] | None = None) -> Select[Any]:
    """Return the question for the first ``limit`` rows in the order of these columns."""
    asked: Select[Any] = sql.select(sql.literal_column("*")).select_from(rows.origin)
    asked = asked if where is None else asked.where(where)
    return asked.order_by(*(sql.column(name) for name in order)).limit(limit)


def behind(columns: Sequence[str], marks: Sequence[Mark]) -> ColumnElement[bool]:
    """Return the condition that (a, b) comes after (x, y): ``a >= x and (a > x or (a = x and b > y))``, which an index serves."""
    (column, *others), (mark, *more) = columns, marks
    first: ColumnElement[Any] = sql.column(column)
    if not others:
        return first > value(mark)
    here = sql.and_(first == value(mark), behind(others, more))
    return sql.and_(first >= value(mark), sql.or_(first > value(mark), here))


def at_least(column: str, mark: Mark) -> ColumnElement[bool]:
    """Return the condition that a column is not below a mark."""
    found: ColumnElement[Any] = sql.column(column)
    return found >= value(mark)


def has(column: str) -> ColumnElement[bool]:
    """Return the condition that a column has a value."""
    found: ColumnElement[Any] = sql.column(column)
    return found.is_not(None)


def value(mark: Mark) -> ColumnElement[Any]:
    """Return a mark as a parameter without a type of ours: the database compares it as what the column is."""
    return sql.bindparam(None, mark, type_=sql.types.NullType(), unique=True)


def ends(rows: Rows, column: str) -> Select[Any]:
    """Return the question for the least and the greatest value of a column, which an index answers."""
    one: ColumnElement[Any] = sql.column(column)
    return sql.select(sql.func.min(one), sql.func.max(one)).select_from(rows.origin)


def count(rows: Rows, without: str = "") -> Select[Any]:
    """Return the question for the number of rows; with a column, for those that have no value there."""
    asked = sql.select(sql.func.count()).select_from(rows.origin)
    one: ColumnElement[Any] = sql.column(without)
    return asked.where(one.is_(None)) if without else asked


def nothing(rows: Rows) -> Select[Any]:
    """Return the question for no row at all: its answer has the columns."""
    return sql.select(sql.literal_column("*")).select_from(rows.origin).limit(0)
