"""Random logs and definitions for comparing the batch reader with the oracle: few values, many ties, edges hit often."""

from __future__ import annotations

import random
from collections.abc import Sequence as Many
from typing import Any as Anything

import pyarrow as pa

from coterie.limits import DAY_US, HOUR_US, MINUTE_US
from coterie.model import Event
from coterie.segments import core
from coterie.segments.core import (
    Absent,
    Absolute,
    Aggregate,
    AtLeast,
    Calendar,
    Compare,
    Elapsed,
    Element,
    Equals,
    Exists,
    Field,
    Hash,
    Holds,
    Includes,
    InSegment,
    Matches,
    Moment,
    Near,
    Node,
    Not,
    OneOf,
    Order,
    Rolling,
    Selector,
    Step,
    Test,
    Text,
    Trait,
    TraitSince,
    Until,
    Version,
    Window,
)
from coterie.values import canonical, event_key

START = 1_773_000_000_000_000 // DAY_US * DAY_US
"""Midnight in early March 2026: American clocks change within the logs."""
NAMES = ("a", "b", "c", "TEST_1", "TEST 2")
KEYS = ("k", "n", "t", "d", "geo", "v", "list", "x/y")
TRAITS = ("plan", "score", "born", "tags", "home", "k")
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia")
GAPS = (0, 1, MINUTE_US, HOUR_US, 6 * HOUR_US, DAY_US, 2 * DAY_US)
SPANS = (1, MINUTE_US, HOUR_US, 6 * HOUR_US, DAY_US, 2 * DAY_US, 7 * DAY_US)
DATES = (
    "2026-03-08",
    "2026-03-09",
    "2025-03-07",
    "2024-02-29",
    "2026-03-10T05:00:00Z",
    "2026-03-08 23:30",
    "2026-03-09T01:02:03.5-05:00",
    "2026-02-30",
    "2026-03-09T25:00",
    "1899-01-01",
    "2011-12-30",
    "not a date",
)
VERSIONS = (
    "1.0.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-rc.2",
    "1.0.0-rc.11",
    "1.0.0+b1",
    "2.10.0",
    "2.9.9",
    "v1",
    "01.2.3",
)
VALUES: dict[str, tuple[Anything, ...]] = {
    "k": ("x", "y", "", None, 1, "1", True, 1.5, "é\n\u000b"),
    "n": (0, 1, 2.5, -3, 0.1, 0.2, 1e-7, 1e16, 10**13, "7", None, True),
    "t": ("apple pie", "Apple", "pie", "", "a.b", 2022, False, None),
    "d": DATES,
    "geo": ({"lat": 59.9, "lon": 10.7}, {"lat": 59.95, "lon": 10.75}, {"lat": "x", "lon": 1}, "no", None),
    "v": (*VERSIONS, 1, None),
    "list": (
        ["x", 1],
        ["x"],
        [],
        [{"cars": 50}, {"football": 15}],
        [{"cars": 50, "football": 15}],
        [5, {"k": "x"}, None],
        "x",
        None,
    ),
    "x/y": (1, 2, "q", None),
}
TRAIT_VALUES: dict[str, tuple[Anything, ...]] = {
    "plan": ("pro", "free", "", None),
    "score": (0, 1, 2, 2.5, 100, "3", None),
    "born": (*DATES, None),
    "tags": VALUES["list"],
    "home": VALUES["geo"],
    "k": VALUES["k"],
}


def log(rng: random.Random, size: int, people: int = 5) -> list[Event]:
    """Return events in order of arrival, with ties, late ones, trait writes and merges."""
    clock = START
    events: list[Event] = []
    ids = [f"u{index}" for index in range(people)]
    for index in range(size):
        clock += rng.choice(GAPS)
        late = rng.choice((0, 0, 0, 1, HOUR_US, DAY_US))
        name = rng.choice((*NAMES, "a", "b", "$identify", "$set", "$set"))
        if rng.random() < 0.04:
            name, properties = "$merge", {"loser": rng.choice(ids)}
        elif name.startswith("$"):
            properties = {key: rng.choice(TRAIT_VALUES[key]) for key in rng.sample(TRAITS, rng.randint(1, 3))}
        else:
            properties = {key: rng.choice(VALUES[key]) for key in rng.sample(KEYS, rng.randint(0, 4))}
        events.append(
            Event(
                id=f"e{rng.randrange(10**9)}-{index}",
                profile=rng.choice(ids),
                name=name,
                occurred_at=clock - late,
                received_at=clock,
                properties=properties,
            )
        )
    return events


