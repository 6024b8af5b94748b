"""Every node renders in every dialect, and every dialect reads it back."""

from __future__ import annotations

import pytest
import sqlglot

from coterie.errors import Unsupported
from coterie.limits import DAY_US
from coterie.segments.batch import DIALECTS, Relation, overlap_statement, size_statement, statement, values_statement
from coterie.segments.catalog import Catalog
from coterie.segments.core import Holds, Matches, Trait, Version
from tests.segments.batch.nodes import NODES

CATALOG = Catalog.of(NODES)
NOW = 1_773_100_800_000_000
RELATION = Relation(
    typed={"product_id": "integer", "price": "number", "colour": "text", "gift": "boolean"}, merges=True
)
BEYOND_SNOWFLAKE = {"version", "version-negated"}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("key", NODES)
def test_every_node_renders_and_parses_back(key: str, dialect: str) -> None:
    if dialect == "snowflake" and key in BEYOND_SNOWFLAKE:
        with pytest.raises(Unsupported, match="regular expressions"):
            statement(CATALOG, key, [NOW], relation=RELATION, dialect=dialect)
        return
    for asked in ([NOW], [NOW, NOW - DAY_US]):
        sql = statement(CATALOG, key, asked, relation=RELATION, dialect=dialect)
        parsed = sqlglot.parse_one(sql, dialect=dialect)
        assert isinstance(parsed, sqlglot.exp.Query)
        assert [one.alias_or_name for one in parsed.expressions] == ["at", "profile"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sizes_values_and_overlaps_render_and_parse_back(dialect: str) -> None:
    count = NODES["count"].term  # type: ignore[union-attr]
    for sql, columns in (
        (size_statement(CATALOG, "sum", [NOW], relation=RELATION, dialect=dialect), ["at", "size"]),
        (size_statement(CATALOG, "sum", [NOW, 5], relation=RELATION, dialect=dialect), ["at", "size"]),
        (values_statement(count, [NOW], relation=RELATION, dialect=dialect), ["at", "profile", "value"]),
        (
            overlap_statement(CATALOG, ["sum", "count"], [NOW], relation=RELATION, dialect=dialect),
            ["at", "one", "other", "size"],
        ),
    ):
        parsed = sqlglot.parse_one(sql, dialect=dialect)
        assert [one.alias_or_name for one in parsed.expressions] == columns


def test_what_a_dialect_cannot_say_is_refused_with_a_reason() -> None:
    for test in (Matches("(?i)apple"), Version(">=", "2.0.0")):
        catalog = Catalog.of({"x": Holds(Trait("t"), test)})
        with pytest.raises(Unsupported, match="Snowflake"):
            statement(catalog, "x", [NOW], relation=Relation(), dialect="snowflake")
    with pytest.raises(Unsupported, match="did you mean 'spark'"):
        statement(CATALOG, "sum", [NOW], relation=Relation(), dialect="sparks")


def test_outer_joins_of_clickhouse_give_nulls() -> None:
    assert "join_use_nulls = 1" in statement(CATALOG, "sum", [NOW], relation=RELATION, dialect="clickhouse")
