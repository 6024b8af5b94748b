"""Snapshots and edits: a reader that was saved, or whose definitions changed, is as one that was not."""

from __future__ import annotations

import pytest

from coterie.errors import CoterieError
from coterie.limits import DAY_US, HOUR_US
from coterie.segments.catalog import Catalog
from coterie.segments.core import (
    Absent,
    Aggregate,
    Compare,
    Exists,
    Holds,
    InSegment,
    Node,
    Not,
    Rolling,
    Selector,
    Sequence,
    Step,
    Trait,
)
from coterie.segments.live import Live
from tests.segments.live.arrivals import START, event, random_events, table, told

VIEW, CART, CHECKOUT = Selector(names=("view",)), Selector(names=("cart",)), Selector(names=("checkout",))
BEFORE: dict[str, Node] = {
    "abandoned": Sequence((Step(CART),), absent=Absent(CHECKOUT, 5 * HOUR_US)),
    "often": Compare(Aggregate("count", VIEW, window=Rolling(DAY_US)), ">=", 3),
    "same": Compare(Aggregate("repeats", VIEW, "sku", Rolling(DAY_US)), ">=", 2),
    "spent": Compare(Aggregate("sum", VIEW, "price"), ">=", 30),
}
AFTER: dict[str, Node] = {
    "abandoned": BEFORE["abandoned"],
    "often": Compare(Aggregate("count", VIEW, window=Rolling(2 * DAY_US)), ">=", 5),
    "same": BEFORE["same"],
    "calm": Not(InSegment("abandoned")),
    "varied": Compare(Aggregate("distinct", VIEW, "sku", Rolling(DAY_US)), ">=", 3),
}
ROWS = random_events(23, 500, 12, ("view", "cart", "checkout"))
CUT = 260


@pytest.fixture
def halfway() -> Live:
    live = Live(Catalog.of(BEFORE))
    live.apply(table(ROWS[:CUT]))
    return live


def test_a_restored_reader_is_the_same_to_the_byte_and_has_the_same_future(halfway: Live) -> None:
    data = halfway.snapshot()
    restored = Live.restore(Catalog.of(BEFORE), data)
    assert restored.snapshot() == data
    rest = table(ROWS[CUT:], CUT)
    assert told(restored.apply(rest)) == told(halfway.apply(rest))
    assert told(restored.advance(START + 9 * DAY_US)) == told(halfway.advance(START + 9 * DAY_US))
    assert restored.snapshot() == halfway.snapshot()
    assert restored.counts() == halfway.counts()


def test_a_damaged_or_foreign_snapshot_is_refused(halfway: Live) -> None:
    data = bytearray(halfway.snapshot())
    data[len(data) // 2] ^= 1
    with pytest.raises(CoterieError, match="damaged"):
        Live.restore(Catalog.of(BEFORE), bytes(data))
    with pytest.raises(CoterieError, match="no snapshot"):
        Live.restore(Catalog.of(BEFORE), b"something else")
    with pytest.raises(CoterieError, match="other definitions"):
        Live.restore(Catalog.of(AFTER), halfway.snapshot())


def test_an_edit_is_a_beginning_with_its_result(halfway: Live) -> None:
    fresh = Live(Catalog.of(AFTER))
    fresh.apply(table(ROWS[:CUT]))
    held = {key: set(halfway.members(key)) for key in BEFORE}
    found = told(halfway.edit(Catalog.of(AFTER), [table(ROWS[:100]), table(ROWS[100:CUT], 100)], halfway.now))
    for key in AFTER:
        assert halfway.members(key) == fresh.members(key), key
    assert {cause for *_, cause in found} == {"edit"}
    assert {profile for key, profile, way, *_ in found if key == "spent"} == held["spent"]
    assert {profile for key, profile, way, *_ in found if key == "varied" and way == "entered"} == set(
        fresh.members("varied")
    )
    assert not [one for one in found if one[0] in ("abandoned", "same")], "what did not change is not told"
    rest = table(ROWS[CUT:], CUT)
    assert told(halfway.apply(rest)) == told(fresh.apply(rest))
    assert halfway.counts() == fresh.counts()


def test_an_edit_that_needs_nothing_new_does_not_read_the_history(halfway: Live) -> None:
    fewer = Catalog.of({"often": BEFORE["often"], "rarely": Not(BEFORE["often"])})

    def history() -> object:
        raise AssertionError("read")
        yield

    halfway.edit(fewer, history(), halfway.now)  # type: ignore[arg-type]
    everyone = {str(row.profile) for row in ROWS[:CUT]}
    assert set(halfway.members("rarely")) == everyone - set(halfway.members("often"))


def test_a_segment_added_later_finds_those_it_means() -> None:
    live = Live(Catalog.of({"often": BEFORE["often"]}))
    rows = [event(0, "ann", "$identify", 0, age=30), event(1, "bob", "view", 1)]
    live.apply(table(rows))
    grown = Catalog.of({"often": BEFORE["often"], "aged": Holds(Trait("age"), Exists())})
    assert told(live.edit(grown, [table(rows)], START + 5)) == [("aged", "ann", "entered", 5, "edit")]
    assert told(live.edit(Catalog.of({"often": BEFORE["often"]}), [], START + 6)) == [
        ("aged", "ann", "exited", 6, "edit")
    ]
    assert live.counts() == {"often": 0}


def test_an_edit_first_lets_due_timers_fire(halfway: Live) -> None:
    later = START + 30 * DAY_US
    found = told(halfway.edit(Catalog.of(BEFORE), [], later))
    assert found
    assert {cause for *_, cause in found} == {"timer"}
    assert halfway.now == later
