"""Sums beyond 64 bits of micro-units: three readers say the same, as much as 64 bits can say, and live counts it."""

from __future__ import annotations

from random import Random

import pytest

from coterie.aggregates.sum import MICRO_MAX
from coterie.engine.readers import all_three
from coterie.limits import DAY_US, HOUR_US, Limits
from coterie.model import Event
from coterie.segments.catalog import Catalog
from coterie.segments.core import EVER, Aggregate, Compare, Node, Rolling, Selector, Window
from coterie.segments.live import Live
from tests.segments.live.arrivals import event, table

BUY = Selector(names=("buy",))
MOST = float(MICRO_MAX) / 1e6


def asked(kind: str, window: Window, tag: str) -> dict[str, Node]:
    total = Aggregate(kind, BUY, "price", window)  # type: ignore[arg-type]
    marks = (MOST, 9e12, 0.0, -MOST, 5e9)
    return {f"{tag}_{kind}_{i}_{n}": Compare(total, op, mark)  # type: ignore[arg-type]
            for i, mark in enumerate(marks) for n, op in enumerate((">=", "="))}  # fmt: skip


NODES = {
    key: node
    for kind in ("sum", "mean")
    for tag, window in (("ever", EVER), ("rolling", Rolling(90 * DAY_US)), ("short", Rolling(30 * HOUR_US)))
    for key, node in asked(kind, window, tag).items()
}


def history(prices: list[float], who: str = "ann") -> list[Event]:
    return [event(i, who, "buy", i * HOUR_US, price=price) for i, price in enumerate(prices)]


def agree(events: list[Event]) -> None:
    last = max(one.received_at for one in events)
    instants = [last - 3 * HOUR_US, last, last + 29 * HOUR_US, last + 80 * DAY_US, last + 100 * DAY_US]
    said = all_three(Catalog.of(NODES), events, instants)
    assert said["batch"] == said["oracle"]
    assert said["live"] == said["oracle"]


@pytest.mark.parametrize("sign", [1, -1])
def test_more_than_64_bits_say_as_much_as_64_bits_can(sign: int) -> None:
    agree(history([sign * 1e10] * 930))


def test_what_comes_back_below_the_bound_is_exact_again() -> None:
    agree(history([1e10] * 1_900 + [-1e10] * 1_890))


def test_sums_of_every_size_and_sign_in_any_order() -> None:
    rng = Random(4)
    agree(history([rng.choice((1e10, 1e10, -1e10, 9.9e9, 1e3, 0.5)) for _ in range(1_400)]))


def test_a_merge_adds_what_both_sides_had_beyond_64_bits() -> None:
    events = history([1e10] * 700, "ann")
    events += [event(1_000 + i, "bob", "buy", (700 + i) * HOUR_US, price=1e10) for i in range(700)]
    events += [event(9_000, "ann", "$merge", 1_401 * HOUR_US, loser="bob")]
    events += [event(9_001 + i, "ann", "buy", (1_402 + i) * HOUR_US, price=-1e10) for i in range(1_300)]
    agree(events)


def test_a_windowed_sum_of_small_numbers_is_not_asked_twice() -> None:
    live = Live(Catalog.of(NODES))
    live.apply(table(history([10.0] * 50)))
    assert live.counters()["sums_saturated"] == 0


def test_the_live_reader_counts_what_it_cut() -> None:
    live = Live(Catalog.of({"rich": Compare(Aggregate("sum", BUY, "price"), ">=", MOST)}), Limits())
    live.apply(table(history([1e10] * 922)))
    assert live.members("rich") == []
    assert live.counters()["sums_saturated"] == 0
    live.apply(table([event(2_000, "ann", "buy", 2_000 * HOUR_US, price=1e10)], 1_000))
    assert live.members("rich") == ["ann"]
    assert live.counters()["sums_saturated"] == 1
