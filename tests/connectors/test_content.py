"""What a row says, in one spelling, whatever type a source gives its cells."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.connectors.content import contents
from coterie.connectors.mapping import Layout
from coterie.connectors.rows import chunk_of
from coterie.connectors.sources.cut import cut


def said(**cells: Any) -> bytes:
    return contents(chunk_of([cells]))[0]


@pytest.mark.parametrize(
    "values",
    [
        ("2.50", 2.5, Decimal("2.50"), "2.5", "+2.5"),
        ("7", 7, 7.0, Decimal("7.000"), "7.0", "007"),
        ("-0", 0, 0.0, -0.0),
        ("1e3", 1000, "1000", 1000.0),
        ("true", True, "TRUE", "True"),
        (
            "2010-12-01 08:26:00",
            datetime(2010, 12, 1, 8, 26),
            "2010-12-01T08:26",
            datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
        ),
        (
            "2019-10-01 00:00:00 UTC",
            "2019-10-01T02:00:00+02:00",
            datetime(2019, 10, 1),
            date(2019, 10, 1),
            "2019-10-01",
        ),
    ],
)
def test_one_value_has_one_spelling(values: tuple[Any, ...]) -> None:
    assert len({said(cell=value) for value in values}) == 1


@pytest.mark.parametrize(
    "values",
    [
        ("2.5", "2,5", "2.51", 25),
        ("7a", "7", "70", None),
        ("true", "yes", 1),
        ("2010-12-01", "2010-12-02", "2010-12-01T00:00:01", "20101201"),
        ("99999999999999999999", "99999999999999999998"),
        ("nan", float("nan")),
        ([1, 2], [2, 1], "[1,2] "),
    ],
)
def test_what_differs_is_told_apart(values: tuple[Any, ...]) -> None:
    assert len({said(cell=value) for value in values}) == len(values)


def test_missing_cells_aside_columns_and_order_do_not_count() -> None:
    whole = said(a="x", b=1)
    assert said(b="1", a="x", c=None) == whole
    assert contents(chunk_of([{"a": "x", "b": 1, "row_no": 17}], aside=["row_no"])) == [whole]
    assert said(a="x", c=1) != whole
    assert said(a="xb=1") != said(a="x", b=1)


def test_rows_without_anything_keep_their_place() -> None:
    rows = [{"a": None, "b": None}, {"a": "x", "b": None}, {"a": None, "b": None}]
    empty, full, last = contents(chunk_of(rows))
    assert (empty, last) == (b"", b"")
    assert full == said(a="x")
    assert contents(chunk_of([])) == []


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "at,n,price,who,note\n2026-01-05 10:00:00,1,2.50,ada,\n2026-01-06 10:00:00,2,3,bob,x\n"
    )
    table = pa.table(
        {
            "who": ["ada", "bob"], "price": pa.array([Decimal("2.50"), Decimal("3.00")]), "n": pa.array([1, 2], pa.int32()),
            "at": [datetime(2026, 1, 5, 10), datetime(2026, 1, 6, 10)], "note": [None, "x"],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    told = [
        [one for chunk in cut(tmp_path / name, Layout(), lambda done: None) for one in contents(chunk)]
        for name in ("a.csv", "a.parquet")
    ]
    assert told[0] == told[1]
