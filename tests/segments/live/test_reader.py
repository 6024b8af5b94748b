"""The live reader through its public door: what changes, when, and why; what it refuses."""

from __future__ import annotations

import pyarrow as pa
import pytest

from coterie.errors import NotFound, Problem, Unsupported
from coterie.limits import DAY_US, HOUR_US, MINUTE_US
from coterie.model import MERGE, UNMERGE
from coterie.segments.catalog import Catalog
from coterie.segments.core import (
    ALWAYS,
    Absent,
    Aggregate,
    All,
    Compare,
    Equals,
    Hash,
    Holds,
    InSegment,
    Not,
    Rolling,
    Selector,
    Sequence,
    Step,
    Trait,
)
from coterie.segments.live import Live
from coterie.segments.oracle import Oracle
from tests.segments.live.arrivals import START, event, random_events, table, told

VIEW, CART, CHECKOUT = Selector(names=("view",)), Selector(names=("cart",)), Selector(names=("checkout",))
ABANDONED = Sequence((Step(CART),), absent=Absent(CHECKOUT, DAY_US))


def viewed(n: int, window: int | None = DAY_US) -> Compare:
    return Compare(Aggregate("count", VIEW, window=Rolling(window)), ">=", n)


def test_a_timer_fires_at_its_exact_instant_though_nothing_arrives() -> None:
    live = Live(Catalog.of({"abandoned": ABANDONED}))
    assert told(live.apply(table([event(0, "ann", "cart", 7)]))) == []
    assert told(live.advance(START + 7 + DAY_US - 1)) == []
    assert told(live.advance(START + 7 + DAY_US)) == [("abandoned", "ann", "entered", 7 + DAY_US, "timer")]
    found = live.apply(table([event(1, "ann", "checkout", 30 * HOUR_US)], 1))
    assert told(found) == [("abandoned", "ann", "exited", 30 * HOUR_US, "event")]


def test_a_timer_and_the_event_that_arrives_later_in_one_batch_both_tell() -> None:
    live = Live(Catalog.of({"active": viewed(1)}))
    rows = [event(0, "ann", "view", 0), event(1, "bob", "view", DAY_US), event(2, "ann", "view", 2 * DAY_US)]
    assert told(live.apply(table(rows))) == [
        ("active", "ann", "entered", 0, "event"),
        ("active", "ann", "exited", DAY_US, "timer"),
        ("active", "bob", "entered", DAY_US, "event"),
        ("active", "bob", "exited", 2 * DAY_US, "timer"),
        ("active", "ann", "entered", 2 * DAY_US, "event"),
    ]


def test_causes_name_what_arrived() -> None:
    rule = {"pro": Holds(Trait("plan"), Equals("pro")), "seen": viewed(1, None), "all": ALWAYS}
    live = Live(Catalog.of(rule))
    rows = [
        event(0, "ann", "$identify", 0, plan="pro"),
        event(1, "ann", "view", 1, late=2 * MINUTE_US),
        event(2, "bob", "$merge", 5 * MINUTE_US, loser="ann"),
    ]
    assert told(live.apply(table(rows))) == [
        ("all", "ann", "entered", 0, "trait"),
        ("pro", "ann", "entered", 0, "trait"),
        ("seen", "ann", "entered", 1 + 2 * MINUTE_US, "late"),
        ("all", "ann", "exited", 5 * MINUTE_US, "merge"),
        ("pro", "ann", "exited", 5 * MINUTE_US, "merge"),
        ("seen", "ann", "exited", 5 * MINUTE_US, "merge"),
        ("all", "bob", "entered", 5 * MINUTE_US, "merge"),
        ("pro", "bob", "entered", 5 * MINUTE_US, "merge"),
        ("seen", "bob", "entered", 5 * MINUTE_US, "merge"),
    ]
    assert live.members("pro") == ["bob"]
    assert not live.member("pro", "ann"), "an absorbed id is in no segment, as the oracle says"
    assert live.counts() == {"all": 1, "pro": 1, "seen": 1}


def test_stragglers_of_an_absorbed_profile_count_for_the_survivor() -> None:
    live = Live(Catalog.of({"thrice": viewed(3, None)}))
    rows = [event(0, "a", "view", 0), event(1, "b", "view", 1), event(2, "b", "$merge", 2, loser="a")]
    rows += [event(3, "c", "$merge", 3, loser="b"), event(4, "a", "view", 4)]
    assert told(live.apply(table(rows))) == [("thrice", "c", "entered", 4, "event")]


def test_a_reference_follows_at_the_same_instant() -> None:
    live = Live(Catalog.of({"active": viewed(1), "quiet": Not(InSegment("active"))}))
    assert told(live.apply(table([event(0, "ann", "cart", 0), event(1, "ann", "view", 5)]))) == [
        ("quiet", "ann", "entered", 0, "event"),
        ("active", "ann", "entered", 5, "event"),
        ("quiet", "ann", "exited", 5, "event"),
    ]
    assert told(live.advance(START + 10 * DAY_US)) == [
        ("active", "ann", "exited", 5 + DAY_US, "timer"),
        ("quiet", "ann", "entered", 5 + DAY_US, "timer"),
    ]


