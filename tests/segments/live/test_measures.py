"""What the live reader measures of people, through its public door."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.errors import InvalidDefinition, NotFound, Problem
from coterie.limits import DAY_US, HOUR_US, MINUTE_US
from coterie.segments.catalog import Catalog
from coterie.segments.core import (
    Aggregate,
    Compare,
    Elapsed,
    Equals,
    Holds,
    InSegment,
    Node,
    Rolling,
    Selector,
    Sequence,
    Step,
    Trait,
)
from coterie.segments.live import Live
from coterie.segments.measures import Measures
from tests.segments.live.arrivals import START, event, random_events, table

VIEW, BUY = Selector(names=("view",)), Selector(names=("buy",))
LATELY: dict[str, Node] = {"lately": Compare(Aggregate("count", VIEW, window=Rolling(HOUR_US)), ">=", 1)}
TERMS: Measures = (
    Aggregate("count", VIEW),
    Aggregate("mean", BUY, "total"),
    Elapsed(Aggregate("latest_at", VIEW)),
    Trait("age"),
    Holds(Trait("plan"), Equals("pro")),
    InSegment("lately"),
    Sequence((Step(VIEW), Step(BUY, HOUR_US))),
    Aggregate("sessions", VIEW),
    Aggregate("active_seconds", VIEW, gap_us=10 * MINUTE_US),
)
EVENTS = [
    event(0, "ann", "view", 0),
    event(1, "ann", "$identify", MINUTE_US, age=31, plan="pro"),
    event(2, "bob", "buy", 2 * MINUTE_US, total=12.5),
    event(3, "ann", "view", 5 * MINUTE_US),
    event(4, "ann", "view", 20 * MINUTE_US),
    event(5, "ann", "buy", 30 * MINUTE_US, total=1.5),
    event(6, "bob", "view", 40 * MINUTE_US),
]
ANN = [3, 1.5, 20 * MINUTE_US, 31, 1, 1, 1, 1, 300]
BOB = [1, 12.5, 0, np.nan, 0, 1, 0, 1, 0]


def reader(measures: Measures = TERMS) -> Live:
    live = Live(Catalog.of(LATELY, measures={"model": measures}))
    live.apply(table(EVENTS))
    return live


def test_a_row_for_everybody_known_and_a_column_for_every_term() -> None:
    live = reader()
    assert live.profiles.ids_of(live.known_rows()).to_pylist() == ["ann", "bob"]
    np.testing.assert_array_equal(live.measure("model"), np.array([ANN, BOB], float))


def test_rows_are_given_in_the_order_asked() -> None:
    measured = reader().measure("model", np.array([1, 0, 1]))
    np.testing.assert_array_equal(measured, np.array([BOB, ANN, BOB], float))


def test_time_alone_moves_measures() -> None:
    live = reader()
    live.advance(live.now + HOUR_US)
    later = live.measure("model")
    assert later[:, 2].tolist() == [80 * MINUTE_US, HOUR_US]
    assert later[:, 5].tolist() == [0, 0]


def test_at_a_later_instant_as_if_nothing_arrived_until_then() -> None:
    live = reader((TERMS[0], TERMS[2]))
    at = live.now + DAY_US
    asked = live.measure("model", at=at)
    live.advance(at)
    np.testing.assert_array_equal(asked, live.measure("model"))


def test_other_instants_and_models_are_refused() -> None:
    live = reader()
    with pytest.raises(Problem, match="another instant"):
        live.measure("model", at=live.now - 1)
    with pytest.raises(Problem, match="another instant"):
        live.measure("model", at=live.now + 1)
    with pytest.raises(NotFound, match="nothing"):
        live.measure("nothing")
    with pytest.raises(InvalidDefinition, match="does not exist"):
        Catalog.of({}, measures={"model": (InSegment("lately"),)})


def test_a_merge_makes_one_of_two_and_an_unmerge_two_of_one() -> None:
    merge = event(7, "ann", "$merge", 41 * MINUTE_US, loser="bob")
    part = event(8, "ann", "$unmerge", 42 * MINUTE_US, loser="bob")
    catalog = Catalog.of(LATELY, measures={"model": TERMS})
    live = Live(catalog, history=lambda ids: [table([*EVENTS, merge])])
    live.apply(table([*EVENTS, merge]))
    assert live.profiles.ids_of(live.known_rows()).to_pylist() == ["ann"]
    both = Live(catalog)
    both.apply(
        table([event(i, "ann", one.name, one.occurred_at - START, **one.properties) for i, one in enumerate(EVENTS)])
    )
    both.advance(live.now)
    np.testing.assert_array_equal(live.measure("model"), both.measure("model"))
    live.apply(table([part], 8))
    apart = reader()
    apart.advance(live.now)
    np.testing.assert_array_equal(live.measure("model"), apart.measure("model"))


def test_a_late_event_joins_two_sessions() -> None:
    live = reader(
        (Aggregate("sessions", VIEW, gap_us=10 * MINUTE_US), Aggregate("active_seconds", VIEW, gap_us=10 * MINUTE_US))
    )
    assert live.measure("model", np.array([0])).tolist() == [[2, 300]]
    live.apply(table([event(9, "ann", "view", 12 * MINUTE_US, 30 * MINUTE_US)], 7))
    assert live.measure("model", np.array([0])).tolist() == [[1, 1200]]


def test_asking_leaves_no_mark() -> None:
    terms = tuple(Aggregate(kind, VIEW, "sku", Rolling(DAY_US)) for kind in ("distinct", "repeats", "most_frequent"))
    live = Live(Catalog.of({}, measures={"model": (*terms, Aggregate("sum", VIEW, "price", Rolling(90 * DAY_US)))}))
    live.apply(table(random_events(1, 2_000, 2, ("view",))))
    huge = [event(5_000 + i, "0", "view", 80 * HOUR_US, price=1e10) for i in range(1_000)]
    live.apply(table(huge, 2_000))
    data, counters = live.snapshot(), live.counters()
    first = live.measure("model")
    np.testing.assert_array_equal(first, live.measure("model"))
    assert live.snapshot() == data
    assert live.counters() == counters


def test_an_edit_to_a_longer_window_reads_the_history_again() -> None:
    short, long = (Aggregate("distinct", VIEW, "sku", Rolling(reach)) for reach in (HOUR_US, 90 * DAY_US))
    log = table(random_events(3, 400, 5, ("view", "cart")))
    edited = Live(Catalog.of(LATELY, measures={"model": (short,)}))
    edited.apply(log)
    after = Catalog.of(LATELY).measuring({"model": (short, long), "other": (long,)})
    edited.edit(after, [log], edited.now)
    fresh = Live(after)
    fresh.apply(log)
    np.testing.assert_array_equal(edited.measure("model"), fresh.measure("model"))
    np.testing.assert_array_equal(edited.measure("other"), fresh.measure("other"))
