"""What is computed once per distinct value: verdicts of tests, numbers, instants, units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from coterie.model import Value
from coterie.segments.core import Equals, OneOf
from coterie.segments.holds import holds
from coterie.segments.instants import instant_of, local_date, unit_at
from coterie.segments.live.draft import Table
from coterie.segments.live.layout import LOW
from coterie.values import canonical, normal, number_of, parse


def filled(table: Table, texts: list[str]) -> Any:
    """Return the table's entries for these canonical texts: uint8, float64 (NaN: no number) or int64 (LOW: no instant)."""
    test = table.test
    if isinstance(test, Equals | OneOf):
        wanted = {canonical(normal(one)) for one in (test.values if isinstance(test, OneOf) else (test.value,))}
        wanted -= {"null", '""'}
        return np.array([text in wanted for text in texts], np.uint8)
    values = [parse(text) for text in texts]
    if test is not None:
        return np.array([holds(test, value) for value in values], np.uint8)
    if table.what == "number":
        numbers = [number_of(value) for value in values]
        return np.array([np.nan if number is None else number for number in numbers], np.float64)
    read = _READ.get(table.what, _unit)
    return np.array([read(table, value) for value in values], np.int64)


def _instant(table: Table, value: Value) -> int:
    at = instant_of(value, table.time_zone)
    return LOW if at is None else at


def _anniversary(table: Table, value: Value) -> int:
    at = instant_of(value, table.time_zone)
    if at is None:
        return LOW
    day = local_date(at, table.time_zone)
    return day.month * 100 + day.day


def _unit(table: Table, value: Value) -> int:
    at = instant_of(value, table.time_zone)
    return LOW if at is None else unit_at(at, table.what, table.time_zone)  # type: ignore[arg-type]


_READ: dict[str, Callable[[Table, Value], int]] = {"instant": _instant, "anniversary": _anniversary}
