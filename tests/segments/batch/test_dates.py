"""Calendars in SQL are Python's calendars, at every clock change and every odd date."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest

from coterie.limits import DAY_US
from coterie.segments.batch.calendars import is_leap
from coterie.segments.batch.dates import local_day, midnight_us, read_instant
from coterie.segments.batch.dialects import dialect_of
from coterie.segments.batch.sql import Sql, column
from coterie.segments.batch.values import Json
from coterie.segments.instants import boundaries, instant_of, midnight, unit_at
from coterie.storage.duck import Duck
from coterie.values import canonical

ZONES = ["UTC", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia", "Africa/Cairo", "Europe/Dublin"]
DUCKDB = dialect_of("duckdb")


def answers(rows: pa.Table, *expressions: Sql) -> list[tuple[int | None, ...]]:
    """Return the values of expressions over the column ``x`` of a table called ``t``."""
    with Duck(threads=1) as duck:
        duck.add_table("t", rows)
        chosen = ", ".join(f"{one.sql(dialect='duckdb')} AS c{number}" for number, one in enumerate(expressions))
        return [tuple(row.values()) for row in duck.run(f"SELECT {chosen} FROM t").to_pylist()]


@pytest.mark.parametrize("zone", ZONES)
def test_local_days_change_when_they_change_in_python(zone: str) -> None:
    rng = random.Random(zone)
    _, starts = boundaries("day", zone)
    odd = [start for start, end in pairwise(starts) if end - start != DAY_US]
    chosen = [*rng.sample(starts[:-1], 300), *odd]
    instants = [at + shift for at in chosen for shift in (-1, 0, 1, DAY_US - 1, rng.randrange(DAY_US))]
    instants = [at for at in instants if starts[0] <= at < starts[-1]]
    found = answers(pa.table({"x": instants}), local_day(column("x", "t"), zone))
    assert [day for (day,) in found] == [unit_at(at, "day", zone) for at in instants]


def test_only_the_clock_changes_of_the_asked_time_are_written_down() -> None:
    everything = local_day(column("x", "t"), "America/New_York").sql()
    at = midnight(date(2026, 1, 15), "America/New_York")
    month = local_day(column("x", "t"), "America/New_York", at, at + 30 * DAY_US)
    assert len(month.sql()) < 150 < 10_000 < len(everything)
    found = answers(pa.table({"x": [at - 1, at, at + 30 * DAY_US]}), month)
    assert [day for (day,) in found] == [unit_at(x, "day", "America/New_York") for x in (at - 1, at, at + 30 * DAY_US)]


@pytest.mark.parametrize("zone", ZONES)
def test_text_names_the_instant_it_names_in_python(zone: str) -> None:
    rng = random.Random(zone)
    days = [(date(1900, 1, 1) + timedelta(days=rng.randrange(109_000))).isoformat() for _ in range(200)]
    clocks = [
        "T00:00",
        "T23:59:59",
        " 24:00",
        "T12:60",
        "T10:00:00.1",
        "T10:00:00.123456Z",
        "T10:00:00.1234567",
        "T1:00",
    ]
    offsets = ["", "Z", "+05:30", "-23:59", "+24:00", "+00:99", "+0530", "z"]
    texts = [*days, *(day + rng.choice(clocks) + rng.choice(offsets) for day in days)]
    texts += [
        "2026-02-29",
        "2024-02-29",
        "1899-12-31",
        "2200-01-01",
        "2199-12-31",
        "2026-1-01",
        "2026-01-01\n",
        "",
        "x",
    ]
    texts += ["2026-03-08T02:30:00", "2026-00-01", "2026-13-01", "2026-01-00T00:00", " 2026-01-01", "2011-12-30"]
    rows = pa.table({"x": [canonical(text) for text in texts]})
    day, moment = read_instant(Json(column("x", "t"), DUCKDB), DUCKDB)
    read = answers(rows, day, moment)
    midnights = answers(
        pa.table({"x": [0 if found is None else found for found, _ in read]}), midnight_us(column("x", "t"), zone)
    )
    for text, (found, at), (begun,) in zip(texts, read, midnights, strict=True):
        assert (at if found is None else begun) == instant_of(text, zone), text


def test_leap_years() -> None:
    assert [year for year in range(1896, 1913) if is_leap(year)] == [1896, 1904, 1908, 1912]
    assert is_leap(2000)
