"""Semantic version precedence in SQL (SemVer 2.0.0 §11), against a version that is known when the statement is written."""

from __future__ import annotations

from sqlglot import exp

from coterie.segments.batch.dialects import DuckDB
from coterie.segments.batch.sql import Sql, cases, compare, every, integer, plus, some, text
from coterie.segments.batch.values import ValueSql
from coterie.segments.core import Version
from coterie.segments.holds import SEMVER, version_key

LESS, SAME, MORE = (integer(sign) for sign in (-1, 0, 1))


def version_holds(test: Version, value: ValueSql, dialect: DuckDB) -> Sql:
    """Return whether the value is a semantic version and stands in the asked order to ``test.version``."""
    if version_key(test.version) is None:
        return exp.false()
    string = value.string()
    valid = dialect.matches(string, SEMVER)
    return every([value.is_string(), valid, compare(_order(string, test.version, dialect), test.op, integer(0))])


def _order(string: Sql, version: str, dialect: DuckDB) -> Sql:
    """Return −1, 0 or 1: how the version in ``string`` stands to ``version``."""
    asked, _, before = version.split("+")[0].partition("-")
    plain = dialect.part(string.copy(), "+", 1)
    core = dialect.part(plain.copy(), "-", 1)
    branches: list[tuple[Sql, Sql]] = []
    for index, number in enumerate(asked.split("."), 1):
        branches += _numeric(dialect.part(core.copy(), ".", index), number)
    released = compare(exp.Length(this=plain.copy()), "=", exp.Length(this=core.copy()))
    if not before:
        return cases([*branches, (released, SAME.copy())], LESS.copy())
    start = plus(exp.Length(this=core.copy()), integer(2))
    rest = exp.Substring(this=plain.copy(), start=start, length=exp.Length(this=plain.copy()))
    branches.append((released, MORE.copy()))
    identifiers = before.split(".")
    for index, identifier in enumerate(identifiers, 1):
        branches += _identifier(dialect.part(rest.copy(), ".", index), identifier, dialect)
    longer = compare(dialect.part(rest.copy(), ".", len(identifiers) + 1), "=", text(""))
    return cases([*branches, (longer, SAME.copy())], MORE.copy())


def _numeric(found: Sql, asked: str) -> list[tuple[Sql, Sql]]:
    """Return the branches for two numbers without leading zeros: the longer is larger, equals compare as text."""
    length, asked_length = exp.Length(this=found.copy()), integer(len(asked))
    alike = compare(length.copy(), "=", asked_length.copy())
    less = some(
        [compare(length.copy(), "<", asked_length.copy()), every([alike, compare(found.copy(), "<", text(asked))])]
    )
    more = some(
        [
            compare(length.copy(), ">", asked_length.copy()),
            every([alike.copy(), compare(found.copy(), ">", text(asked))]),
        ]
    )
    return [(less, LESS.copy()), (more, MORE.copy())]


def _identifier(found: Sql, asked: str, dialect: DuckDB) -> list[tuple[Sql, Sql]]:
    """Return the branches for two pre-release identifiers; an absent one comes before everything."""
    absent = (compare(found.copy(), "=", text("")), LESS.copy())
    numeric = dialect.matches(found.copy(), "^[0-9]+$")
    if asked.isdigit():
        return [absent, (exp.not_(numeric), MORE.copy()), *_numeric(found, asked)]
    return [
        absent,
        (numeric, LESS.copy()),
        (compare(found.copy(), "<", text(asked)), LESS.copy()),
        (compare(found.copy(), ">", text(asked)), MORE.copy()),
    ]
