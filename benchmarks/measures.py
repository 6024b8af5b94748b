"""What a model measures of everybody: live from its rows, against one statement of the batch reader over the same log.

Usage: python benchmarks/measures.py [--events N] [--customers N]; the last line is one JSON object. Both must measure the same
of everybody, to the bit. ``us_per_term``: microseconds per person and term of all terms together.
"""

from __future__ import annotations

import argparse
import json
import time
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.limits import DAY_US
from coterie.segments.batch import measures_statement
from coterie.segments.catalog import Catalog
from coterie.segments.core import Aggregate, Compare, Elapsed, Kind, Rolling, Selector
from coterie.segments.live import Live
from coterie.segments.measures import Measurable
from coterie.storage.duck import Duck
from live import batches
from workload import events

ORDER, VIEW = Selector(names=("order_completed",)), Selector(names=("product_view",))
ROUNDS = 3


def lately(kind: Kind, selector: Selector, field: str = "", days: int = 30) -> Aggregate:
    return Aggregate(kind, selector, field, Rolling(days * DAY_US))


TERMS: dict[str, Measurable] = {
    "orders": Aggregate("count", ORDER),
    "spent": Aggregate("sum", ORDER, "value"),
    "mean_order": Aggregate("mean", ORDER, "value"),
    "recency": Elapsed(Aggregate("latest_at", ORDER)),
    "tenure": Elapsed(Aggregate("first_at", Selector())),
    "orders_7d": lately("count", ORDER, days=7),
    "spent_7d": lately("sum", ORDER, "value", 7),
    "largest_7d": lately("largest", ORDER, "value", 7),
    "days_14d": lately("days", Selector(), days=14),
    "products_14d": lately("distinct", VIEW, "product_id", 14),
    "sessions_14d": lately("sessions", Selector(), days=14),
    "seconds_14d": lately("active_seconds", Selector(), days=14),
    "is_buyer": Compare(Aggregate("count", ORDER), ">=", 1),
}


def measured_live(live: Live, model: str) -> tuple[float, np.ndarray]:
    """Return the seconds of the quickest round, and what was measured."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = live.measure(model)
        seconds.append(time.perf_counter() - began)
    return min(seconds), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    asked = parser.parse_args()
    data = events(asked.events, asked.customers)
    live = Live(
        Catalog.of({}, measures={"all": tuple(TERMS.values()), **{key: (term,) for key, term in TERMS.items()}})
    )
    log = list(batches(data, asked.events, 100_000))
    began = time.perf_counter()
    for batch in log:
        live.apply(batch)
    applied = time.perf_counter() - began
    live.advance(int(log[-1]["received_at"][-1].as_py()))
    seconds, found = measured_live(live, "all")
    each = {key: round(measured_live(live, key)[0] / len(found) * 1e6, 4) for key in TERMS}
    few = np.sort(np.random.default_rng(1).permutation(live.known_rows())[:1_000])
    some = []
    for _ in range(50):
        began = time.perf_counter()
        live.measure("all", few)
        some.append(time.perf_counter() - began)
    duck = Duck(threads=1)
    relation = duck.add_log(pa.Table.from_batches(log))
    began = time.perf_counter()
    table = duck.run(measures_statement(tuple(TERMS.values()), [live.now], relation=relation))
    batch_seconds = time.perf_counter() - began
    profile = table["profile"].cast(pa.int64())
    order = pc.sort_indices(profile)
    rows = np.argsort(live.profiles.numbers[live.known_rows()])
    columns = [table[f"m{i}"].take(order).to_numpy() for i in range(len(TERMS))]
    same = all(np.array_equal(found[rows, i], column, equal_nan=True) for i, column in enumerate(columns))
    print(
        json.dumps(
            {
                "people": len(found),
                "terms": len(TERMS),
                "us_per_term": round(seconds / found.size * 1e6, 4),
                "us_per_person_of_a_thousand": round(median(some) / len(few) * 1e6, 3),
                "us_by_term": each,
                "seconds": round(seconds, 3),
                "batch_seconds": round(batch_seconds, 3),
                "ratio": round(batch_seconds / seconds, 2),
                "events_per_s": round(asked.events / applied),
                "same": same,
            }
        )
    )


if __name__ == "__main__":
    main()