def test_ids_may_be_numbers_and_properties_columns() -> None:
    nodes = {
        "spent": Compare(Aggregate("sum", VIEW, "price", Rolling(DAY_US)), ">=", 12),
        "same": Compare(Aggregate("repeats", VIEW, "sku", Rolling(DAY_US)), ">=", 2),
        "half": Compare(Hash("x"), "<", 2.0**31),
    }
    rows = random_events(3, 300, 12, ("view", "cart"))
    import pyarrow as pa

    wordy, numeric = Live(Catalog.of(nodes)), Live(Catalog.of(nodes))
    one = wordy.apply(table(rows))
    two = numeric.apply(table(rows, numeric=True, hot={"price": pa.float64(), "sku": pa.string()}))
    assert len(one) > 50
    assert told(one) == told(two)
    assert wordy.members("half") == numeric.members("half")


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_change_log_does_not_know_batches(size: int) -> None:
    nodes = {
        "thrice": viewed(3, 12 * HOUR_US),
        "abandoned": ABANDONED,
        "steady": All((viewed(2, 30 * HOUR_US), Not(InSegment("abandoned")))),
        "average": Compare(Aggregate("mean", VIEW, "price", Rolling(9 * HOUR_US)), ">", 3),
    }
    rows = random_events(11, 400, 9, ("view", "cart", "checkout"))
    whole, cut = Live(Catalog.of(nodes)), Live(Catalog.of(nodes))
    expected = told(whole.apply(table(rows)))
    found = [one for i in range(0, len(rows), size) for one in told(cut.apply(table(rows[i : i + size], i)))]
    assert len(expected) > 100
    assert found == expected
    assert cut.counts() == whole.counts()


def test_members_are_the_oracles_after_every_arrival() -> None:
    nodes = {
        "distinct": Compare(Aggregate("distinct", VIEW, "sku", Rolling(6 * HOUR_US)), ">=", 3),
        "many": Compare(Aggregate("count", VIEW, window=Rolling(DAY_US)), ">", 9),
        "funnel": Sequence((Step(VIEW), Step(CART, HOUR_US), Step(CHECKOUT, HOUR_US)), DAY_US),
        "recent": Sequence((Step(CART),), 8 * HOUR_US, absent=Absent(CHECKOUT, HOUR_US)),
        "tied": Sequence((Step(CART),), None, "sku", Absent(CHECKOUT, HOUR_US)),
    }
    catalog = Catalog.of(nodes)
    rows = random_events(5, 160, 3, ("view", "cart", "checkout"))
    live = Live(catalog)
    for number, row in enumerate(rows):
        live.apply(table([row], number))
        if number % 8 == 0:
            oracle = Oracle(catalog, rows[: number + 1])
            for key in nodes:
                assert set(live.members(key)) == oracle.members(key, row.received_at), (key, number)


def test_what_is_wrong_is_refused() -> None:
    live = Live(Catalog.of({"active": viewed(1)}))
    live.apply(table([event(0, "ann", "view", 10)]))
    with pytest.raises(Problem, match="order of received_at"):
        live.apply(table([event(1, "ann", "view", 9)]))
    with pytest.raises(Problem, match="occurred after"):
        live.apply(table([event(2, "ann", "view", 20, late=-1)]))
    with pytest.raises(Problem, match="does not move back"):
        live.advance(START)
    with pytest.raises(NotFound):
        live.members("nobody")
    with pytest.raises(Unsupported):
        Live(Catalog.of({"odd": Holds(Aggregate("count", VIEW), Equals(1))}))
    assert not live.member("active", "never seen")


def test_an_empty_batch_and_an_empty_catalog_are_fine() -> None:
    live = Live(Catalog({}))
    assert len(live.apply(table([]))) == 0
    assert told(live.apply(table([event(0, "ann", "view", 0)]))) == []
    assert live.counts() == {}
    assert live.counters()["profiles"] == 1


def part_of(numeric: bool) -> pa.Table:
    """Return five arrivals of two people, merged by the third and separated again by the last."""
    ids = [1, 2, 1, 2, 1] if numeric else ["a", "b", "a", "b", "a"]
    loser = 2 if numeric else '"b"'
    return pa.table(
        {
            "event_id": [f"e{n}" for n in range(5)],
            "profile": ids,
            "name": ["view", "view", MERGE, "view", UNMERGE],
            "occurred_at": range(5),
            "received_at": range(5),
            "properties": ["{}", "{}", f'{{"loser":{loser}}}', "{}", f'{{"loser":{loser}}}'],
            "position": range(5),
        }
    )


@pytest.mark.parametrize("numeric", [False, True], ids=["text", "numbers"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_an_unmerge_gives_back_what_came_before_and_with_it(numeric: bool, size: int) -> None:
    log = part_of(numeric)
    live = Live(Catalog.of({"twice": viewed(2, None)}), history=lambda profiles: [log])
    changes = pa.concat_tables([live.apply(log.slice(at, size)).table() for at in range(0, 5, size)])
    one, other = ("1", "2") if numeric else ("a", "b")
    told = [(str(row["profile"]), row["direction"], row["at"], row["cause"]) for row in changes.to_pylist()]
    assert told == [(one, "entered", 2, "merge"), (one, "exited", 4, "unmerge"), (other, "entered", 4, "unmerge")]
    assert live.members("twice") == [other]


def test_an_unmerge_without_a_history_is_loud_and_one_that_changes_nothing_needs_none() -> None:
    log = part_of(False)
    live = Live(Catalog.of({"twice": viewed(2, None)}))
    with pytest.raises(Problem, match="needs the log so far"):
        live.apply(log)
    idle = Live(Catalog.of({"twice": viewed(2, None)}))
    idle.apply(log.filter(pa.array([True, True, False, True, True])))
    assert idle.members("twice") == ["b"]
