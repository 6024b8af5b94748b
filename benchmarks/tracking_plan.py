"""The tracking plan's stage: microseconds per event of a plan of 50 events, for events that are as planned and for events that are not.

Each event has six planned properties (a pattern, an enumeration, ranges, a format) and one from the context. Events of one batch are
judged together, as the runner does. The first batch that is judged is not counted.
"""

from __future__ import annotations

import json
import random
import time
from statistics import median

from coterie.connectors.sources.tracking.tracked import Tracked
from coterie.taxonomy.parse import plan_of
from coterie.taxonomy.stage import PlanStage

EVENTS, BATCH, ROUNDS = 50, 2_000, 30
PLAN = """\
event: event_{number}
properties:
  order_id: {{type: string, required: true, pattern: "^o-[0-9]+$"}}
  total: {{type: number, minimum: 0, required: true}}
  currency: {{type: string, enum: [NOK, EUR, USD]}}
  email: {{type: string, format: email, pii: direct}}
  lines: {{type: integer, minimum: 1, maximum: 100}}
  gift: {{type: boolean}}
on_violation: quarantine
"""


def event(number: int, rng: random.Random) -> Tracked:
    properties = {
        "order_id": f"o-{rng.randrange(10**9)}", "total": rng.random() * 100, "currency": rng.choice(("NOK", "EUR")),
        "email": f"p{rng.randrange(10**6)}@example.org", "lines": rng.randrange(1, 9), "gift": rng.random() < 0.1,
        "context.locale": "nb-NO",
    }  # fmt: skip
    return Tracked(f"e{number}", f"event_{rng.randrange(EVENTS)}", (("user_id", "ada"),), number, properties)


def microseconds(stage: PlanStage, batches: list[list[Tracked]]) -> tuple[float, float]:
    """Return the median and the least over the batches, per event: on a machine that is busy with others they lie apart."""
    stage.apply(batches[0], "web", 0)
    told = []
    for batch in batches[1:]:
        begun = time.perf_counter()
        stage.apply(batch, "web", 0)
        told.append((time.perf_counter() - begun) / len(batch) * 1e6)
    return round(median(told), 2), round(min(told), 2)


def main() -> None:
    rng = random.Random(7)
    files = [(f"tracking/event_{number}.yaml", PLAN.format(number=number)) for number in range(EVENTS)]
    begun = time.perf_counter()
    stage = PlanStage(plan_of(files))
    opened_ms = (time.perf_counter() - begun) * 1e3
    good = [[event(number, rng) for number in range(BATCH)] for _ in range(ROUNDS)]
    bad = [[event(number, rng) for number in range(BATCH)] for _ in range(ROUNDS)]
    for batch in bad:
        for one in batch:
            one.properties["total"] = "12"
    (planned, least), (violation, _) = microseconds(stage, good), microseconds(stage, bad)
    found = {
        "events_planned": EVENTS, "planned_us": planned, "planned_least_us": least, "violation_us": violation,
        "open_ms": round(opened_ms, 1),
    }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main()
