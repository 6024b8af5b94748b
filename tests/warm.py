"""What the process has done that servers of tests are forks of: the kernels of the live reader lie in memory."""

from __future__ import annotations

from coterie.limits import DAY_US
from coterie.segments.catalog import Catalog
from coterie.segments.core import Aggregate, Compare, Equals, Holds, Rolling, Selector, Trait
from coterie.segments.live import Live
from tests.segments.live.arrivals import random_events, table


def warm() -> None:
    """A small log has been read once. No thread is left behind: a fork would be without it."""
    viewed = Aggregate("count", Selector(names=("view",)), window=Rolling(DAY_US))
    live = Live(Catalog.of({"lately": Compare(viewed, ">=", 1), "pro": Holds(Trait("plan"), Equals("pro"))}))
    live.apply(table(random_events(4, 50, 5, ("view", "cart"))))
    live.advance(live.now + 2 * DAY_US)


warm()
