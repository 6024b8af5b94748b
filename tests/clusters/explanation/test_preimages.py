"""Bounds on an expression are exactly bounds on its term, at every neighbour of every threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coterie.clusters.explanation.conversion import columns_of, segment_of
from coterie.clusters.explanation.facts import Bound, Fidelity, ShortRule
from coterie.clusters.explanation.preimages import Span, direction, span_of, term_of, value_at
from coterie.features.expressions import Constant, Expression, Fifth, Measured, call
from coterie.features.parse import parse_text
from coterie.segments.core import Aggregate, Selector, Trait
from coterie.segments.parse import data_of

TERM = Measured(Aggregate("sum", Selector(("order",)), "total"))
RISING: dict[str, Expression] = {
    "itself": TERM,
    "days": call("divide", TERM, 86_400e6),
    "whole": call("floor", call("divide", TERM, 7.0)),
    "log": call("log1p", TERM),
    "root": call("square_root", call("add", TERM, 3.0)),
    "capped": call("minimum", call("maximum", TERM, -5.0), 11.0),
    "exp": call("exp", call("multiply", TERM, 0.1)),
    "step": call("reaches", TERM, 4.0),
    "filled": call("filled", TERM, 2.0),
    "score": Fifth("score", TERM, (1.0, 2.0, 8.0, 20.0)),
}
FALLING: dict[str, Expression] = {
    "negative": call("negative", TERM),
    "left": call("subtract", 100.0, TERM),
    "score": Fifth("score", TERM, (1.0, 2.0, 8.0, 20.0), falling=True),
    "turned": call("multiply", call("log1p", TERM), -3.0),
}
REFUSED: dict[str, Expression] = {
    "absolute": call("absolute", TERM),
    "equals": call("equals", TERM, 1.0),
    "inverse": call("divide", 1.0, TERM),
    "two": call("add", TERM, Measured(Trait("age"))),
    "hidden": call("filled", call("log1p", TERM), 0.0),
    "unscored": Fifth("score", TERM),
    "constant": Constant(3.0),
}


def inside(span: Span | None, x: float) -> bool:
    return span is not None and (span.at_least is None or x >= span.at_least) and (span.below is None or x < span.below)


@pytest.mark.parametrize("expression", [*RISING.values(), *FALLING.values()])
def test_a_span_holds_exactly_where_the_expression_is_inside(expression: Expression) -> None:
    rng = np.random.default_rng(0)
    points = [0.0, -0.5, 4.0, 8.0, -1.0, 1e300, -1e300, *rng.normal(0, 30, 20), *rng.lognormal(20, 8, 10)]
    values = [value for x in points if math.isfinite(value := value_at(expression, float(x)))]
    for at in [*values[:14], float(np.median(values)), 0.5, 3.0]:
        for at_least, below in ((at, None), (None, at), (at, at + 1.5)):
            span = span_of(expression, at_least, below)
            ends = [end for end in (span.at_least, span.below) if end is not None] if span is not None else []
            near = [float(np.nextafter(end, way)) for end in ends for way in (-np.inf, np.inf)]
            for x in [*points, *ends, *near]:
                value = value_at(expression, float(x))
                meant = (
                    math.isfinite(value)
                    and (at_least is None or value >= at_least)
                    and (below is None or value < below)
                )
                assert inside(span, float(x)) == meant, (x, value, at_least, below, span)


def test_directions_and_what_is_refused() -> None:
    assert {direction(one) for one in RISING.values()} == {1}
    assert {direction(one) for one in FALLING.values()} == {-1}
    assert {name: term_of(one) for name, one in REFUSED.items()} == dict.fromkeys(REFUSED)


SET = """\
key: logs
features:
  orders: {aggregate: {kind: count, event: order}, hidden: true}
  since: {since: {event: order}, hidden: true}
  log_orders: {formula: log1p(orders)}
  log_since: {formula: log1p(since)}
  rest: {formula: 10 - orders}
"""


def test_bounds_on_logarithms_of_whole_numbers_become_whole_numbers() -> None:
    made = parse_text(SET)
    assert columns_of(made) == ("log_orders", "rest")
    fidelity = Fidelity(accuracy=1.0, precision=1.0, recall=1.0, f1=1.0, people=0)

    def when(*bounds: Bound) -> object:
        rule = ShortRule(branches=(bounds,), fidelity=fidelity, says="")
        return data_of(segment_of(rule, made, key="some"))["when"]

    picked = {"kind": "count", "event": "order"}
    assert when(Bound(column="log_orders", at_least=1.5)) == {"aggregate": {**picked, "at_least": 4}}
    assert when(Bound(column="log_orders", below=1.5)) == {"aggregate": {**picked, "less_than": 4}}
    assert when(Bound(column="rest", at_least=7.5)) == {"aggregate": {**picked, "less_than": 3}}
    assert when(Bound(column="rest", below=7.5, at_least=4.0)) == {
        "aggregate": {**picked, "at_least": 3, "less_than": 7}
    }
