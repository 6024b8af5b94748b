"""Any number of different segments over the reference workload: the kinds that people write, in the same proportions."""

from __future__ import annotations

from random import Random

from coterie.limits import DAY_US, HOUR_US
from coterie.segments.catalog import Catalog
from coterie.segments.core import (
    Absent,
    Aggregate,
    All,
    Any,
    Calendar,
    Compare,
    Elapsed,
    Field,
    Hash,
    InSegment,
    Node,
    Not,
    Order,
    Rolling,
    Selector,
    Sequence,
    Step,
)

NAMES = ("page_view", "product_view", "add_to_cart", "checkout_started", "order_completed")
DAYS = (1, 1, 2, 3, 5, 7, 7, 10, 14, 14, 21, 30, 30, 45, 60, 90)
PRICED = ("add_to_cart", "order_completed")


class Author:
    """Writes segments from one seed: the n-th is the same however many follow."""

    def __init__(self, seed: int = 11) -> None:
        self.rng = Random(seed)
        self.nodes: dict[str, Node] = {}

    def catalog(self, count: int) -> Catalog:
        kinds = (self.count, self.count, self.spend, self.inactive, self.repeat, self.abandoned, self.funnel,
                 self.variety, self.lapsed, self.this_month, self.mean, self.pricey, self.bucket, self.first_time,
                 self.both, self.refers)  # fmt: skip
        for number in range(count):
            self.nodes[f"s{number:04}"] = kinds[number % len(kinds)]()
        return Catalog.of(self.nodes)

    def window(self) -> Rolling:
        return Rolling(self.rng.choice(DAYS) * DAY_US)

    def events(self) -> Selector:
        return Selector(names=(self.rng.choice(NAMES),))

    def at_least(self, selector: Selector, n: int, window: Rolling) -> Node:
        return Compare(Aggregate("count", selector, window=window), ">=", n)

    def count(self) -> Node:
        return self.at_least(self.events(), self.rng.randrange(1, 9), self.window())

    def spend(self) -> Node:
        name, amount = self.rng.choice(PRICED), self.rng.choice((50, 100, 250, 500, 1000))
        return Compare(Aggregate("sum", Selector(names=(name,)), "value", self.window()), ">=", amount)

    def inactive(self) -> Node:
        selector = self.rng.choice((Selector(), self.events()))
        return Not(self.at_least(selector, 1, self.window()))

    def repeat(self) -> Node:
        viewed = Aggregate("repeats", Selector(names=("product_view",)), "product_id", self.window())
        ordered = self.at_least(Selector(names=("order_completed",)), 1, self.window())
        return All((Compare(viewed, ">=", self.rng.randrange(2, 5)), Not(ordered)))

    def abandoned(self) -> Node:
        first, then = self.rng.choice((("add_to_cart", "checkout_started"), ("checkout_started", "order_completed")))
        wait = self.rng.choice((1, 6, 24, 48)) * HOUR_US
        within = self.rng.choice((None, 7 * DAY_US, 30 * DAY_US))
        return Sequence((Step(Selector(names=(first,))),), within, absent=Absent(Selector(names=(then,)), wait))

    def funnel(self) -> Node:
        steps = (Step(Selector(names=("product_view",))), Step(Selector(names=("add_to_cart",)), 2 * HOUR_US))
        more = (*steps, Step(Selector(names=("order_completed",)), DAY_US))
        return Sequence(self.rng.choice((steps, more)), self.rng.choice((1, 3, 7)) * DAY_US)

    def variety(self) -> Node:
        viewed = Aggregate("distinct", Selector(names=("product_view",)), "product_id", self.window())
        return Compare(viewed, ">=", self.rng.randrange(3, 20))

    def lapsed(self) -> Node:
        selector, newer = self.events(), self.rng.choice((1, 3, 7)) * DAY_US
        earlier = Compare(Aggregate("count", selector, window=Rolling(newer + 14 * DAY_US, newer)), ">=", 1)
        return All((earlier, Not(self.at_least(selector, 1, Rolling(newer)))))

    def this_month(self) -> Node:
        unit = self.rng.choice(("day", "week", "month"))
        zone = self.rng.choice(("UTC", "America/New_York"))
        return Compare(Aggregate("count", self.events(), window=Calendar(unit, zone)), ">=", self.rng.randrange(1, 6))

    def mean(self) -> Node:
        name = self.rng.choice(PRICED)
        return Compare(
            Aggregate("mean", Selector(names=(name,)), "value", self.window()), ">", self.rng.uniform(20, 90)
        )

    def pricey(self) -> Node:
        dear = Field("value", Order(">=", float(self.rng.choice((50, 100, 150)))))
        return self.at_least(Selector(names=(self.rng.choice(PRICED),), where=(dear,)), 1, self.window())

    def bucket(self) -> Node:
        share = Compare(Hash(self.rng.choice("abcd")), "<", self.rng.uniform(0.1, 0.9) * 2**32)
        return All((share, self.count()))

    def first_time(self) -> Node:
        since = Elapsed(Aggregate("first_at", self.events()))
        return Compare(since, "<", float(self.rng.choice(DAYS) * DAY_US))

    def both(self) -> Node:
        return Any((All((self.count(), self.spend())), All((self.inactive(), self.count()))))

    def refers(self) -> Node:
        other = self.rng.choice(sorted(self.nodes))
        return All((Not(InSegment(other)), self.count()))
