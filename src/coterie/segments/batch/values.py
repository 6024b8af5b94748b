"""A JSON value inside SQL: as raw canonical JSON text, or as a typed column. Missing is NULL in every reading."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct
from sqlglot import exp

from coterie.segments.batch.dialects import DuckDB
from coterie.segments.batch.relation import Relation, Type
from coterie.segments.batch.sql import EXACT, Sql, cases, column, compare, double, number, substring, text
from coterie.segments.core import Scalar
from coterie.values import canonical, normal

NULLS = ("null", '""')


class Json(Struct, frozen=True):
    """The raw canonical JSON text of a value: NULL when the key is absent."""

    expression: Sql
    dialect: DuckDB

    def present(self) -> Sql:
        """Return whether the value is there: neither absent nor null nor empty text."""
        return exp.not_(exp.In(this=self.raw(), expressions=[text(one) for one in NULLS]))

    def raw(self) -> Sql:
        return self.expression.copy()

    def key(self) -> Sql:
        """Return what is equal for equal values, and NULL for missing ones."""
        return exp.Nullif(this=exp.Nullif(this=self.raw(), expression=text("null")), expression=text('""'))

    def number(self) -> Sql:
        return self.dialect.number(self.raw())

    def text(self) -> Sql:
        """Return ``values.text_of``: characters of a string, JSON text of a number or boolean, else NULL."""
        head = substring(self.raw(), 1, 1)
        return cases(
            [
                (exp.EQ(this=head, expression=text('"')), exp.Nullif(this=self.string(), expression=text(""))),
                (
                    exp.and_(
                        exp.not_(exp.In(this=head.copy(), expressions=[text("{"), text("[")])),
                        exp.NEQ(this=self.raw(), expression=text("null")),
                    ),
                    self.raw(),
                ),
            ]
        )

    def string(self) -> Sql:
        """Return the characters, for a value that is known to be a string."""
        return self.dialect.unquoted(self.raw())

    def is_string(self) -> Sql:
        return exp.EQ(this=substring(self.raw(), 1, 1), expression=text('"'))

    def equals(self, value: Scalar) -> Sql:
        return exp.false() if value == "" else self.is_item(value)

    def is_item(self, value: Scalar) -> Sql:
        """Return whether the JSON is that of ``value``; an item of a list may be empty text."""
        if not isinstance(value, bool | str) and abs(value) < EXACT:
            return compare(self.number(), "=", double(float(value)))
        written = canonical(normal(value))
        constant = text(written)
        if not _plain(written):
            # written by the same engine, so that spelling (\u000b or \u000B, 1e16 or 10000000000000000.0) cannot differ
            constant = self.dialect.member(text(f'{{"v":{written}}}'), "v")
        return compare(self.raw(), "=", constant)


class Typed(Struct, frozen=True):
    """A column of one type: NULL is missing."""

    expression: Sql
    kind: Type
    dialect: DuckDB

    def present(self) -> Sql:
        return exp.not_(exp.Is(this=self.key(), expression=exp.null()))

    def key(self) -> Sql:
        value = self.expression.copy()
        return exp.Nullif(this=value, expression=text("")) if self.kind == "text" else value

    def raw(self) -> Sql:
        """Return the canonical JSON text; NULL for NULL."""
        value = self.expression.copy()
        return self.dialect.quoted(value) if self.kind == "text" else self._written()

    def number(self) -> Sql:
        return number(self.expression.copy()) if self.kind in ("integer", "number") else exp.cast(exp.null(), "double")

    def text(self) -> Sql:
        return self.key() if self.kind == "text" else self._written()

    def string(self) -> Sql:
        """Return the text; NULL where the column is of another type."""
        return self.key() if self.kind == "text" else exp.cast(exp.null(), "text")

    def is_string(self) -> Sql:
        return exp.true() if self.kind == "text" else exp.false()

    def equals(self, value: Scalar) -> Sql:
        if isinstance(value, bool):
            fits, constant = self.kind == "boolean", exp.convert(value)
        elif isinstance(value, str):
            fits, constant = self.kind == "text" and value != "", text(value)
        else:
            fits, constant = self.kind in ("integer", "number"), double(float(value))
        return compare(self.expression.copy(), "=", constant) if fits else exp.false()

    def _written(self) -> Sql:
        value = self.expression.copy()
        if self.kind == "boolean":
            return cases([(value, text("true")), (exp.not_(value.copy()), text("false"))])
        if self.kind == "integer":
            return exp.cast(value, "text")
        whole = exp.and_(
            compare(exp.Floor(this=value.copy()), "=", value.copy()),
            compare(exp.Abs(this=value.copy()), "<", double(1e15)),
        )
        integral = exp.cast(exp.cast(value.copy(), "bigint"), "text")
        return cases([(whole, integral)], self.dialect.quoted(value.copy()))


ValueSql: TypeAlias = Json | Typed


def property_of(relation: Relation, dialect: DuckDB, key: str) -> ValueSql:
    """Return the value of an event's property, of the row called ``e``."""
    kind = relation.typed.get(key)
    if kind is not None:
        return Typed(column(f"p.{key}", "e"), kind, dialect)
    if not relation.properties:
        return Json(exp.cast(exp.null(), "text"), dialect)
    return Json(dialect.member(column("properties", "e"), key), dialect)


def trait_of(relation: Relation, dialect: DuckDB, key: str) -> Json:
    """Return what a trait record writes: its JSON text, 'null' for a removal, NULL when it does not carry the key."""
    value = property_of(relation, dialect, key)
    if isinstance(value, Json):
        return value
    if not relation.properties:
        return Json(value.raw(), dialect)
    carried = dialect.member(column("properties", "e"), key)
    return Json(exp.Coalesce(this=value.raw(), expressions=[carried]), dialect)


def _plain(written: str) -> bool:
    return written.isascii() and written.isprintable() and "\\" not in written
