"""The values of a property: how many events of each person have each."""

from __future__ import annotations

from sqlglot import exp

from coterie.segments.batch.dialects import dialect_of
from coterie.segments.batch.instants import Instants
from coterie.segments.batch.relation import Relation
from coterie.segments.batch.selectors import picked
from coterie.segments.batch.source import Knowledge, Source
from coterie.segments.batch.sql import number
from coterie.segments.core import EVER, Selector, Window


def levels_statement(
    selector: Selector,
    field: str,
    at: int,
    *,
    window: Window = EVER,
    relation: Relation,
    dialect: str = "duckdb",
    knowledge: Knowledge = "then",
) -> str:
    """Return SQL whose rows are (profile, value TEXT, events DOUBLE): each value of ``field`` as canonical JSON, person by person.

    Only what was known at ``at`` counts; missing values have no row.
    """
    source = Source(relation, dialect_of(dialect), Instants([at]), knowledge)
    value = source.value(field)
    rows = picked(source, selector, window).also(value.present())
    chosen = [value.raw().as_("value", quoted=True), number(exp.Count(this=exp.Star())).as_("events", quoted=True)]
    return source.dialect.render(source.scan(chosen, rows.conditions, grouped=[value.raw()]))
