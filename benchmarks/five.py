"""The five reference segments, as core nodes and as hand-written plain Python with the same arrival semantics."""

from __future__ import annotations

import heapq
from bisect import bisect_right, insort
from collections.abc import Iterable

from coterie.limits import DAY_US
from coterie.segments.catalog import Catalog
from coterie.segments.core import Absent, Aggregate, All, Compare, Node, Not, Rolling, Selector, Sequence, Step

VIEW, CART, CHECKOUT, ORDER = (
    Selector(names=(name,)) for name in ("product_view", "add_to_cart", "checkout_started", "order_completed")
)
NODES: dict[str, Node] = {
    "cart": Sequence((Step(CART),), absent=Absent(CHECKOUT, DAY_US)),
    "inactive": Not(Compare(Aggregate("count", Selector(), window=Rolling(14 * DAY_US)), ">=", 1)),
    "orders": Compare(Aggregate("count", ORDER, window=Rolling(30 * DAY_US)), ">=", 3),
    "repeat": All(
        (
            Compare(Aggregate("repeats", VIEW, "product_id", Rolling(DAY_US)), ">=", 3),
            Not(Compare(Aggregate("count", ORDER, window=Rolling(DAY_US)), ">=", 1)),
        )
    ),
    "spend": Compare(Aggregate("sum", ORDER, "value", Rolling(90 * DAY_US)), ">=", 500),
}
CATALOG = Catalog.of(NODES)
KEYS = CATALOG.keys
"""In the order of evaluation, which is the order of the numbers below."""

SEGMENTS = CART_LEFT, INACTIVE, ORDERS, REPEAT, SPEND = range(5)
NEVER = 1 << 62


class Customer:
    """What the baseline remembers of one customer. ``due`` is the earliest timer in the heap per segment."""

    __slots__ = ("carts", "checkout", "due", "last", "latest_orders", "member", "orders", "thrice", "total", "views")

    def __init__(self) -> None:
        self.member = [False] * 5
        self.due = [NEVER] * 5
        self.last = 0
        self.carts: list[int] = []
        self.checkout = 0
        self.views: dict[int, list[int]] = {}
        self.thrice = 0
        self.latest_orders: list[int] = []
        self.orders: list[tuple[int, int]] = []
        self.total = 0


class Baseline:
    """Plain Python: one event after another, a heap of timers, membership asked again where an event may change it.

    ``changes`` holds (at, segment, customer, entered, position) in the order of the log.
    """

    def __init__(self) -> None:
        self.customers: dict[int, Customer] = {}
        self.heap: list[tuple[int, int, int]] = []
        self.changes: list[tuple[int, int, int, bool, int]] = []

    def ask(self, one: Customer, segment: int, now: int) -> tuple[bool, int]:
        """Return whether the customer is in the segment now, and when that changes if nothing arrives."""
        if segment == INACTIVE:
            due = one.last + 14 * DAY_US
            return (False, due) if due > now else (True, NEVER)
        if segment == REPEAT:
            until = one.thrice + DAY_US
            if until <= now:
                return False, NEVER
            ordered = one.latest_orders[-1] + DAY_US if one.latest_orders else 0
            return (True, until) if ordered <= now else (False, ordered)
        if segment == CART_LEFT:
            if not one.carts:
                return False, NEVER
            due = one.carts[0] + DAY_US
            return (False, due) if due > now else (True, NEVER)
        if segment == ORDERS:
            if len(one.latest_orders) < 3:
                return False, NEVER
            until = one.latest_orders[-3] + 30 * DAY_US
            return (True, until) if until > now else (False, NEVER)
        orders = one.orders
        while orders and orders[0][0] <= now - 90 * DAY_US:
            one.total -= orders.pop(0)[1]
        return one.total >= 500_000_000, orders[0][0] + 90 * DAY_US if orders else NEVER

    def review(self, customer: int, one: Customer, segment: int, now: int, position: int) -> None:
        holds, due = self.ask(one, segment, now)
        if holds != one.member[segment]:
            one.member[segment] = holds
            self.changes.append((now, segment, customer, holds, position))
        if due < one.due[segment]:
            one.due[segment] = due
            heapq.heappush(self.heap, (due, segment, customer))

    def advance(self, now: int) -> None:
        """Fire every timer due until ``now``."""
        heap = self.heap
        while heap and heap[0][0] <= now:
            due, segment, customer = heapq.heappop(heap)
            one = self.customers[customer]
            if one.due[segment] == due:
                one.due[segment] = NEVER
                self.review(customer, one, segment, due, -1)

    def run(self, rows: Iterable[tuple[int, int, int, int, int, float]]) -> None:
        """Apply arrivals (customer, occurred_at, received_at, name, product, value), then the timers of the last instant."""
        customers, heap, position, now = self.customers, self.heap, -1, 0
        for position, (customer, at, now, name, product, value) in enumerate(rows):
            if heap and heap[0][0] <= now:
                self.advance(now)
            one = customers.get(customer)
            if one is None:
                one = customers[customer] = Customer()
            if at > one.last:
                one.last = at
            if name == 1:
                if self.view(one, product, at, now):
                    self.review(customer, one, INACTIVE, now, position)
                    self.review(customer, one, REPEAT, now, position)
                    continue
            elif name == 2 or name == 3:
                self.step(one, name, at)
                self.review(customer, one, CART_LEFT, now, position)
            elif name == 4:
                self.order(one, at, value, now)
                self.review(customer, one, INACTIVE, now, position)
                for segment in (ORDERS, REPEAT, SPEND):
                    self.review(customer, one, segment, now, position)
                continue
            self.review(customer, one, INACTIVE, now, position)
        self.advance(now)

    def view(self, one: Customer, product: int, at: int, now: int) -> bool:
        """Return whether a third view of one product within a day may have changed membership."""
        views = one.views
        seen = views.get(product)
        if seen is None:
            if len(views) > 32:
                one.views = views = {key: times for key, times in views.items() if times[-1] > now - DAY_US}
            views[product] = [at]
            return False
        if at >= seen[-1]:
            seen.append(at)
        else:
            insort(seen, at)
        if len(seen) > 3:
            del seen[0]
        if len(seen) == 3 and seen[0] > one.thrice:
            one.thrice = seen[0]
            return True
        return False

    def step(self, one: Customer, name: int, at: int) -> None:
        """A cart counts while no checkout is later."""
        if name == 2:
            if at >= one.checkout:
                insort(one.carts, at)
        elif at > one.checkout:
            one.checkout = at
            carts = one.carts
            while carts and carts[0] < at:
                del carts[0]

    def order(self, one: Customer, at: int, value: float, now: int) -> None:
        insort(one.latest_orders, at)
        if len(one.latest_orders) > 3:
            del one.latest_orders[0]
        if at > now - 90 * DAY_US:
            micro = int(value * 1_000_000 + 0.5)
            one.orders.insert(bisect_right(one.orders, (at, NEVER)), (at, micro))
            one.total += micro
