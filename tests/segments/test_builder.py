"""Python and YAML build the same definitions with the same words."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.errors import InvalidDefinition
from coterie.segments import builder as b
from coterie.segments.conditions import CONDITIONS, Condition
from coterie.segments.parse import load, parse, parse_condition
from tests.conftest import ROOT

ORDER = {"event": "order"}
PAIRS: list[tuple[Condition, dict[str, Any]]] = [
    (b.trait("plan", equals="pro"), {"trait": {"name": "plan", "equals": "pro"}}),
    (b.trait("plan", in_=["pro", "plus"]), {"trait": {"name": "plan", "in": ["pro", "plus"]}}),
    (
        b.trait("sports", element={"name_": "x", "hours": {"at_least": 2}}),
        {"trait": {"name": "sports", "element": {"name_": "x", "hours": {"at_least": 2}}}},
    ),
    (b.date("born", anniversary="today"), {"date": {"trait": "born", "anniversary": "today"}}),
    (b.date("due", is_="this_week"), {"date": {"trait": "due", "is": "this_week"}}),
    (
        b.has_been("status", equals="new", for_at_least="7d"),
        {"has_been": {"trait": "status", "equals": "new", "for_at_least": "7d"}},
    ),
    (b.in_list("vip"), {"in_list": "vip"}),
    (b.consented("ads", default="out"), {"consented": {"purpose": "ads", "default": "out"}}),
    (b.cluster("rfm", is_="loyal"), {"cluster": {"model": "rfm", "is": "loyal"}}),
    (b.did("order", within="24h", at_least=2), {"did": {**ORDER, "within": "24h", "at_least": 2}}),
    (b.did(["a", "b"], during={"calendar": "day"}), {"did": {"event": ["a", "b"], "during": {"calendar": "day"}}}),
    (b.did(like="TEST_*", where={"in_": 1}), {"did": {"like": "TEST_*", "where": {"in_": 1}}}),
    (b.did_not("order"), {"did_not": ORDER}),
    (
        b.aggregate("sum", "total", event="order", at_least={"trait": "goal"}),
        {"aggregate": {"kind": "sum", "property": "total", **ORDER, "at_least": {"trait": "goal"}}},
    ),
    (b.first_time("order", within="7d"), {"first_time": {**ORDER, "within": "7d"}}),
    (b.last_time("order", has={"shop": "north"}), {"last_time": {**ORDER, "has": {"shop": "north"}}}),
    (
        b.stopped("order", active_within="14d", silent_for="7d"),
        {"stopped": {**ORDER, "active_within": "14d", "silent_for": "7d"}},
    ),
    (
        b.returned("order", within="7d", after_silence="30d"),
        {"returned": {**ORDER, "within": "7d", "after_silence": "30d"}},
    ),
    (
        b.regularly("order", every="7d", in_=3, of_last=4),
        {"regularly": {**ORDER, "every": "7d", "in": 3, "of_last": 4}},
    ),
    (b.inactive(for_="14d"), {"inactive": {"for": "14d"}}),
    (
        b.then("visit", b.step("order", within="3d"), in_last="7d"),
        {"then": {"steps": [{"event": "visit"}, {**ORDER, "within": "3d"}], "in_last": "7d"}},
    ),
    (
        b.then_not(first="cart", absent={"like": "order*"}, for_="1d"),
        {"then_not": {"first": {"event": "cart"}, "absent": {"like": "order*"}, "for": "1d"}},
    ),
    (
        b.then_not("search", "cart", absent="order", for_="1d", same="id"),
        {"then_not": {"steps": [{"event": "search"}, {"event": "cart"}], "absent": ORDER, "for": "1d", "same": "id"}},
    ),
    (
        b.top(percent=10, by=b.measure("sum", "total", event="order"), thresholds=1),
        {"top": {"percent": 10, "by": {"kind": "sum", "property": "total", **ORDER}, "thresholds": 1}},
    ),
    (b.rfm("order", recency=[4, 5]), {"rfm": {**ORDER, "recency": [4, 5]}}),
    (b.bucket(50, salt="x7f3"), {"bucket": {"percent": 50, "salt": "x7f3"}}),
    (b.in_segment("other"), {"in_segment": "other"}),
    (b.all_(b.did("a"), b.did("b")), {"all": [{"did": {"event": "a"}}, {"did": {"event": "b"}}]}),
    (b.any_(b.did("a"), b.everyone()), {"any": [{"did": {"event": "a"}}, {"everyone": {}}]}),
    (b.none(b.did("a")), {"none": [{"did": {"event": "a"}}]}),
    (b.not_(b.did("a")), {"not": {"did": {"event": "a"}}}),
    (b.at_least_of(1, b.did("a")), {"at_least_of": {"count": 1, "of": [{"did": {"event": "a"}}]}}),
    (b.everyone(), {"everyone": {}}),
]


@pytest.mark.parametrize(("built", "data"), PAIRS, ids=lambda one: next(iter(one)) if isinstance(one, dict) else "")
def test_same_condition(built: Condition, data: dict[str, Any]) -> None:
    assert built == parse_condition(data)


@pytest.mark.parametrize("word", list(CONDITIONS))
def test_every_word_can_be_built(word: str) -> None:
    for example in CONDITIONS[word].examples:
        body = example.data
        built = b.condition(word, **body) if isinstance(body, dict) and word != "not" else b.condition(word, body)
        assert built == parse_condition({word: body})


def test_same_segment() -> None:
    built = b.segment(
        "high-intent",
        title="High Intent",
        tags=["cart"],
        when=b.all_(b.did("add_to_cart", within="24h"), b.not_(b.trait("plan", equals="pro"))),
    )
    written = {
        "key": "high-intent",
        "title": "High Intent",
        "tags": ["cart"],
        "when": {
            "all": [
                {"did": {"event": "add_to_cart", "within": "24h"}},
                {"not": {"trait": {"name": "plan", "equals": "pro"}}},
            ]
        },
    }
    assert built == parse(written)


def test_same_as_the_file() -> None:
    (from_file,) = load(ROOT / "examples" / "segments" / "big-spenders.yaml")
    rule = b.aggregate("sum", "total", event="order_completed", within="90d", at_least=500)
    assert rule == from_file.when


def test_wrong_words_are_told_alike() -> None:
    with pytest.raises(InvalidDefinition, match="did you mean 'within'"):
        b.did("order", witin="24h")
    with pytest.raises(InvalidDefinition, match=r"refresh: not one of the allowed words"):
        b.segment("a", when=b.everyone(), refresh="daily")
