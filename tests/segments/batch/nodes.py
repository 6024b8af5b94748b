"""One definition per kind of node, test, window and aggregate: what every dialect must be able to say."""

from __future__ import annotations

from coterie.limits import DAY_US, HOUR_US
from coterie.segments import core
from coterie.segments.core import (
    Absent,
    Absolute,
    Aggregate,
    AtLeast,
    Calendar,
    Compare,
    Elapsed,
    Element,
    Equals,
    Exists,
    Field,
    Hash,
    Holds,
    Includes,
    InSegment,
    Matches,
    Moment,
    Near,
    Node,
    Not,
    OneOf,
    Order,
    Rolling,
    Selector,
    Sequence,
    Step,
    Text,
    Trait,
    TraitSince,
    Until,
    Version,
)

A, B = Selector(names=("a",)), Selector(names=("b",))
START = 1_773_014_400_000_000
TESTS: dict[str, core.Test] = {
    "exists": Exists(),
    "equals-text": Equals("x"),
    "equals-number": Equals(1.5),
    "equals-true": Equals(True),
    "equals-odd": Equals("é\n\u000b"),
    "one-of": OneOf(("x", 1, False)),
    "order": Order(">=", 0.1),
    "contains": Text("contains", "pie"),
    "starts": Text("starts_with", "a"),
    "ends": Text("ends_with", "e"),
    "matches": Matches(r"^[a-z]+\d$"),
    "includes-any": Includes("any", ("x", 1)),
    "includes-all": Includes("all", ("x", 1)),
    "element": Element((Field("cars", Order(">", 45)), Field("football", Exists(), negate=True))),
    "near": Near(59.9, 10.7, 6_000.0),
    "version": Version(">", "1.0.0-rc.2"),
    "moment": Moment("<", START, "America/New_York"),
}
KINDS = ("count", "sum", "mean", "smallest", "largest", "distinct", "repeats", "days")
WINDOWS: dict[str, core.Window] = {
    "ever": Rolling(),
    "rolling": Rolling(DAY_US),
    "shifted": Rolling(2 * DAY_US, DAY_US),
    "absolute": Absolute(START, START + DAY_US),
    "calendar": Calendar("week", "Asia/Kolkata", 2, 1),
}


def _nodes() -> dict[str, Node]:
    nodes: dict[str, Node] = {name: Holds(Trait("k"), test) for name, test in TESTS.items()}
    nodes |= {f"{name}-negated": Not(node) for name, node in nodes.items()}
    nodes |= {kind: Compare(Aggregate(kind, A, "x/y", Rolling(7 * DAY_US)), "<=", 2) for kind in KINDS}  # type: ignore[arg-type]
    nodes |= {f"typed-{kind}": Compare(Aggregate(kind, A, "price"), ">", 1) for kind in KINDS}  # type: ignore[arg-type]
    for kind in ("first", "latest", "most_frequent"):
        nodes[kind] = Holds(Aggregate(kind, A, "k"), Equals("x"))  # type: ignore[arg-type]
        for key in ("product_id", "price", "colour", "gift"):
            nodes[f"{kind}-{key}"] = Holds(Aggregate(kind, A, key), Text("contains", "1"))  # type: ignore[arg-type]
    for kind in ("first_at", "latest_at"):
        nodes[kind] = Compare(Elapsed(Aggregate(kind, A)), ">=", DAY_US)  # type: ignore[arg-type]
    nodes |= {f"in-{name}": Compare(Aggregate("count", A, window=window), ">=", 1) for name, window in WINDOWS.items()}
    for unit in ("day", "week", "month", "year", "anniversary"):
        nodes[f"until-{unit}"] = Compare(Until(Trait("born"), unit, "Asia/Kolkata"), "=", 0)  # type: ignore[arg-type]
        nodes[f"until-{unit}-trait"] = Compare(Until(Trait("born"), unit), "<=", Trait("score"))  # type: ignore[arg-type]
    return nodes | {
        "where": Compare(Aggregate("count", Selector(("a",), "", (Field("k", Equals("x")),))), ">=", 1),
        "pattern": Compare(Aggregate("count", Selector(pattern="TEST_*")), ">=", 1),
        "any-event": Compare(Aggregate("count", Selector()), "=", 0),
        "days-local": Compare(Aggregate("days", A, time_zone="America/New_York"), ">=", 2),
        "elapsed": Compare(Elapsed(Trait("born"), "Asia/Kolkata"), "<", 30 * DAY_US),
        "elapsed-trait": Compare(Elapsed(Trait("born")), ">", Trait("score")),
        "since": Compare(Elapsed(TraitSince("plan")), ">=", DAY_US),
        "compared": Compare(Aggregate("count", A), ">=", Trait("score")),
        "bucket": Compare(Hash("x7f3"), "<", 2**31),
        "all": core.All((Compare(Aggregate("count", A), ">=", 1), Holds(Trait("k"), Exists()))),
        "any": core.Any((Compare(Aggregate("repeats", A, "k"), ">=", 2), Holds(Trait("k"), Exists()))),
        "at-least": AtLeast(1, (Holds(Trait("plan"), Exists()), Compare(Aggregate("days", B), ">=", 1))),
        "reference": core.All((InSegment("sum"), Not(InSegment("chain")))),
        "one-step": Sequence((Step(A),), window_us=7 * DAY_US, absent=Absent(B, HOUR_US)),
        "chain": Sequence((Step(A), Step(B, DAY_US), Step(A)), window_us=30 * DAY_US),
        "cart": Sequence((Step(A), Step(B)), same="k", absent=Absent(Selector(("c",)), HOUR_US)),
        "everyone": core.ALWAYS,
        "nobody": core.NEVER,
    }


NODES = _nodes()
