"""Every bound of the live reader: what is dropped is counted, what cannot be dropped is refused."""

from __future__ import annotations

import pytest

from coterie.aggregates.sum import SUMMABLE_MAX
from coterie.errors import LimitExceeded
from coterie.limits import DAY_US, Limits
from coterie.segments.catalog import Catalog
from coterie.segments.core import Aggregate, Compare, Not, Rolling, Selector
from coterie.segments.live import Live, summaries
from tests.segments.live.arrivals import START, event, table, told

VIEW = Selector(names=("view",))


def test_a_run_forgets_its_oldest_entry_and_counts_it() -> None:
    total = Compare(Aggregate("sum", VIEW, "price", Rolling(DAY_US)), ">=", 40)
    live = Live(Catalog.of({"rich": total}), Limits(run_entries_max=4))
    live.apply(table([event(i, "ann", "view", i, price=10) for i in range(4)]))
    assert live.members("rich") == ["ann"]
    live.apply(table([event(9, "ann", "view", 9, price=1)], 4))
    assert live.members("rich") == []
    assert live.counters()["run_entries_dropped"] == 1


def test_a_run_drops_first_what_no_window_reaches() -> None:
    total = Compare(Aggregate("sum", VIEW, "price", Rolling(DAY_US)), ">=", 2)
    live = Live(Catalog.of({"some": total}), Limits(run_entries_max=4))
    live.apply(table([event(i, "ann", "view", i * DAY_US, price=1) for i in range(50)]))
    assert live.counters()["run_entries_dropped"] == 0


def test_repeated_keys_are_dropped_and_counted_across_batches() -> None:
    twice = Compare(Aggregate("count", VIEW), ">=", 2)
    live = Live(Catalog.of({"twice": twice}), Limits(duplicate_keys_max=8))
    first = event(0, "ann", "view", 0)
    live.apply(table([first, first]))
    live.apply(table([first], 2))
    assert live.members("twice") == []
    assert live.counters()["duplicates_dropped"] == 2


def test_a_key_is_remembered_for_half_the_limit_at_least() -> None:
    twice = Compare(Aggregate("count", VIEW), ">=", 2)
    live = Live(Catalog.of({"twice": twice}), Limits(duplicate_keys_max=64))
    rows = [event(i, str(i), "view", i) for i in range(200)]
    for i in range(0, 200, 8):
        again = [event(j, str(j), "view", i) for j in range(max(i - 30, 0), i)]
        live.apply(table([*again, *rows[i : i + 8]]))
    assert live.members("twice") == []


def test_too_many_distinct_values_are_refused_by_name() -> None:
    same = Compare(Aggregate("repeats", VIEW, "sku", Rolling(DAY_US)), ">=", 2)
    live = Live(Catalog.of({"same": same}), Limits(distinct_values_max=10))
    with pytest.raises(LimitExceeded, match="sku"):
        live.apply(table([event(i, "ann", "view", i, sku=f"s{i}") for i in range(20)]))


def test_timers_years_ahead_fire_at_their_instant() -> None:
    silent = Not(Compare(Aggregate("count", VIEW, window=Rolling(1_500 * DAY_US)), ">=", 1))
    live = Live(Catalog.of({"silent": silent}))
    live.apply(table([event(i, f"p{i}", "view", i * 7_919) for i in range(300)]))
    found = told(live.advance(START + 4_000 * DAY_US))
    assert found == [("silent", f"p{i}", "entered", i * 7_919 + 1_500 * DAY_US, "timer") for i in range(300)]


def test_more_changes_than_the_list_holds_come_out_in_order() -> None:
    nodes = {f"s{i}": Compare(Aggregate("count", VIEW, window=Rolling(10 * i + 5)), ">=", 1) for i in range(8)}
    live = Live(Catalog.of(nodes))
    rows = [event(i, str(i % 50), "view", i * 3) for i in range(4_000)]
    found = told(live.apply(table(rows)))
    assert len(found) > 30_000
    assert [at for _, _, _, at, _ in found] == sorted(at for _, _, _, at, _ in found)
    entered = sum(direction == "entered" for _, _, direction, _, _ in found)
    assert entered - (len(found) - entered) == sum(live.counts().values())


def test_state_is_accounted_for() -> None:
    live = Live(Catalog.of({"twice": Compare(Aggregate("count", VIEW), ">=", 2)}))
    before = live.state_bytes()
    live.apply(table([event(i, str(i), "view", i) for i in range(3_000)]))
    assert live.state_bytes() > before + 3_000 * live.memory.width * 8


def test_the_readers_add_numbers_of_the_same_size() -> None:
    assert summaries.SUMMABLE == SUMMABLE_MAX
