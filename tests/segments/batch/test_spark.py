"""The same trees on a real Spark: every kind of node has the members that DuckDB and the oracle name."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from coterie.model import Event
from coterie.segments.batch import Relation, size_statement, statement
from coterie.segments.batch.patterns import java_pattern
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle
from coterie.storage.duck import alias_table
from tests.segments.batch.nodes import NODES
from tests.segments.batch.worlds import Definitions, instants, log, table

pytestmark = pytest.mark.spark

EVENTS = log(random.Random(5), 80)
ORACLE = Oracle(Catalog.of(NODES), EVENTS)
RELATION = Relation(merges=True)
AT = EVENTS[-1].received_at


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or newer on the PATH")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    sql = pytest.importorskip("pyspark.sql", reason="install the extra: pip install 'coterie[spark]'")
    folder = tmp_path_factory.mktemp("spark")
    builder = sql.SparkSession.builder.master("local[2]").appName("coterie")
    for key, value in {
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "1g",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    store(session, folder, EVENTS)
    yield session
    session.stop()


def store(session: Any, folder: Path, events: list[Event]) -> None:
    for name, rows in (("events", table(events)), ("aliases", alias_table(ORACLE.merges.intervals()))):
        pq.write_table(rows, folder / f"{name}.parquet")
        session.read.parquet(str(folder / f"{name}.parquet")).createOrReplaceTempView(name)


KINDS = [key for key in NODES if not key.endswith(("-trait", "-negated", "-product_id", "-price", "-colour", "-gift"))]


@pytest.mark.parametrize("key", [key for key in KINDS if not key.startswith("typed-")])
def test_spark_names_the_members_that_the_oracle_names(spark: Any, key: str) -> None:
    sql = statement(ORACLE.catalog, key, [AT], relation=RELATION, dialect="spark")
    assert {row["profile"] for row in spark.sql(sql).collect()} == ORACLE.members(key, AT)


def test_spark_agrees_on_random_definitions_at_several_instants(spark: Any) -> None:
    for seed in range(6):
        rng = random.Random(seed)
        oracle = Oracle(Catalog.of({"x": Definitions(rng).leaf(), "y": Definitions(rng).node(1)}), EVENTS)
        asked = instants(rng, EVENTS, 3)
        for key in ("x", "y"):
            rows = spark.sql(statement(oracle.catalog, key, asked, relation=RELATION, dialect="spark")).collect()
            for at in set(asked):
                expected = oracle.members(key, at)
                assert {row["profile"] for row in rows if row["at"] == at} == expected, oracle.catalog[key].node


def test_spark_counts_sizes_over_time(spark: Any) -> None:
    asked = sorted({EVENTS[number].received_at for number in (0, 20, 40, 79)})
    rows = spark.sql(size_statement(ORACLE.catalog, "any", asked, relation=RELATION, dialect="spark")).collect()
    assert [(row["at"], row["size"]) for row in rows] == [(at, len(ORACLE.members("any", at))) for at in asked]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^a$", "a\n", False),
        (r"a\sb", "a\u000bb", False),
        (r"a[\s]b", "a\tb", True),
        ("a.b", "a\u0085b", True),
        ("a.b", "a\nb", False),
        ("(?P<word>pie)", "apple pie", True),
        ("[]a]+x", "]ax", True),
        ("[[:digit:]]+", "a1", True),
        ("[a&&b]", "&", True),
        ("[[:^digit:]]", "11", False),
        ("(?m)^b$", "a\nb", True),
    ],
)
def test_java_patterns_find_what_re2_finds(spark: Any, pattern: str, text: str, found: bool) -> None:
    import re2

    assert (re2.search(pattern, text) is not None) is found  # type: ignore[no-untyped-call]
    rows = spark.sql("SELECT :text RLIKE :pattern AS found", {"text": text, "pattern": java_pattern(pattern)})
    assert rows.collect()[0]["found"] is found
