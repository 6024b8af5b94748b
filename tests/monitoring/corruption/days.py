"""The clean history of the simulated shop, and its next day, clean or spoilt."""

from __future__ import annotations

import random
from functools import cache

import pyarrow as pa

from coterie.lab import Shop
from coterie.limits import DAY_US
from coterie.monitoring.finding import Finding
from coterie.monitoring.judgement import judge
from coterie.monitoring.measures import Observation, Subject
from coterie.storage.log import SCHEMA, conform
from coterie.storage.quality.measuring import Days, measure
from coterie.values import canonical, parse
from tests.monitoring.corruption.kinds import Kind, Row

DAYS = 37
"""The last one, a Tuesday, is the one that is spoilt."""


@cache
def log(seed: int = 7, days: int = DAYS, people: int = 6_000) -> pa.Table:
    return conform(Shop(people=people, days=days, seed=seed, hot=False, events=people * days).table())


def first_day(table: pa.Table) -> int:
    return int(table["received_at"][0].as_py() // DAY_US)


@cache
def clean_days(seed: int = 7, days: int = DAYS, people: int = 6_000) -> Days:
    table = log(seed, days, people)
    first = first_day(table)
    return measure(table, first, first + days)


def history_of(measured: Days) -> dict[Subject, list[tuple[int, Observation]]]:
    found: dict[Subject, list[tuple[int, Observation]]] = {}
    for day in sorted(measured):
        for subject, one in measured[day].items():
            found.setdefault(subject, []).append((day, one))
    return found


def rows_of(day: int) -> list[Row]:
    received = log()["received_at"].to_numpy()
    table = log().filter(pa.array(received // DAY_US == day))
    return [{**one, "properties": parse(one["properties"])} for one in table.to_pylist()]


def spoilt(kind: Kind, seed: int = 0) -> list[Finding]:
    """Return what is found on the last day when it was spoilt."""
    day = first_day(log()) + DAYS - 1
    rows = kind.spoil(rows_of(day), random.Random(seed), rows_of(day - 1))
    texts = [
        {**one, "properties": canonical({key: value for key, value in one["properties"].items() if value is not None})}
        for one in rows
    ]
    received = log()["received_at"].to_numpy() // DAY_US
    before = log().filter(pa.array((received < day) & (received >= day - 15)))
    fresh = conform(pa.Table.from_pylist([{**one, "event_key": 0} for one in texts], SCHEMA).drop(["event_key"]))
    measured = measure(pa.concat_tables([before, fresh]), day, day + 1)
    known = {one: found for one, found in clean_days().items() if one < day}
    return judge(measured.get(day, {}), history_of(known), day)
