"""What the words mean in core nodes, where an example could not tell one meaning from another."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.limits import DAY_US, HOUR_US
from coterie.segments import core
from coterie.segments.conditions import Context
from coterie.segments.conditions.thresholds import Thresholds
from coterie.segments.core import Compare, Elapsed, Field, Holds, Not, Rolling, Selector
from coterie.segments.parse import parse_condition

X = Selector(("x",))
T = core.Trait("t")


def count(older: int | None = None, newer: int = 0, selector: Selector = X) -> core.Aggregate:
    return core.Aggregate("count", selector, "", Rolling(older, newer))


MEANINGS: list[tuple[dict[str, Any], core.Node]] = [
    ({"did": {"event": "x"}}, Compare(count(), ">=", 1.0)),
    ({"did": {"event": "x", "at_most": 2}}, Compare(count(), "<=", 2.0)),
    ({"did": {"event": "x", "exactly": 0}}, Compare(count(), "=", 0.0)),
    ({"did": {"event": "x", "at_least": 2, "at_most": 3}},
     core.All((Compare(count(), ">=", 2.0), Compare(count(), "<=", 3.0)))),
    ({"did": {"event": "any"}}, Compare(count(selector=Selector()), ">=", 1.0)),
    ({"did": {"event": ["any"]}}, Compare(count(selector=Selector(("any",))), ">=", 1.0)),
    ({"did": {"like": "A?"}}, Compare(count(selector=Selector((), "A?")), ">=", 1.0)),
    ({"did": {"event": "x", "between_ago": ["2d", "1d"]}}, Compare(count(2 * DAY_US, DAY_US), ">=", 1.0)),
    ({"did": {"event": "x", "before": "1970-01-02"}},
     Compare(core.Aggregate("count", X, "", core.Absolute(None, DAY_US)), ">=", 1.0)),
    ({"did": {"event": "x", "same": "p", "at_least": 3}}, Compare(core.Aggregate("repeats", X, "p"), ">=", 3.0)),
    ({"did": {"event": "x", "where": {"a": 1.0, "b": {"not_in": ["u", "v"], "missing": True}}}},
     Compare(count(selector=Selector(("x",), "", (
         Field("a", core.Equals(1)), Field("b", core.OneOf(("u", "v")), True), Field("b", core.Exists(), True)))), ">=", 1.0)),
    ({"did_not": {"event": "x", "within": "1h"}}, Compare(count(HOUR_US), "=", 0.0)),
    ({"trait": {"name": "t", "equals": 2.0}}, Holds(T, core.Equals(2))),
    ({"trait": {"name": "t", "not_equals": "a"}}, Not(Holds(T, core.Equals("a")))),
    ({"trait": {"name": "t", "between": [1, 2]}}, core.All((Holds(T, core.Order(">=", 1.0)), Holds(T, core.Order("<=", 2.0))))),
    ({"trait": {"name": "t", "includes_none": [1]}}, Not(Holds(T, core.Includes("any", (1,))))),
    ({"trait": {"name": "t", "version": {"greater_than": "1.0.0"}}}, Holds(T, core.Version(">", "1.0.0"))),
    ({"date": {"trait": "t", "within": "1h"}},
     core.All((Compare(Elapsed(T), ">=", 0.0), Compare(Elapsed(T), "<", float(HOUR_US))))),
    ({"date": {"trait": "t", "in_next": "1h"}},
     core.All((Compare(Elapsed(T), "<", 0.0), Compare(Elapsed(T), ">=", -float(HOUR_US))))),
    ({"date": {"trait": "t", "is": "last_month"}}, Compare(core.Until(T, "month"), "=", -1.0)),
    ({"date": {"trait": "t", "anniversary": {"within_days": 7}}}, Compare(core.Until(T, "anniversary"), "<=", 7.0)),
    ({"has_been": {"trait": "t", "equals": "a", "for_less_than": "1d"}},
     core.All((Holds(T, core.Equals("a")), Compare(Elapsed(core.TraitSince("t")), "<", float(DAY_US))))),
    ({"first_time": {"event": "x", "within": "1d"}},
     Compare(Elapsed(core.Aggregate("first_at", X)), "<", float(DAY_US))),
    ({"aggregate": {"kind": "latest", "property": "p", "event": "x", "not_equals": 1}},
     Not(Holds(core.Aggregate("latest", Selector(("x",), "", (Field("p", core.Exists()),)), "p"), core.Equals(1)))),
    ({"aggregate": {"kind": "mean", "property": "p", "event": "x", "not_equals": {"trait": "t"}}},
     Not(Compare(core.Aggregate("mean", X, "p"), "=", T))),
    ({"stopped": {"event": "x", "active_within": "2d", "silent_for": "1d"}},
     core.All((Compare(count(2 * DAY_US, DAY_US), ">=", 1.0), Compare(count(DAY_US), "=", 0.0)))),
    ({"returned": {"event": "x", "within": "1d", "after_silence": "2d"}},
     core.All((Compare(count(DAY_US), ">=", 1.0), Compare(count(3 * DAY_US, DAY_US), "=", 0.0),
               Compare(count(None, 3 * DAY_US), ">=", 1.0)))),
    ({"regularly": {"event": "x", "every": "1d", "in": 1, "of_last": 2}},
     core.AtLeast(1, (Compare(count(DAY_US), ">=", 1.0), Compare(count(2 * DAY_US, DAY_US), ">=", 1.0)))),
    ({"then_not": {"first": {"event": "x"}, "absent": {"like": "y*"}, "for": "1d", "in_last": "3d", "same": "p"}},
     core.Sequence((core.Step(X),), 3 * DAY_US, "p", core.Absent(Selector((), "y*"), DAY_US))),
    ({"then": {"steps": [{"event": "x"}, {"event": "x", "within": "1h"}]}},
     core.Sequence((core.Step(X), core.Step(X, HOUR_US)))),
    ({"inactive": {"for": "1d"}}, Compare(count(DAY_US, selector=Selector()), "=", 0.0)),
    ({"in_list": "vip"}, Holds(core.Trait("list.vip"), core.Equals(True))),
    ({"bucket": {"percent": 12.5, "salt": "s"}}, Compare(core.Hash("s"), "<", 2.0**29)),
    ({"consented": {"purpose": "ads", "default": "in"}}, Not(Holds(core.Trait("consent.ads"), core.Equals(False)))),
    ({"consented": {"purpose": "ads", "default": "out"}}, Holds(core.Trait("consent.ads"), core.Equals(True))),
    ({"cluster": {"model": "m", "in": ["a", "b"], "distance": {"less_than": 2}}},
     core.All((Holds(core.Trait("cluster.m"), core.OneOf(("a", "b"))),
               Holds(core.Trait("cluster_distance.m"), core.Order("<", 2.0))))),
    ({"cluster": {"model": "m", "not": "a"}}, Not(Holds(core.Trait("cluster.m"), core.Equals("a")))),
    ({"none": [{"everyone": {}}]}, Not(core.Any((core.ALWAYS,)))),
    ({"at_least_of": {"count": 1, "of": [{"in_segment": "a"}]}}, core.AtLeast(1, (core.InSegment("a"),))),
]  # fmt: skip


@pytest.mark.parametrize(("data", "node"), MEANINGS, ids=lambda one: next(iter(one)) if isinstance(one, dict) else "")
def test_meaning(data: dict[str, Any], node: core.Node) -> None:
    assert parse_condition(data).lower(Context()) == node


@pytest.mark.parametrize(
    ("scores", "bounds"),
    [
        ([5, 5], [("<", 10.0)]),
        ([4, 5], [("<", 20.0)]),
        ([2, 3], [(">=", 20.0), ("<", 40.0)]),
        ([1, 1], [(">=", 40.0)]),
        ([1, 5], []),
    ],
)
def test_recency_scores_best_for_the_shortest_time(scores: list[int], bounds: list[tuple[str, float]]) -> None:
    assert rfm_bounds("recency", scores) == bounds


@pytest.mark.parametrize(
    ("scores", "bounds"),
    [([5, 5], [(">=", 40.0)]), ([1, 2], [("<", 20.0)]), ([2, 3], [(">=", 10.0), ("<", 30.0)]), ([1, 5], [])],
)
def test_frequency_scores_best_for_the_most(scores: list[int], bounds: list[tuple[str, float]]) -> None:
    assert rfm_bounds("frequency", scores) == bounds


def rfm_bounds(name: str, scores: list[int]) -> list[tuple[str, float]]:
    """Return the bounds on the measure itself, with cuts at 10, 20, 30 and 40."""
    published = {("s", 1): Thresholds(segment="s", version=1, cuts={name: (10.0, 20.0, 30.0, 40.0)})}
    condition = parse_condition({"rfm": {"event": "x", name: scores, "thresholds": 1}})
    some, *rest = core.leaves(condition.lower(Context(segment="s", thresholds=published)))
    assert some == Compare(count(), ">=", 1.0)
    return [(leaf.op, leaf.value) for leaf in rest if isinstance(leaf, Compare) and isinstance(leaf.value, float)]
