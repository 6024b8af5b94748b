"""The batch reader: one SQL statement per segment, the same tree for DuckDB, Spark, ClickHouse, BigQuery and Snowflake."""

from __future__ import annotations

from coterie.segments.batch.dialects import DIALECTS
from coterie.segments.batch.levels import levels_statement
from coterie.segments.batch.purchases import Purchases, purchases_statement
from coterie.segments.batch.relation import Relation
from coterie.segments.batch.source import Knowledge
from coterie.segments.batch.statement import (
    measures_statement,
    overlap_statement,
    size_statement,
    statement,
    values_statement,
)

__all__ = [
    "DIALECTS",
    "Knowledge",
    "Purchases",
    "Relation",
    "levels_statement",
    "measures_statement",
    "overlap_statement",
    "purchases_statement",
    "size_statement",
    "statement",
    "values_statement",
]
