"""DuckDB over Arrow tables and Parquet files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.identity.merges import Alias
from coterie.storage.duck import Duck

LOG = pa.schema(
    [
        ("position", pa.int64()),
        ("profile", pa.string()),
        ("properties", pa.string()),
        ("p.plan", pa.dictionary(pa.int32(), pa.string())),
        ("p.total", pa.float64()),
        ("p.gift", pa.bool_()),
        ("p.n", pa.int32()),
        ("p.when", pa.timestamp("us")),
    ]
)


def rows(*profiles: str) -> pa.Table:
    return pa.Table.from_pylist([{"position": n, "profile": one} for n, one in enumerate(profiles)], schema=LOG)


def test_a_log_tells_its_typed_columns_and_whether_anyone_merged() -> None:
    with Duck() as duck:
        relation = duck.add_log(rows("u"))
        assert relation.typed == {"plan": "text", "total": "number", "gift": "boolean", "n": "integer"}
        assert relation.properties
        assert not relation.merges
        merged = duck.add_log(rows("u"), merges=[Alias("u", 5, None, "v")])
        assert merged.merges
        assert duck.run("SELECT * FROM aliases").to_pylist() == [
            {"profile": "u", "canonical": "v", "since": 5, "until": None}
        ]


def test_files_are_read_as_one_table_even_when_columns_were_added_later(tmp_path: Path) -> None:
    old, new = str(tmp_path / "old.parquet"), str(tmp_path / "new 'quoted'.parquet")
    pq.write_table(rows("u", "v").drop_columns(["p.total"]), old)
    pq.write_table(rows("w"), new)
    with Duck(threads=1, memory="500MB", spill=str(tmp_path / "spill")) as duck:
        relation = duck.add_log([old, new])
        assert "total" in relation.typed
        assert duck.run("SELECT count(*) AS n FROM events").to_pylist() == [{"n": 3}]


def test_no_files_are_an_empty_log() -> None:
    with Duck() as duck:
        assert duck.add_log([], empty=LOG).properties
        assert duck.run("SELECT profile FROM events").num_rows == 0


def test_members_are_gathered_by_instant() -> None:
    with Duck() as duck:
        found = duck.members("SELECT * FROM (VALUES (1, 'u'), (1, 'v'), (2, 'u')) AS t(\"at\", profile)")
    assert found == {1: {"u", "v"}, 2: {"u"}}


@pytest.mark.parametrize("replaced", [rows("a", "b", "c"), rows()])
def test_a_later_log_replaces_the_one_before(replaced: pa.Table) -> None:
    with Duck() as duck:
        duck.add_log(rows("u"))
        duck.add_log(replaced)
        assert duck.run("SELECT 1 FROM events").num_rows == replaced.num_rows
