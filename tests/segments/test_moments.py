"""The local clock of an event: the same hour and weekday in all three readers, also where clocks change."""

from __future__ import annotations

import random

import pytest

from coterie.governance.reading import of_segment
from coterie.model import Event
from coterie.segments import core
from coterie.segments.batch import measures_statement
from coterie.segments.catalog import Catalog
from coterie.segments.live import Live
from coterie.segments.moments import HOUR, WEEKDAY, clock_changes, local_moment, moment_of, offset_at, timed
from coterie.segments.oracle import Oracle
from coterie.storage.duck import Duck
from tests.segments.conditions.test_examples import table_of

ZONES = ("Europe/Oslo", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
RECENT = 1_400_000_000_000_000, 1_790_000_000_000_000


def edges(zone: str, rng: random.Random) -> list[int]:
    """Return instants around clock changes of the last years, and some anywhere."""
    changes = [at for at in clock_changes(zone)[0] if RECENT[0] < at < RECENT[1]]
    near = [at + d for at in rng.sample(changes, min(len(changes), 6)) for d in (-1, 0, 1, 3_600_000_000)]
    return near + [rng.randrange(*RECENT) for _ in range(20)]


@pytest.mark.parametrize("zone", ZONES)
def test_offsets_give_what_the_calendar_gives(zone: str) -> None:
    rng = random.Random(1)
    for at in [*edges(zone, rng), -2_000_000_000_000_000, 7_000_000_000_000_000]:
        for word in (HOUR, WEEKDAY):
            assert local_moment(word, at + offset_at(at, zone)) == moment_of(timed(word, zone), at), (word, at)


@pytest.mark.parametrize("zone", ZONES)
def test_three_readers_read_the_same_clock(zone: str) -> None:
    rng = random.Random(2)
    instants = sorted(edges(zone, rng))
    events = [
        Event(id=f"e{n}", profile=f"p{n % 5}", name="visit", occurred_at=at, received_at=at, properties={})
        for n, at in enumerate(instants)
    ]
    hour, weekday = timed(HOUR, zone), timed(WEEKDAY, zone)
    late = core.Selector(where=(core.Field(hour, core.Order(">=", 9.0)), core.Field(weekday, core.OneOf((6, 7)), True)))
    terms = (
        core.Aggregate("count", late),
        core.Aggregate("sum", core.Selector(), hour),
        core.Aggregate("distinct", core.Selector(), weekday),
        core.Aggregate("largest", core.Selector(), hour),
        core.Holds(core.Aggregate("most_frequent", core.Selector(), weekday), core.Equals(1)),
    )
    now = instants[-1] + 1
    oracle = Oracle(Catalog({}), events)
    with Duck(threads=1) as duck:
        relation = duck.add_log(table_of(events))
        rows = duck.run(measures_statement(terms, [now], relation=relation)).to_pylist()
    batch = {row["profile"]: [row[f"m{i}"] for i in range(len(terms))] for row in rows}
    live = Live(Catalog({}, measures={"clock": terms}))
    live.apply(table_of(events))
    live.advance(now)
    known = live.known_rows()
    found = dict(zip(live.profiles.ids_of(known).to_pylist(), live.measure("clock", known).tolist(), strict=True))
    expected = {profile: oracle.measure(terms, profile, now) for profile in oracle.profiles(now)}
    assert sum(values[0] or 0 for values in expected.values()) > 0
    assert batch == expected
    assert found == expected


def test_lineage_does_not_take_the_clock_for_a_property() -> None:
    night = core.Selector(
        where=(core.Field(timed(HOUR, "UTC"), core.Order("<", 6.0)), core.Field("total", core.Exists()))
    )
    read = of_segment(core.Compare(core.Aggregate("distinct", night, timed(WEEKDAY, "UTC")), ">=", 1.0))
    assert [asked.properties for asked in read.events] == [("total",)]