def table(events: Many[Event], typed: Many[str] = ()) -> pa.Table:
    """Return the log columns of ``events``; the ``typed`` keys get a column of their own where all values are text."""
    columns = {
        "position": list(range(len(events))),
        "event_id": [one.id for one in events],
        "event_key": [event_key(one.id) for one in events],
        "profile": [one.profile for one in events],
        "name": [one.name for one in events],
        "occurred_at": [one.occurred_at for one in events],
        "received_at": [one.received_at for one in events],
        "properties": [canonical({k: v for k, v in one.properties.items() if k not in typed}) for one in events],
    }
    for key in typed:
        columns[f"p.{key}"] = [one.properties.get(key) for one in events]
    return pa.table(columns)


def instants(rng: random.Random, events: Many[Event], count: int) -> list[int]:
    """Return instants at arrivals, just beside them, and whole spans after events."""
    found = []
    for _ in range(count):
        event = rng.choice(events)
        base = rng.choice((event.received_at, event.occurred_at + rng.choice(SPANS)))
        found.append(base + rng.choice((-1, 0, 0, 1)))
    return found


class Definitions:
    """Random nodes of every kind."""

    def __init__(self, rng: random.Random, segments: Many[str] = ()) -> None:
        self.rng = rng
        self.segments = tuple(segments)

    def node(self, depth: int = 2) -> Node:
        rng = self.rng
        if depth and rng.random() < 0.5:
            items = tuple(self.node(depth - 1) for _ in range(rng.randint(0, 3)))
            kind = rng.randrange(4)
            if kind == 0:
                return core.All(items)
            if kind == 1:
                return core.Any(items)
            if kind == 2:
                return AtLeast(rng.randint(0, 3), items)
            return Not(self.node(depth - 1))
        return self.leaf()

    def leaf(self) -> core.Leaf:
        rng = self.rng
        kind = rng.random()
        if kind < 0.35:
            return Compare(self.number(), self.op(True), self.bound())
        if kind < 0.55:
            return self.time()
        if kind < 0.8:
            return Holds(self.value(), self.test())
        if kind < 0.85 and self.segments:
            return InSegment(rng.choice(self.segments))
        return self.sequence()

    def op(self, equal: bool) -> Anything:
        return self.rng.choice(("<", "<=", ">", ">=", *(["=", "="] if equal else [])))

    def bound(self) -> float | Trait:
        return self.rng.choice((0, 0, 1, 1, 2, 2, 3, 2.5, 0.3, -1, Trait("score"), Trait("plan")))

    def number(self) -> Aggregate:
        kinds = (
            "count",
            "count",
            "sum",
            "mean",
            "smallest",
            "largest",
            "distinct",
            "repeats",
            "days",
            "first",
            "most_frequent",
        )
        return self.aggregate(kinds)

    def aggregate(self, kinds: Many[Anything]) -> Aggregate:
        rng = self.rng
        kind = rng.choice(kinds)
        field = rng.choice(("n", "k", "x/y")) if kind in ("sum", "mean", "smallest", "largest") else rng.choice(KEYS)
        return Aggregate(kind, self.selector(), field, self.window(), rng.choice(ZONES))

    def time(self) -> Compare:
        rng = self.rng
        if rng.random() < 0.4:
            unit = rng.choice(("day", "week", "month", "year", "anniversary"))
            number = rng.choice((0, 1, -1, 2, 364, 365, 0.5, Trait("score")))
            return Compare(Until(Trait(rng.choice(("born", "plan"))), unit, rng.choice(ZONES)), self.op(True), number)
        of = rng.choice(
            (Trait("born"), TraitSince("plan"), TraitSince("score"), self.aggregate(("first_at", "latest_at", "count")))
        )
        bound = rng.choice((*SPANS, 0, -DAY_US, Trait("score")))
        return Compare(Elapsed(of, rng.choice(ZONES)), self.op(True), bound)

    def value(self) -> Trait | Aggregate:
        if self.rng.random() < 0.5:
            return Trait(self.rng.choice(TRAITS))
        return self.aggregate(("first", "latest", "most_frequent"))

    def window(self) -> Window:
        rng = self.rng
        kind = rng.random()
        if kind < 0.3:
            return Rolling()
        if kind < 0.6:
            return Rolling(rng.choice(SPANS))
        if kind < 0.75:
            return Rolling(rng.choice((2 * DAY_US, 7 * DAY_US)), rng.choice((0, MINUTE_US, DAY_US)))
        if kind < 0.85:
            edges = sorted(START + rng.choice(SPANS) for _ in range(2))
            return Absolute(rng.choice((None, edges[0])), rng.choice((None, edges[1])))
        return Calendar(
            rng.choice(("day", "week", "month", "year")), rng.choice(ZONES), rng.randint(1, 3), rng.randint(0, 1)
        )

    def selector(self, rich: float = 0.4) -> Selector:
        rng = self.rng
        where = (
            tuple(Field(key, self.test_of(key), rng.random() < 0.3) for key in rng.sample(KEYS, rng.randint(1, 2)))
            if rng.random() < rich
            else ()
        )
        kind = rng.random()
        if kind < 0.1:
            return Selector(where=where)
        if kind < 0.2:
            return Selector(pattern=rng.choice(("TEST*", "?", "*", "TEST?2", "[a]")), where=where)
        if kind < 0.25:
            return Selector(names=("$identify",), where=where)
        return Selector(names=tuple(rng.sample(NAMES[:3], rng.randint(1, 2))), where=where)

    def sequence(self) -> core.Sequence:
        rng = self.rng
        steps = [
            Step(self.selector(0.2), rng.choice((None, *SPANS[2:])) if index else None)
            for index in range(rng.randint(1, 3))
        ]
        absent = Absent(self.selector(0.2), rng.choice(SPANS)) if rng.random() < 0.5 else None
        return core.Sequence(
            tuple(steps),
            rng.choice((None, DAY_US, 7 * DAY_US)),
            rng.choice(("", "", "k", "x/y")),
            absent,
        )

    def test(self) -> Test:
        return self.test_of(self.rng.choice(KEYS))

    def scalar(self, values: Many[Anything]) -> Anything:
        plain = [one for one in values if one is not None and not isinstance(one, list | dict)]
        return self.rng.choice(plain or ["x"])

    def test_of(self, key: str) -> Test:
        rng = self.rng
        values = VALUES[key]
        kind = rng.random()
        if kind < 0.12:
            return Exists()
        if kind < 0.3:
            return Equals(self.scalar(values))
        if kind < 0.4:
            return OneOf(tuple(self.scalar(values) for _ in range(rng.randint(0, 3))))
        if kind < 0.55:
            return self.special(key)
        if kind < 0.7:
            return Order(self.op(False), rng.choice((0, 1, 2.5, -3, 0.1, 2022)))
        if kind < 0.85:
            return Text(
                rng.choice(("contains", "starts_with", "ends_with")), rng.choice(("a", "pie", "2", "", "e", "\n", "."))
            )
        return Matches(rng.choice(("^a", "p.*e$", r"\d+", "[^a-z]", "(?i)APPLE", r"\s", "a|b", "^$", r"x\b")))

    def special(self, key: str) -> Test:
        rng = self.rng
        if key == "d":
            return Moment(
                rng.choice(("<", ">=")), START + rng.choice((-DAY_US, 0, DAY_US, 5 * HOUR_US)), rng.choice(ZONES)
            )
        if key == "geo":
            return Near(59.9, 10.7, rng.choice((1.0, 6_224.0, 6_000.0, 1e7, 3e7)))
        if key == "v":
            return Version(self.op(True), rng.choice(VERSIONS))
        if key == "list":
            if rng.random() < 0.5:
                return Includes(
                    rng.choice(("any", "all")),
                    tuple(rng.choice(("x", 1, "y", 5, True)) for _ in range(rng.randint(0, 2))),
                )
            fields = (
                Field("cars", Order(">", 45), rng.random() < 0.2),
                Field("football", Equals(15), rng.random() < 0.3),
            )
            return Element(fields[: rng.randint(0, 2)])
        return Exists()


def hash_leaf(rng: random.Random) -> Compare:
    return Compare(Hash(rng.choice(("s", "x7f3"))), rng.choice(("<", ">=")), rng.choice((2**31, 0, 2**32)))
