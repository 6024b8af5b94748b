"""Any tool that reads Delta or Parquet reads the lake: Polars, DuckDB, Delta's own reader and Spark say what we say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from coterie.storage.events import EventStore
from tests.servers import binary
from tests.storage.lake.logs import events, landed, person, store

SPARK, DELTA = "4.1.4", "4.3.0"
"""The newest Delta Lake for Spark, and the Spark that it is made for."""
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coterie-tests"
_QUESTION = """
import json, sys
from pyspark.sql import SparkSession
jars, path = sys.argv[1:]
builder = SparkSession.builder.master("local[1]").config("spark.jars", jars).config("spark.ui.enabled", "false")
builder = builder.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
builder = builder.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
spark = builder.config("spark.sql.shuffle.partitions", "2").config("spark.databricks.delta.snapshotPartitions", "1").getOrCreate()
table = spark.read.format("delta").load(path)
table.createOrReplaceTempView("events")
row = spark.sql('''SELECT count(*) AS n, count(DISTINCT profile) AS people, sum(`p.amount`) AS total, sum(position) AS places,
    count_if(bucket >= 0 AND bucket <> conv(substring(md5(profile), 1, 2), 16, 10) % 32) AS elsewhere FROM events''').first()
print("ANSWER", json.dumps(row.asDict()))
"""


@pytest.fixture
def log(tmp_path: Path) -> EventStore:
    """A log as it is in real life: divided spans, open files, typed columns, holes, a checkpoint."""
    made = store(tmp_path / "log")
    for first in range(0, 2_600, 200):
        landed(made, first, 200)
    made.compact()
    made.erase([person(3)])
    landed(made, 2_600, 300)
    made.append(events(5_000, 40))
    return made


def told(log: EventStore) -> dict[str, float]:
    """Return what our own reader says."""
    rows = log.scan(properties=["amount"])
    amounts = [one for one in rows["p.amount"].to_pylist() if one is not None]
    people = len(set(rows["profile"].to_pylist()))
    return {"n": rows.num_rows, "people": people, "total": sum(amounts), "places": sum(rows["position"].to_pylist())}


def test_polars_reads_it(log: EventStore) -> None:
    rows = pl.scan_delta(log.place.path).collect()
    amount = rows["p.amount"].sum()
    assert {
        "n": len(rows),
        "people": rows["profile"].n_unique(),
        "total": amount,
        "places": rows["position"].sum(),
    } == told(log)


def test_duckdb_reads_its_files(log: EventStore) -> None:
    files = DeltaTable(log.place.path).file_uris()
    sql = f"""SELECT count(*) AS n, count(DISTINCT profile) AS people, sum("p.amount") AS total, sum(position)::BIGINT AS places
        FROM read_parquet({files!r}, hive_partitioning = true)"""
    assert duckdb.sql(sql).to_arrow_table().to_pylist() == [told(log)]


def test_delta_reads_it_and_its_statistics_are_true(log: EventStore) -> None:
    table = DeltaTable(log.place.path)
    assert table.to_pyarrow_table(columns=["position"]).num_rows == told(log)["n"]
    late = table.to_pyarrow_table(columns=["position"], filters=[("position", ">=", 2_700)])
    assert late.num_rows == 240
    assert table.metadata().partition_columns == ["bucket"]


def test_an_older_version_can_be_asked_for_until_something_is_erased(tmp_path: Path) -> None:
    log = store(tmp_path / "log")
    landed(log, 0, 50)
    version = log.version()
    landed(log, 50, 50)
    assert DeltaTable(log.place.path, version=version).to_pyarrow_table().num_rows == 50
    log.erase([person(3)])
    with pytest.raises((OSError, DeltaError)):
        DeltaTable(log.place.path, version=version).to_pyarrow_table()


@pytest.mark.spark
@pytest.mark.slow
def test_spark_reads_it(log: EventStore) -> None:
    command = [sys.executable, "-c", _QUESTION, jars(), log.place.path]
    environment = {**os.environ, **pyspark(), "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    answer = next((line for line in done.stdout.splitlines() if line.startswith("ANSWER ")), None)
    assert answer, done.stderr[-2000:]
    assert json.loads(answer.removeprefix("ANSWER ")) == {**told(log), "elsewhere": 0}


def jars() -> str:
    """Return Delta Lake for Spark, fetched once for this user. Skips without Maven or its repository."""
    wanted = [("delta-spark_2.13", DELTA), ("delta-storage", DELTA)]
    paths = [Path.home() / ".m2/repository/io/delta" / name / of / f"{name}-{of}.jar" for name, of in wanted]
    if not all(path.is_file() for path in paths):
        goal = [
            "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get",
            f"-Dartifact=io.delta:delta-spark_2.13:{DELTA}",
        ]
        done = subprocess.run(
            [binary("mvn", "maven"), "-q", "-B", *goal], capture_output=True, timeout=300, check=False
        )
        if done.returncode:
            pytest.skip(f"Delta Lake {DELTA} for Spark cannot be fetched: {done.stdout.decode()[-300:]}")
    return ",".join(map(str, paths))


def pyspark() -> dict[str, str]:
    """Return the environment in which Python finds the Spark that Delta Lake is made for, installed once for this user."""
    if version("pyspark").startswith(SPARK.rpartition(".")[0] + "."):
        return {}
    folder = _CACHE / f"pyspark-{SPARK}"
    if not (folder / "complete").exists():
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-warn-script-location", "--target", str(folder)]
        done = subprocess.run([*install, f"pyspark=={SPARK}"], capture_output=True, text=True, timeout=400, check=False)
        if done.returncode:
            pytest.skip(f"pyspark {SPARK} cannot be installed: {done.stderr[-300:]}")
        (folder / "complete").touch()
    return {"PYTHONPATH": str(folder), "SPARK_HOME": str(folder / "pyspark")}
